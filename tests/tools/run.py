#!/usr/bin/python3
"""The tests of the project's own Python: every *_test.py below tools/ and tests/, as one suite of ./dev test."""

import importlib
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
from leatlib import report  # noqa: E402  (after the path that it is found by)


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def loaded(path):
    """The test cases of one file, whose folder becomes importable: the tools are scripts, not a package."""
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    return cases(unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(path.stem)))


def main():
    options = report.arguments(__doc__).parse_args()
    results = report.Report(options.only)
    for path in sorted([*ROOT.glob("tools/**/*_test.py"), *ROOT.glob("tests/*/*_test.py"), *ROOT.glob("tests/lib/*/*_test.py")]):
        for case in loaded(path):
            name = case.id()
            if not results.selected(name):
                continue
            result = unittest.TestResult()
            case.run(result)
            wrong = [text for _, text in result.failures + result.errors]
            if wrong:
                results.fail(name, wrong[0])
            elif result.skipped:
                results.skip(name, result.skipped[0][1])
            else:
                results.ok(name)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
