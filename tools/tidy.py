#!/usr/bin/python3
"""Rules of this code base that no compiler checks. Prints `file:line: rule` per finding and exits 1 on any.

The build runs it (target `layers`), so it takes well under a second and needs nothing but Python. The rules are the
tables below; the layers are read from CMakeLists.txt, the only list of them. tools/tidy_test.py breaks each rule once.
"""

import dataclasses
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

# What is built, downloaded or served, not written.
SKIPPED = {".git", "build", "node_modules", "__pycache__"}
SERVED = "data"  # At the top only: where `./dev run` keeps its data.

CODE = {".h", ".cc"}
TEXT = CODE | {".py", ".sh", ".md", ".txt", ".json", ".js", ".mjs", ".ts", ".css", ".html", ".cmake", ".resp", ".conf", ".toml", ".yml", ""}
LOCK_FILES = {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"}

LINES_MAX = {".h": 400, ".cc": 800}

TIDY = ("tools/tidy.py", "tools/tidy_test.py")  # They name what they forbid.


@dataclasses.dataclass(frozen=True)
class Rule:
    """`pattern` must not occur, but for the files whose path starts with one of `allowed`."""

    pattern: str
    instead: str
    allowed: tuple[str, ...] = ()
    in_tests: bool = False  # Whether the rule holds for tests as well.


# Matched against C++ lines without their comments and string literals.
CODE_RULES = [
    Rule(r"\b(system|steady|high_resolution)_clock::now|\b(clock_gettime|gettimeofday)\(|\bstd::time\(",
         "io/clock.h: the turn's time is an argument", ("src/io/", "src/bench/")),
    Rule(r"\bstd::(rand|srand|random_device)\b|\b(getrandom|getentropy)\(",
         "base/random.h, seeded through io/", ("src/io/",)),
    Rule(r"\b(sleep_for|sleep_until)\b|(?<![\w.>])(::)?(sleep|usleep|nanosleep)\(",
         "a timer; in a test, time is a number", ("src/bench/",), in_tests=True),
    Rule(r"\bstd::(j?thread|mutex|shared_mutex|condition_variable)\b|\bpthread_create\(",
         "messages between reactors; threads live in server/, in the helper lanes and where the heap grows",
         ("src/server/", "src/bench/", "src/io/disk_lane", "src/io/heap_growth", "src/io/lane_thread")),
    Rule(r"\bstd::(async|regex)\b", "nothing hidden: no pool, no recursion on input", in_tests=True),
    Rule(r"(?<![\w.>:])::(open|openat|read|pread|write|pwrite|writev|fsync|fdatasync|rename|unlink|socket|bind|accept|connect|send|recv|poll)\(",
         "io/", ("src/io/", "src/bench/")),
    Rule(r"\bstd::[io]?fstream\b|\bfopen\(", "io/", ("src/io/", "src/bench/", "src/base/log")),
    Rule(r"\bco_(await|yield|return)\b", "a struct with a state: g++ 12 miscompiles coroutines", in_tests=True),
    Rule(r"\bshared_ptr\b", "unique_ptr or a value", ("src/server/",)),
    Rule(r"\bthrow\b|\bcatch\s*\(", "Result"),
]

# Matched against whole lines of every text file.
TEXT_RULES = [
    Rule(r"\b(TODO|FIXME|XXX|HACK)\b", "an issue", TIDY, in_tests=True),
    Rule(r"^(<{7}|>{7}) ", "a merge that is finished", in_tests=True),
    Rule(r"(?<![\w.])/(root|home|work)/", "a path inside the project or below the system's temporary folder", TIDY, in_tests=True),
]

# Matched against the lines of package managers' lock files.
LOCK_RULES = [
    Rule(r'"resolved"\s*:|\bregistry\.|https?://[^"\s]+\.tgz', "a lock file without registry addresses", in_tests=True),
]

INCLUDE = re.compile(r'\s*#\s*include "([a-z_]+)/')
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
MODULE = re.compile(r"^leat_(?:module|program)\((\w+)([^)]*)\)", re.M)
# At the start of a line: what stands inside a type or has no name outside its file begins elsewhere.
NAMESPACE = re.compile(r"namespace ([\w:]+) \{")
TYPE = re.compile(r"(?:struct|class|enum class) (\w+)(?![\w;<]|::|[^{]*;$)")


def layers(root):
    """module -> the modules that it may include."""
    found = {}
    for name, arguments in MODULE.findall((root / "CMakeLists.txt").read_text()):
        deps = re.search(r"\bDEPS\b((?:\s+[a-z_]+\b)*)", arguments)
        found[name] = set(deps.group(1).split()) if deps else set()
    return found


def text_files(root):
    """Every text file of the project, as a path relative to `root`, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        base = pathlib.Path(folder).relative_to(root)
        folders[:] = [f for f in folders if f not in SKIPPED and (base / f).as_posix() != SERVED]
        found += [base / n for n in names if n not in SKIPPED and (pathlib.Path(n).suffix in TEXT or n in LOCK_FILES)]
    return sorted(p for p in found if (root / p).is_file())


def is_test(path):
    return path.startswith("tests/") or path.endswith("_test.cc")


def is_code(path):
    return path.suffix in CODE and path.parts[0] in ("src", "tests")


def broken(rules, path, line):
    """The rules of `rules` that `line` of the file `path` breaks, as findings without their position."""
    for rule in rules:
        if path.startswith(rule.allowed) or (is_test(path) and not rule.in_tests):
            continue
        match = re.search(rule.pattern, line)
        if match:
            yield f"`{match.group(0)}` is not used here; use {rule.instead}"


def check_layer(path, line, allowed):
    """One finding if `line` of src/<module>/... includes a module that <module> must not know."""
    include = INCLUDE.match(line)
    if not include:
        return
    module, target = path.split("/")[1], include.group(1)
    if module in allowed and target in allowed and target != module and target not in allowed[module]:
        yield f"layer: {module} may not include {target}"


def check_code(path, lines, allowed):
    """(line number, finding) of a C++ file."""
    suffix = pathlib.PurePath(path).suffix
    if len(lines) > LINES_MAX[suffix] and not is_test(path):
        yield 1, f"{len(lines)} lines; split it by responsibility (at most {LINES_MAX[suffix]})"
    if suffix == ".h" and not (lines and lines[0].startswith("//")):
        yield 1, "a header starts with a comment that says what it is for"
    for number, line in enumerate(lines, 1):
        for finding in broken(CODE_RULES, path, STRING.sub('""', line).split("//")[0]):
            yield number, finding
        if path.startswith("src/"):
            for finding in check_layer(path, line, allowed):
                yield number, finding


def check_file(root, path, allowed):
    """(line number, finding) of one file; `path` is relative to `root`."""
    try:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:  # Bytes, not text: a corpus file without a suffix.
        return
    name = path.as_posix()
    if is_code(path):
        yield from check_code(name, lines, allowed)
    rules = TEXT_RULES + (LOCK_RULES if path.name in LOCK_FILES else [])
    for number, line in enumerate(lines, 1):
        for finding in broken(rules, name, line):
            yield number, finding


def check_names(root, headers):
    """(path, line number, finding) of every type that an earlier header defines as well: two types of one name are one
    to the linker, which keeps only one of the functions that both bring, and no compiler sees it."""
    first = {}
    for path in headers:
        namespace = ""
        for number, line in enumerate((root / path).read_text(encoding="utf-8").splitlines(), 1):
            opened, defined = NAMESPACE.match(line), TYPE.match(line)
            if opened:
                namespace = opened.group(1)
            elif defined:
                name = f"{namespace}::{defined.group(1)}"
                if name in first:
                    yield path, number, f"{name} is defined in {first[name].as_posix()} as well"
                first.setdefault(name, path)


def findings(root):
    """`file:line: rule` for everything in the tree at `root` that breaks a rule, and the number of files read."""
    allowed = layers(root)
    files = text_files(root)
    found = [f"{p.as_posix()}:{n}: {why}" for p in files for n, why in check_file(root, p, allowed)]
    headers = [p for p in files if p.suffix == ".h" and p.parts[0] == "src"]
    found += [f"{p.as_posix()}:{n}: {why}" for p, n, why in check_names(root, headers)]
    return found, len(files)


def main():
    found, count = findings(ROOT)
    print("\n".join(found + [f"tidy: {count} files, {len(found)} findings"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
