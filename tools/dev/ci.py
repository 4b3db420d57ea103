"""`./dev test` and `./dev ci`: everything is run and counted, and what failed is listed with the line that repeats it."""

import concurrent.futures

import build
import fuzz
import includes
import lint
import quality
import shell
import suites
from tally import Tally


class Ledger:
    """What has been run so far: the tally, and a line to repeat each failure."""

    def __init__(self):
        self.tally = Tally()
        self.repeats = []

    def add(self, tally, repeats=()):
        self.tally += tally
        self.repeats += repeats

    def step(self, function, *arguments):
        """Runs one check that passes or raises StepFailed, and counts it as one test. Returns whether it passed."""
        try:
            function(*arguments)
        except shell.StepFailed as failed:
            print(f"not ok: {failed.why}", flush=True)
            self.add(Tally(failed=1), [failed.repeat])
            return False
        self.add(Tally(passed=1))
        return True

    def finish(self):
        """Prints the failures and, last, the tally. Returns the exit status."""
        print(flush=True)
        for line in dict.fromkeys(self.repeats):
            print(f"failed; repeat with: {line}")
        print(self.tally, flush=True)
        return 1 if self.tally.failed else 0


def run_tests(ledger, chosen, only):
    """Builds what the suites need and runs them.

    The suites that run the server wait for disks, clients and time as much as they compute: the unit tests are compiled
    and run beside them, and reported when those are over.
    """
    unit = next((s for s in chosen if s.name == suites.UNIT), None)
    others = [s for s in chosen if s.name != suites.UNIT]
    targets = sorted({target for s in others for target in s.targets})
    if targets and not built(ledger, build.build, "release", *targets):
        return
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        units_ran = pool.submit(unit_tests, unit, only, behind=bool(others)) if unit else None
        for suite in others:
            add_outcome(ledger, suites.run(suite, only))
        if units_ran and built(ledger, units_ran.result):
            add_outcome(ledger, suites.count_units(units_ran.result()))


def unit_tests(suite, only, behind):
    """Compiles the unit tests and runs them; returns what they printed, if that was kept back."""
    build.build("dev", behind=behind)
    return suites.run_units(suite, only, behind)


def add_outcome(ledger, outcome):
    ledger.add(outcome.tally, [f"./dev test {outcome.suite} {name}".rstrip() for name in outcome.failures])


def built(ledger, function, *arguments):
    """Calls a function that builds; a failure counts as one failed test, success as none."""
    try:
        function(*arguments)
    except shell.StepFailed as failed:
        print(f"not ok: {failed.why}", flush=True)
        ledger.add(Tally(failed=1), [failed.repeat])
        return False
    return True


def test(words):
    """`words`: names of suites, and at most one part of test names. Nothing named: everything."""
    there = suites.available()
    chosen = [s for s in there if s.name in words] or there
    rest = [w for w in words if w not in {s.name for s in there}]
    if len(rest) > 1:
        raise shell.StepFailed(f"only one of {rest} can be a part of test names; the suites are {', '.join(s.name for s in there)}", "./dev help")
    ledger = Ledger()
    run_tests(ledger, chosen, rest[0] if rest else "")
    if rest and ledger.tally == Tally():
        ledger.add(Tally(failed=1), [f"./dev test   (no test is called like {rest[0]})"])
    return ledger.finish()


def ci():
    ledger = Ledger()
    ledger.step(quality.check_format)
    ledger.step(quality.check_rules)
    ledger.step(lint.lint_all)
    ledger.step(includes.check_some)
    run_tests(ledger, suites.available(), "")
    targets = fuzz.targets()
    if targets and ledger.step(fuzz.build_targets, targets):
        with concurrent.futures.ThreadPoolExecutor(shell.CPUS) as pool:  # A target keeps one CPU busy.
            for fuzzed in [pool.submit(fuzz.fuzz, name, fuzz.SMOKE_S) for name in targets]:
                ledger.step(fuzzed.result)
    return ledger.finish()
