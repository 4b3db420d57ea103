"""The test suites: which there are, how long each may take, how they are run and counted.

A suite is either `unit` (GoogleTest binaries, run by ctest) or a folder tests/<suite>/ with a run.py that prints
`ok NAME`, `not ok NAME: why` or `skip NAME: why` per test and ends with `N passed, N failed, N skipped`.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import threading
import xml.etree.ElementTree

import shell
from tally import Tally, parse_last_line


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    budget_s: int  # After this it is stopped and counts as failed.
    arguments: tuple[str, ...] = ()  # What makes it small enough for `./dev test`; larger runs have options of their own.
    targets: tuple[str, ...] = ("leat",)  # What it needs of the release.


# In the order in which they run: the quick ones first; `unit` is compiled and run beside the others and reported last. A folder that is not named here runs last, with DEFAULT_BUDGET_S.
TABLE = (
    Suite("tools", 60, targets=()),
    Suite("unit", 900, targets=()),
    Suite("conformance", 120),
    Suite("arguments", 300),
    Suite("differential", 120),
    Suite("sim", 120, targets=("leat-sim",)),
    Suite("clients", 180),
    Suite("orders", 120),
    Suite("memory", 180),
    Suite("replies", 120),
    Suite("storm", 120),
    Suite("capacity", 300, ("--bytes", "600mb")),
    Suite("backup", 180),
    Suite("crash", 300),
)
DEFAULT_BUDGET_S = 120
UNIT = "unit"

RESULTS = shell.ROOT / "build/results"
UNIT_RESULTS = shell.ROOT / "build/dev/results"  # Where leat_unit_test() of CMakeLists.txt has each binary leave its report.


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a suite came to; `failures` are the names of its tests that failed, as `./dev test SUITE NAME` takes them."""

    suite: str
    tally: Tally
    failures: tuple[str, ...] = ()


def available():
    """The suites that this tree has, in order."""
    folders = {p.parent.name for p in (shell.ROOT / "tests").glob("*/run.py")}
    if any((shell.ROOT / "src").glob("*/*_test.cc")):
        folders.add(UNIT)
    known = [s for s in TABLE if s.name in folders]
    return known + [Suite(name, DEFAULT_BUDGET_S) for name in sorted(folders - {s.name for s in known})]


def run(suite, only=""):
    """Runs `suite`, which is not UNIT, or those of its tests whose name contains `only`."""
    print(f"\n== {suite.name}", flush=True)
    shutil.rmtree(RESULTS / suite.name, ignore_errors=True)
    (RESULTS / suite.name).mkdir(parents=True)
    outcome = run_script(suite, only)
    print(f"{suite.name}: {outcome.tally}", flush=True)
    return outcome


def run_units(suite, only, behind):
    """Runs the compiled unit tests, or those whose name contains `only`; count_units() says what came of it.

    `behind` runs them with what others leave of the processors, and returns their output instead of showing it.
    """
    if not behind:
        print(f"\n== {UNIT}", flush=True)
    shutil.rmtree(UNIT_RESULTS, ignore_errors=True)
    UNIT_RESULTS.mkdir(parents=True)
    command = ["ctest", "--test-dir", "build/dev", "--label-regex", f"^{UNIT}$", "--parallel", str(shell.CPUS),
               "--timeout", str(suite.budget_s), "--output-on-failure", "--output-junit", str(UNIT_RESULTS / "ctest.xml")]
    env = {"GTEST_BRIEF": "1"}
    if only:
        env["GTEST_FILTER"] = f"*{only}*"
    shell.announce(command[:-2], {"GTEST_FILTER": env["GTEST_FILTER"]} if only else None)
    kept = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if behind else {}
    done = subprocess.run(["nice", *command] if behind else command, cwd=shell.ROOT, env={**os.environ, **env}, text=True, errors="replace", **kept)
    return done.stdout or ""


