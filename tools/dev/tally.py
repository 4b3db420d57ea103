"""Counting tests: the last line of `./dev test` and `./dev ci`."""

import dataclasses
import re

LAST_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


@dataclasses.dataclass(frozen=True)
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return text + (f", {self.skipped} skipped" if self.skipped else "")


def parse_last_line(line):
    """The tally that a suite ends with, or None if `line` is none."""
    match = LAST_LINE.match(line.strip())
    return Tally(*(int(n or 0) for n in match.groups())) if match else None
