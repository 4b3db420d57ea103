#!/usr/bin/python3
"""Breaks the server in one place at a time and demands that the simulator notices, or the unit test that is there for it.

    tools/mutants.py [--seeds N] [--only SUBSTRING] [--check]

The mutants stand in tests/sim/mutants.txt. Each is built in build/mutants (a copy of the sources, so that nothing here
changes) and run for N seeds, or through the unit tests that it names; one that survives is a hole in them. `--check` only
looks whether every mutant still fits the sources.
"""

import argparse
import dataclasses
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIST = ROOT / "tests/sim/mutants.txt"
SCRATCH = ROOT / "build/mutants"
SEEDS = 20_000
RUN_BUDGET_S = 400
COPIED = ("src", "tests", "tools")
NOT_COPIED = {"node_modules", "__pycache__", "corpus"}


@dataclasses.dataclass
class Mutant:
    name: str
    reason: str
    path: str = ""
    old: str = ""
    new: str = ""
    unit: str = ""  # A binary and a filter of its tests, which are run instead of seeds.


def read_mutants(text):
    mutants = []
    for line in text.splitlines():
        if line.startswith("== "):
            name, _, reason = line[3:].partition(": ")
            mutants.append(Mutant(name, reason))
        elif line.startswith("- "):
            mutants[-1].old += ("\n" if mutants[-1].old else "") + line[2:]
        elif line.startswith("+ "):
            mutants[-1].new += ("\n" if mutants[-1].new else "") + line[2:]
        elif line.startswith("! "):
            mutants[-1].unit = line[2:]
        elif line and not line.startswith("#"):
            mutants[-1].path = line
    return mutants


def problem_of(mutant):
    """Why the mutant does not fit the sources any more; empty when it does."""
    path = ROOT / mutant.path
    if not path.is_file():
        return f"there is no {mutant.path}"
    count = path.read_text(encoding="utf-8").count(mutant.old)
    return "" if count == 1 and mutant.old != mutant.new else f"its old text stands {count} times in {mutant.path}"


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, **options)


def mirror(origin, copy):
    """Makes `copy` hold the sources of `origin`. What differs is younger afterwards than anything built of it: a copy with
    the old time would pass for what the last mutant was built of."""
    paths = [origin / "CMakeLists.txt", *(p for part in COPIED for p in (origin / part).rglob("*") if p.is_file())]
    wanted = {p.relative_to(origin) for p in paths}
    wanted = {p for p in wanted if not NOT_COPIED.intersection(p.parts)}
    for path in wanted:
        target, content = copy / path, (origin / path).read_bytes()
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        shutil.copymode(origin / path, target)
    for path in copy.rglob("*"):
        if path.is_file() and path.relative_to(copy) not in wanted:
            path.unlink()


def prepare(mutants):
    """The scratch tree as the sources are now, built unbroken for all `mutants`."""
    source = SCRATCH / "tree"
    mirror(ROOT, source)
    configured = run(["cmake", "-G", "Ninja", "-S", str(source), "-B", str(SCRATCH / "build"), "-DCMAKE_BUILD_TYPE=Release",
                      "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_CXX_FLAGS=-w -D_GLIBCXX_ASSERTIONS", "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
                      "-DBUILD_TESTING=ON"])
    built = configured if configured.returncode else build({target_of(m) for m in mutants})
    if built.returncode:
        sys.exit(built.stdout + "\nmutants: the unbroken sources do not build")
    return source


def target_of(mutant):
    """The program that must notice."""
    return mutant.unit.split()[0] if mutant.unit else "leat-sim"


def build(targets):
    return run(["ninja", "-C", str(SCRATCH / "build"), *sorted(targets)])


def notice(mutant, seeds):
    """What is said when somebody notices the mutant; empty when nobody does."""
    return run_unit(mutant.unit) if mutant.unit else simulate(seeds)


def run_unit(unit):
    """What fails among the unit tests `unit`; empty when nothing does. None at all is a failure."""
    binary, tests = unit.split()
    try:
        done = run([str(SCRATCH / "build" / binary), f"--gtest_filter={tests}"], timeout=RUN_BUDGET_S)
    except subprocess.TimeoutExpired:
        return f"does not end within {RUN_BUDGET_S} s"
    if "[==========] 0 tests" in done.stdout:
        return f"there are no tests {tests} in {binary}"
    failed = [line for line in done.stdout.splitlines() if line.startswith("[  FAILED  ]")]
    return "" if done.returncode == 0 else (failed or ["died"])[0][:160]


def simulate(seeds):
    """What the simulator says when it finds something; empty when it finds nothing."""
    try:
        done = run([str(SCRATCH / "build/leat-sim"), "--seeds", str(seeds)], timeout=RUN_BUDGET_S)
    except subprocess.TimeoutExpired:
        return f"does not end within {RUN_BUDGET_S} s"
    return "" if done.returncode == 0 else next(iter(done.stdout.strip().splitlines()), "died")[:160]


def judge(source, mutant, seeds):
    """(killed, why) of one mutant."""
    target = source / mutant.path
    original = target.read_text(encoding="utf-8")
    target.write_text(original.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        built = build({target_of(mutant)})
        if built.returncode:
            return False, "it does not build: " + " ".join(l for l in built.stdout.splitlines() if "error" in l)[:300]
        found = notice(mutant, seeds)
        return bool(found), found or f"{mutant.unit or f'{seeds} seeds'} found nothing: {mutant.reason}"
    finally:
        target.write_text(original, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description="breaks the server one place at a time; the simulator, or a unit test, must notice")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--only", default="")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    mutants = [m for m in read_mutants(LIST.read_text(encoding="utf-8")) if asked.only in m.name]
    stale = [(m, problem_of(m)) for m in mutants if problem_of(m)]
    for mutant, why in stale:
        print(f"not ok {mutant.name}: {why}", flush=True)
    if asked.check or stale:
        print(f"{len(mutants) - len(stale)} passed, {len(stale)} failed, 0 skipped")
        return 1 if stale else 0
    source = prepare(mutants)
    for unit in sorted({m.unit for m in mutants}):
        unbroken = notice(Mutant("unbroken", "", unit=unit), asked.seeds)
        if unbroken:
            print(f"not ok unbroken: {unbroken}\n0 passed, 1 failed, 0 skipped")
            return 1
    killed = 0
    for mutant in mutants:
        good, why = judge(source, mutant, asked.seeds)
        killed += good
        print(f"ok {mutant.name}: {why}" if good else f"not ok {mutant.name}: {why}", flush=True)
    print(f"{killed} passed, {len(mutants) - killed} failed, 0 skipped")
    return 1 if killed != len(mutants) else 0


if __name__ == "__main__":
    sys.exit(main())