def count_units(output):
    """What the last run_units() came to; prints the `output` that it kept back."""
    if output:
        print(f"\n== {UNIT}\n{output}", end="", flush=True)
    outcome = count_ctest(UNIT, UNIT_RESULTS)
    print(f"{UNIT}: {outcome.tally}", flush=True)
    return outcome


def count_ctest(name, results):
    """Counts per test case. A binary that failed without a failed case (a crash, a leak, a time-out) counts as one more."""
    tally, failures = Tally(), []
    blamed = set()  # Binaries with a failed case.
    for path in sorted(results.glob("*.json")):
        counted, failed = count_gtest(json.loads(path.read_text()))
        tally += counted
        failures += failed
        if failed:
            blamed.add(path.stem)
    junit = results / "ctest.xml"
    if not junit.exists():
        return Outcome(name, tally + Tally(failed=1), (*failures, ""))
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        if case.get("status") != "run" and case.get("name") not in blamed:
            print(f"not ok {case.get('name')}: the binary failed outside of its test cases", flush=True)
            tally += Tally(failed=1)
            failures.append("")
    return Outcome(name, tally, tuple(failures))


def count_gtest(report):
    """The tally and the failed cases of one binary's JSON report."""
    tally, failures = Tally(), []
    for group in report["testsuites"]:
        for case in group["testsuite"]:
            if case.get("failures"):
                tally += Tally(failed=1)
                failures.append(f"{group['name']}.{case['name']}")
            elif case["result"] == "COMPLETED":
                tally += Tally(passed=1)
            elif case["result"] == "SKIPPED" and case["status"] == "RUN":
                tally += Tally(skipped=1)
    return tally, failures


def run_script(suite, only):
    command = [f"tests/{suite.name}/run.py", "--leat", "build/release/leat", *suite.arguments]
    if only:
        command += ["--only", only]
    shell.announce(command)
    counter = LineCounter()
    with open(RESULTS / suite.name / "output.txt", "w", encoding="utf-8") as log:
        status = stream(command, suite.budget_s, lambda line: (log.write(line), counter.take(line)))
    wrong = counter.wrong(status, suite.budget_s)
    if wrong:
        print(f"not ok {suite.name}: {wrong}", flush=True)
        return Outcome(suite.name, counter.tally + Tally(failed=1), (*counter.failures, ""))
    return Outcome(suite.name, counter.tally, tuple(counter.failures))


class LineCounter:
    """Counts a run.py's lines while showing all but the `ok` ones."""

    def __init__(self):
        self.tally = Tally()
        self.failures = []
        self.declared = None

    def take(self, line):
        self.declared = parse_last_line(line)
        if line.startswith("ok "):
            self.tally += Tally(passed=1)
            return
        if line.startswith("not ok "):
            self.tally += Tally(failed=1)
            self.failures.append(line[len("not ok "):].split(": ")[0].strip())
        elif line.startswith("skip "):
            self.tally += Tally(skipped=1)
        if self.declared is None:
            print(line, end="", flush=True)

    def wrong(self, status, budget_s):
        """Why the run can't be believed, if so; `status` is None if it was stopped."""
        if status is None:
            return f"stopped after its budget of {budget_s} s"
        if self.declared is None:
            return f"{shell.ended(status)} without a last line that counts its tests"
        if self.declared != self.tally:
            return f"its last line says {self.declared}, its lines say {self.tally}"
        if (status != 0) != (self.tally.failed > 0):
            return f"{shell.ended(status)} with {self.tally.failed} failed tests"
        return None


def stream(command, budget_s, take):
    """Runs `command` and gives each line of its output to `take`. Returns the status, or None if the budget was used up.

    Whatever the suite left running in its process group is killed.
    """
    process = subprocess.Popen(command, cwd=shell.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, errors="replace", start_new_session=True)
    late = threading.Event()

    def stop():
        late.set()
        kill_group(process)

    timer = threading.Timer(budget_s, stop)
    timer.start()
    try:
        for line in process.stdout:
            take(line)
        status = process.wait()
    finally:
        timer.cancel()
        kill_group(process)
    return None if late.is_set() else status


def kill_group(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
