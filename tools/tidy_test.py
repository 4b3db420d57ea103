"""Breaks each rule of tools/tidy.py once, in a small tree of its own, and expects exactly that finding."""

import pathlib
import tempfile
import unittest

import tidy

CMAKE = """leat_module(base LIBRARIES fmt::fmt)
leat_module(io      DEPS base LIBRARIES uring)
leat_module(engine  DEPS base)
leat_module(server  DEPS base io engine)
leat_program(app    DEPS base server)
"""

# Why, path, content, what the finding says.
BROKEN = [
    ("an upward include", "src/engine/a.cc", '#include "server/x.h"\n', "layer: engine may not include server"),
    ("a sideways include", "src/engine/a.cc", '#include "io/x.h"\n', "layer: engine may not include io"),
    ("a program is held to its list as well", "src/app/main.cc", '#include "engine/x.h"\n', "layer: app may not include engine"),
    ("a clock call outside io", "src/engine/a.cc", "auto t = std::chrono::steady_clock::now();\n", "steady_clock::now"),
    ("the C clock as well", "src/server/a.cc", "clock_gettime(CLOCK_REALTIME, &t);\n", "clock_gettime("),
    ("unseeded randomness", "src/engine/a.cc", "std::random_device r;\n", "std::random_device"),
    ("a test that sleeps", "src/engine/a_test.cc", "std::this_thread::sleep_for(1s);\n", "sleep_for"),
    ("a thread outside server", "src/engine/a.cc", "std::thread t;\n", "std::thread"),
    ("a thread in io outside the helper lane", "src/io/poll.cc", "std::mutex m;\n", "std::mutex"),
    ("a file opened outside io", "src/server/a.cc", "int f = ::open(p, 0);\n", "::open("),
    ("a file stream outside io", "src/storage/a.cc", "std::ifstream f;\n", "std::ifstream"),
    ("a hidden pool", "src/server/a.cc", "std::async(f);\n", "std::async"),
    ("a coroutine", "src/io/a.cc", "co_await x;\n", "co_await"),
    ("shared ownership", "src/engine/a.cc", "std::shared_ptr<int> p;\n", "shared_ptr"),
    ("an exception", "src/engine/a.cc", "throw 1;\n", "throw"),
    ("a note to self", "src/engine/a.cc", "// TODO later\n", "TODO"),
    ("a note to self in a test", "tests/a/run.py", "# FIXME\n", "FIXME"),
    ("an unfinished merge", "src/engine/a.cc", "<" * 7 + " HEAD\n", "a merge that is finished"),
    ("a path of one machine", "docs/a.md", "see /home/me/x\n", "/home/"),
    ("a header that says nothing", "src/engine/a.h", "#pragma once\n", "a header starts with a comment"),
    ("an oversized header", "src/engine/a.h", "// A.\n" + "int x;\n" * 400, "401 lines"),
    ("an oversized source", "src/engine/a.cc", "int x;\n" * 801, "801 lines"),
    ("a registry in a lock file", "tests/a/package-lock.json", '"resolved": "https://x/y.tgz"\n', "resolved"),
]

# Why, path, content.
KEPT = [
    ("a downward include", "src/server/a.cc", '#include "engine/x.h"\n'),
    ("an include of its own module", "src/engine/a.cc", '#include "engine/x.h"\n'),
    ("a clock in io", "src/io/clock.cc", "return std::chrono::steady_clock::now();\n"),
    ("a file opened in io", "src/io/file.cc", "int f = ::open(p, 0);\n"),
    ("a method that is called like a system call", "src/engine/a.cc", "log.write(x); Log::open(y);\n"),
    ("a thread in server", "src/server/a.cc", "std::thread t;\n"),
    ("the helper lane", "src/io/disk_lane.cc", "std::thread t;\n"),
    ("a forbidden word in a string", "src/engine/a.cc", 'auto s = "throw";\n'),
    ("a forbidden word in a comment", "src/engine/a.cc", "int x;  // Nothing can throw here.\n"),
    ("a long test", "src/engine/a_test.cc", "int x;\n" * 900),
    ("a path that only looks like one of a machine", "docs/a.md", "https://example.org/home/x and tests/work/x\n"),
    ("a lock file without addresses", "tests/a/package-lock.json", '"funding": {"url": "https://example.org/x"}\n'),
    ("bytes", "tests/fuzz/corpus/a/1", b"\xff\xfe /home/ \n"),
    ("what is served", "data/a.txt", "TODO\n"),
    ("what is downloaded", "tests/a/node_modules/x/x.js", "// TODO\n"),
]


def findings(path, content):
    """What tidy finds in a tree of CMakeLists.txt and one file."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "CMakeLists.txt").write_text(CMAKE)
        (root / path).parent.mkdir(parents=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tidy.findings(root)[0]


def names(headers):
    """What tidy says of the names of types in a tree of these headers below src/."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path, content in headers.items():
            (root / "src" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "src" / path).write_text(content)
        paths = [pathlib.Path("src") / path for path in headers]
        return [finding for _, _, finding in tidy.check_names(root, paths)]


class TidyTest(unittest.TestCase):
    def test_each_broken_rule_is_found_once_and_at_its_file(self):
        for why, path, content, says in BROKEN:
            with self.subTest(why):
                found = findings(path, content)
                self.assertEqual(len(found), 1, found)
                self.assertTrue(found[0].startswith(path + ":"), found)
                self.assertIn(says, found[0])

    def test_what_is_allowed_is_not_found(self):
        for why, path, content in KEPT:
            with self.subTest(why):
                self.assertEqual(findings(path, content), [])

    def test_a_type_stands_in_one_header(self):
        one = "// A.\nnamespace leat {\nstruct Extent {\n};\n}\n"
        self.assertIn("leat::Extent is defined in src/base/a.h as well", names({"base/a.h": one, "io/b.h": one})[0])
        self.assertEqual(names({"base/a.h": one, "io/b.h": one.replace("leat {", "leat::io {")}), [])
        self.assertEqual(names({"base/a.h": one, "io/b.h": one.replace("Extent {\n}", "Extent")}), [])

    def test_a_finding_names_its_line(self):
        self.assertRegex(findings("src/engine/a.cc", "int x;\nthrow 1;\n")[0], r"^src/engine/a.cc:2: ")

    def test_the_layers_are_those_of_cmake(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "CMakeLists.txt").write_text(CMAKE)
            self.assertEqual(tidy.layers(root)["server"], {"base", "io", "engine"})
            self.assertEqual(tidy.layers(root)["base"], set())

    def test_the_layers_of_this_project_have_no_cycle(self):
        allowed = tidy.layers(tidy.ROOT)
        self.assertIn("engine", allowed)
        seen = set()
        for name, deps in allowed.items():  # CMake lists the lowest first.
            self.assertLessEqual(deps, seen, f"{name} names a module that is declared below it")
            seen.add(name)


if __name__ == "__main__":
    unittest.main()
