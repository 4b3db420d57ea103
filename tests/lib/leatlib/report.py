"""How every suite takes its arguments and prints its results.

One line per test, `ok NAME`, `not ok NAME: why` or `skip NAME: why`; last `N passed, N failed, N skipped`.
"""

import argparse
import pathlib
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[3]


def arguments(description):
    """The parser with what every suite accepts; a suite adds its own options before parse_args()."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--leat", default=ROOT / "build/release/leat", metavar="PATH", help="the server binary")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="run only tests whose name contains this")
    return parser


class Failed(Exception):
    """What a test has found, in words."""


class Report:
    def __init__(self, only=""):
        self.only = only
        self.passed = self.failed = self.skipped = 0

    def selected(self, name):
        return self.only in name

    def ok(self, name):
        self.passed += 1
        print(f"ok {name}", flush=True)

    def fail(self, name, why):
        """`why` may have several lines; the later ones are printed indented below the first."""
        self.failed += 1
        print(f"not ok {name}: " + str(why).strip().replace("\n", "\n    "), flush=True)

    def skip(self, name, why):
        self.skipped += 1
        print(f"skip {name}: {why}", flush=True)

    def finish(self):
        """Prints the last line and returns the exit status."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def run_methods(suite, options):
    """Each method test_* of suite(options.leat, an empty folder of its own), in order of name; the exit status.

    A method that returns something was skipped, and that is why. The folders are on a disk: /tmp may be memory.
    """
    results = Report(options.only)
    for method in sorted(name for name in vars(suite) if name.startswith("test_")):
        name = method.removeprefix("test_").replace("_", " ")
        if not results.selected(name):
            continue
        with tempfile.TemporaryDirectory(prefix="leat-test-", dir="/var/tmp") as directory:
            try:
                skipped = getattr(suite(options.leat, pathlib.Path(directory)), method)()
            except Exception as error:  # A test that breaks has failed; the others go on.
                results.fail(name, error if isinstance(error, Failed) else traceback.format_exc())
                continue
        results.skip(name, skipped) if skipped else results.ok(name)
    return results.finish()
