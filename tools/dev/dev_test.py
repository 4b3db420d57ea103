"""./dev itself: that what it counts is what ran, and that its tables agree with the tree."""

import contextlib
import io
import json
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ci  # noqa: E402  (after the path that they are found by)
import lint  # noqa: E402
import quality  # noqa: E402
import serve  # noqa: E402
import shell  # noqa: E402
import suites  # noqa: E402
from tally import Tally, parse_last_line  # noqa: E402

JUNIT = '<testsuite><testcase name="a_test" status="{a}"/><testcase name="b_test" status="{b}"/></testsuite>'


def gtest_report(**results):
    """GoogleTest's JSON for one group G with the given cases."""
    cases = [{"name": name, "status": "NOTRUN" if result == "SUPPRESSED" else "RUN",
              "result": "COMPLETED" if result == "FAILED" else result, **({"failures": [{}]} if result == "FAILED" else {})}
             for name, result in results.items()]
    return json.dumps({"testsuites": [{"name": "G", "testsuite": cases}]})


def quietly(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


class TallyTest(unittest.TestCase):
    def test_the_last_line_is_read_as_it_is_printed(self):
        for tally in (Tally(), Tally(3, 1), Tally(3, 0, 2)):
            self.assertEqual(parse_last_line(str(tally)), tally)
        self.assertEqual(parse_last_line("3 passed, 0 failed, 0 skipped\n"), Tally(3))
        self.assertIsNone(parse_last_line("ok 3 passed, 0 failed"))

    def test_skipped_tests_are_never_counted_as_passed(self):
        self.assertEqual(str(Tally(1, 0) + Tally(0, 0, 2)), "1 passed, 0 failed, 2 skipped")


class CtestCountTest(unittest.TestCase):
    def count(self, junit, **reports):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in reports.items():
                (pathlib.Path(folder) / f"{name}.json").write_text(text)
            if junit:
                (pathlib.Path(folder) / "ctest.xml").write_text(junit)
            return quietly(suites.count_ctest, "unit", pathlib.Path(folder))

    def test_cases_are_counted_not_binaries(self):
        outcome = self.count(JUNIT.format(a="run", b="run"), a_test=gtest_report(one="COMPLETED", two="COMPLETED"),
                             b_test=gtest_report(three="SKIPPED", four="SUPPRESSED"))
        self.assertEqual(outcome.tally, Tally(2, 0, 1))

    def test_a_failed_case_is_named(self):
        outcome = self.count(JUNIT.format(a="fail", b="run"), a_test=gtest_report(one="COMPLETED", two="FAILED"))
        self.assertEqual((outcome.tally, outcome.failures), (Tally(1, 1), ("G.two",)))

    def test_a_binary_that_fails_beside_its_cases_is_a_failure(self):
        """A leak at exit: all cases passed, the binary did not."""
        outcome = self.count(JUNIT.format(a="fail", b="run"), a_test=gtest_report(one="COMPLETED"))
        self.assertEqual(outcome.tally, Tally(1, 1))

    def test_a_binary_that_dies_before_its_report_is_a_failure(self):
        self.assertEqual(self.count(JUNIT.format(a="fail", b="run")).tally, Tally(0, 1))

    def test_no_result_of_ctest_at_all_is_a_failure(self):
        self.assertEqual(self.count(None).tally, Tally(0, 1))


class ScriptTest(unittest.TestCase):
    def run_script(self, text, budget_s=20):
        """The outcome of a suite whose run.py is the shell script `text`."""
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "run.py"
            script.write_text("#!/bin/sh\n" + text)
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
            counter = suites.LineCounter()
            status = quietly(suites.stream, [str(script)], budget_s, counter.take)
            return counter, counter.wrong(status, budget_s)

    def test_lines_are_counted(self):
        counter, wrong = self.run_script("echo ok a; echo 'not ok b: why'; echo 'skip c: why'; echo 1 passed, 1 failed, 1 skipped; exit 1\n")
        self.assertIsNone(wrong)
        self.assertEqual((counter.tally, counter.failures), (Tally(1, 1, 1), ["b"]))

    def test_what_a_run_claims_must_be_what_it_printed(self):
        for why, text, says in [
            ("a crash before the last line", "echo ok a; exit 3", "status 3 without a last line"),
            ("no last line though it ends well", "echo ok a", "without a last line"),
            ("a last line that counts more", "echo ok a; echo 2 passed, 0 failed, 0 skipped", "its last line says"),
            ("a failure without a failed test", "echo ok a; echo 1 passed, 0 failed, 0 skipped; exit 1", "with 0 failed tests"),
            ("a failed test without a failure", "echo 'not ok a: x'; echo 0 passed, 1 failed, 0 skipped", "with 1 failed tests"),
            ("death by signal", "kill -9 $$", "killed by signal 9"),
        ]:
            with self.subTest(why):
                self.assertIn(says, self.run_script(text)[1] or "")

    def test_a_suite_that_outlasts_its_budget_is_stopped_with_all_it_started(self):
        counter, wrong = self.run_script("echo ok a; (sleep 600) & sleep 600\n", budget_s=0.2)
        self.assertIn("budget", wrong)
        self.assertEqual(counter.tally, Tally(1))


class LedgerTest(unittest.TestCase):
    def test_failures_are_listed_with_their_repeat_line_and_the_tally_is_last(self):
        ledger = ci.Ledger()
        quietly(ledger.step, lambda: None)

        def breaks():
            raise shell.StepFailed("it broke", "./dev fmt")

        quietly(ledger.step, breaks)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(ledger.finish(), 1)
        self.assertEqual(out.getvalue().splitlines()[-2:], ["failed; repeat with: ./dev fmt", "1 passed, 1 failed"])


class RunTestsTest(unittest.TestCase):
    CHOSEN = [suites.Suite("tools", 60, targets=()), suites.Suite(suites.UNIT, 60, targets=()), suites.Suite("crash", 60)]

    def run_tests(self, broken):
        """What was built and run, in order, and the tally, if the preset `broken` does not build."""
        done = []

        def build_preset(preset, *_targets, behind=False):
            if preset == broken:
                raise shell.StepFailed("it does not compile", f"build {preset}")
            if not behind:
                done.append(preset)

        def run(suite, _only):
            done.append(suite.name)
            return suites.Outcome(suite.name, Tally(passed=1))

        def count_units(output):
            done.append(output)
            return suites.Outcome(suites.UNIT, Tally(passed=1))

        ledger = ci.Ledger()
        with unittest.mock.patch.multiple(ci.suites, run=run, run_units=lambda suite, _only, _behind: suite.name, count_units=count_units), \
                unittest.mock.patch.object(ci.build, "build", build_preset):
            quietly(ci.run_tests, ledger, self.CHOSEN, "")
        return done, ledger.tally, ledger.repeats

    def test_unit_tests_are_reported_last_as_they_run_beside_the_others(self):
        self.assertEqual(self.run_tests(""), (["release", "tools", "crash", "unit"], Tally(3), []))

    def test_unit_tests_that_do_not_compile_are_one_failure_and_stop_nothing_else(self):
        self.assertEqual(self.run_tests("dev"), (["release", "tools", "crash"], Tally(2, 1), ["build dev"]))

    def test_nothing_runs_without_a_server(self):
        self.assertEqual(self.run_tests("release"), ([], Tally(0, 1), ["build release"]))


class LintTest(unittest.TestCase):
    def test_what_is_no_source_is_refused_by_name(self):
        for words in (["src/gone.cc"], ["--help"], ["--all", "src/gone.cc"]):
            done = subprocess.run([str(shell.ROOT / "dev"), "lint", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"no C++ file of this project: {' '.join(words)}", done.stdout)
            self.assertNotIn("Traceback", done.stdout)

    def test_findings_are_kept_and_their_notes_are_not(self):
        output = (f"{shell.ROOT}/src/a.cc:1:2: error: bad [x]\n    1 | int a;\n/usr/x.h:3:4: note: because\n    3 | y\n"
                  "/usr/x.h:5:6: warning: worse [y]\n12 warnings generated.\n")
        self.assertEqual(lint.findings_of(output), ["src/a.cc:1:2: error: bad [x]\n    1 | int a;\n",
                                                    "/usr/x.h:5:6: warning: worse [y]\n"])

    def test_every_file_is_in_one_batch_and_no_batch_has_a_name_twice(self):
        files = quality.units()
        batches = lint.batches(files)
        self.assertEqual(sorted(f for batch in batches for f in batch), files)
        for batch in batches:
            names = [name for file in batch for name in lint.local_names(file)]
            self.assertEqual(len(names), len(set(names)), batch)
            self.assertLessEqual(len(batch), lint.BATCH)
            self.assertEqual(len({lint.is_test(f) for f in batch}), 1, "tests have checks of their own")

    def test_local_names_are_what_a_file_defines_outside_of_functions(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
            file.write('constexpr int kOne = 1;\nconst char* const kTwo[] = {\nstruct Three {\n  static constexpr int kInside = 4;\n};\n'
                       'struct Declared;\nusing Four = int;\nextern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {\n  const int kLocal = 5;\n}\n')
            file.flush()
            self.assertEqual(lint.local_names(file.name), {"kOne", "kTwo", "Three", "Four", "LLVMFuzzerTestOneInput"})

    def test_a_finding_is_blamed_on_the_file_that_it_names(self):
        self.assertEqual(lint.file_of("src/a.h:1:2: error: bad [x]\n", ["src/a.cc", "src/b.cc"]), "src/a.h")
        self.assertEqual(lint.file_of("clang-tidy was killed", ["src/a.cc", "src/b.cc"]), "src/a.cc")


class TreeTest(unittest.TestCase):
    def test_every_named_suite_is_there(self):
        names = [s.name for s in suites.available()]
        self.assertIn("tools", names)
        self.assertEqual(len(names), len(set(names)))

    def test_run_gives_a_directory_only_if_the_caller_does_not(self):
        self.assertEqual(serve.directory_arguments([]), ["--dir", "data"])
        self.assertEqual(serve.directory_arguments(["--port", "7001"]), ["--dir", "data"])
        self.assertEqual(serve.directory_arguments(["--dir", "/tmp/x"]), [])
        self.assertEqual(serve.directory_arguments(["leat.conf"]), [])

    def test_every_package_has_its_reason(self):
        reasons = (shell.ROOT / "docs/dependencies.md").read_text()
        for line in (shell.ROOT / "tools/dev/packages.txt").read_text().splitlines():
            self.assertIn(f"`{line.split()[1]}`", reasons)

    def test_the_script_knows_what_each_subcommand_needs(self):
        groups = {line.split()[0] for line in (shell.ROOT / "tools/dev/packages.txt").read_text().splitlines()}
        named = re.findall(r"^    [a-z |]+\) echo ([a-z ]+) ;;$", (shell.ROOT / "dev").read_text(), re.M)
        self.assertTrue(named)
        self.assertLessEqual({group for line in named for group in line.split()}, groups)

    def test_an_unknown_subcommand_is_refused(self):
        done = subprocess.run([sys.executable, "-B", shell.ROOT / "tools/dev", "no-such-thing"], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (2, "dev: no subcommand no-such-thing; see ./dev help\n"))


if __name__ == "__main__":
    unittest.main()
