"""How every suite takes its arguments and prints its results.

One line per test, `ok NAME`, `not ok NAME: why` or `skip NAME: why`; last `N passed, N failed, N skipped`.
"""

import argparse
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]


def arguments(description):
    """The parser with what every suite accepts; a suite adds its own options before parse_args()."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--leat", default=ROOT / "build/release/leat", metavar="PATH", help="the server binary")
    parser.add_argument("--only", default="", metavar="SUBSTRING", help="run only tests whose name contains this")
    return parser


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
