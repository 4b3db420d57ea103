#!/usr/bin/python3
"""Simulated nodes: every seed is one run with its own faults, judged by the reference model, and repeats exactly.

`leat-sim` stands beside the server binary. A failure names the seed and the command that repeats it.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from leatlib import report  # noqa: E402  (after the path that it is found by)

BATCH = 25
FLIPS = 500
REPEATED = range(1, 6)


def simulate(runner, *arguments):
    return subprocess.run([runner, *map(str, arguments)], text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check_batch(runner, first, count):
    """What went wrong in the seeds from `first` on, or None."""
    done = simulate(runner, "--seeds", count, "--first", first)
    return None if done.returncode == 0 else done.stdout or f"ended with status {done.returncode}"


def check_flips(runner, first):
    """What is wrong with how single flipped bits are found, in the directories that the seeds from `first` on leave; or None."""
    done = simulate(runner, "--flips", FLIPS, "--first", first)
    return None if done.returncode == 0 else done.stdout or f"ended with status {done.returncode}"


def check_repeats(runner, seed):
    """None if two runs of `seed` leave the same trace."""
    traces = {simulate(runner, "--seed", seed).stdout.split(" in ")[0] for _ in range(2)}
    return None if len(traces) == 1 else "two runs differ:\n" + "\n".join(sorted(traces))


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=200, metavar="N")
    parser.add_argument("--first", type=int, default=1, metavar="SEED")
    parser.add_argument("--flips", type=int, default=2000, metavar="N", help="bits that are flipped in data directories")
    options = parser.parse_args()
    runner = pathlib.Path(options.leat).resolve().parent / "leat-sim"
    results = report.Report(options.only)
    checks = [(f"seed {seed} repeats exactly", check_repeats, (runner, seed)) for seed in REPEATED]
    for first in range(options.first, options.first + options.seeds, BATCH):
        count = min(BATCH, options.first + options.seeds - first)
        checks.append((f"seeds {first} to {first + count - 1}", check_batch, (runner, first, count)))
    for first in range(options.first, options.first + options.flips, FLIPS):
        checks.append((f"{FLIPS} flipped bits from seed {first}", check_flips, (runner, first)))
    checks = [c for c in checks if results.selected(c[0])]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for name, wrong in pool.map(lambda c: (c[0], c[1](*c[2])), checks):
            results.fail(name, wrong) if wrong else results.ok(name)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
