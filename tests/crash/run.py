#!/usr/bin/python3
"""Crash tests: a server under load is killed, loses its power, its disk space or single bits, and is judged from outside.

    run.py                                     all suites with few cycles, as CI runs them
    run.py --cycles 200 --only kill            more of one kind
    run.py --server redis --mode everysec      the same against redis-server: shows that the checker bites

The seed is printed; --seed repeats the driver's choices (the moment of the fault stays a matter of timing).
"""

import pathlib
import random
import signal
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import diskfull
import faultfs
import idempotent
import points
from corruption import Corruption
from cycles import LOAD_SECONDS, CycleFailed, KillFault, PowerFault, Series, Target
from leatlib import report
from leatlib.server import StartFailed
from point_copies import Copies

DIRECTORY_CYCLES = 20   # A data directory grows over this many cycles, then a fresh one begins.
KILL_CYCLES = {"always": 20, "everysec": 10, "no": 10}
# So small that checkpoints are made, the log is reclaimed, and older entries are sealed, all the time.
CHECKPOINTS = {"checkpoint_log_size": "64kb", "log_segment_size": "1mb", "stream_cache_size": "64kb"}
POWER_CYCLES = {"always": 5, "everysec": 0, "no": 0}
IDEMPOTENT_CYCLES = 5
POINT_MODES = ("always",)   # Unless others are asked for.


def parse_arguments():
    parser = report.arguments(__doc__.split("\n", 1)[0])
    parser.add_argument("--server", choices=("leat", "redis"), default="leat")
    parser.add_argument("--mode", choices=tuple(KILL_CYCLES), action="append", help="appendfsync; default always and everysec")
    parser.add_argument("--cycles", type=int, help="SIGKILL cycles per mode")
    parser.add_argument("--power-cycles", type=int, help="power loss cycles per mode")
    parser.add_argument("--points", default="", metavar="SUBSTRING", help="only crash points whose name contains this")
    parser.add_argument("--point-cycles", type=int, default=0, help="crash points by chance, and not at their first hit, in addition")
    parser.add_argument("--point-power", action="store_true", help="power loss at the crash points instead of SIGKILL alone")
    parser.add_argument("--filesystem", choices=tuple(faultfs.MKFS), default="ext4", help="for power loss")
    parser.add_argument("--load-seconds", type=float, nargs=2, default=LOAD_SECONDS, metavar=("MIN", "MAX"),
                        help="how long the load runs before the fault; seconds show the whole window of everysec")
    parser.add_argument("--damages", type=int, default=25, help="damaged copies of a data directory (Leat only)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    return parser.parse_args()


class Suite:
    def __init__(self, options, results, scratch):
        self.options, self.results, self.scratch = options, results, scratch

    def target(self, mode, directives=None):
        return Target(self.options.server, self.options.leat, mode, directives or {})

    def new_series(self, mode, strict, fault):
        return Series(self.target(mode, CHECKPOINTS), self.options.seed, strict, fault, self.options.load_seconds)

    @staticmethod
    def speaker(name):
        return lambda line: print(f"# {name}: {line}", flush=True)

    def series(self, name, series, cycles):
        def run(say):
            started = time.monotonic()
            series.run(cycles, DIRECTORY_CYCLES, say)
            say(f"{series.totals.describe()}; {time.monotonic() - started:.1f} s")

        self.guarded(name, run)

    def checker(self):
        name = "checker"
        if not self.results.selected(name):
            return
        import checker_test
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromModule(checker_test).run(result)
        wrong = result.failures + result.errors
        if wrong:
            self.results.fail(name, "\n".join(f"{test}: {trace}" for test, trace in wrong))
        else:
            print(f"# {name}: {result.testsRun} planted violations and clean scenes")
            self.results.ok(name)

    def kill(self, mode):
        name = f"kill-{mode}"
        cycles = KILL_CYCLES[mode] if self.options.cycles is None else self.options.cycles
        if not cycles or not self.results.selected(name):
            return
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as directory:
            # redis-server with everysec answers before it writes while a sync is under way: its losses are counted.
            strict = self.options.server == "leat" or mode == "always"
            self.series(name, self.new_series(mode, strict, KillFault(pathlib.Path(directory))), cycles)

    def power(self, mode):
        kind = self.options.filesystem
        name = f"power-{mode}-{kind}"
        cycles = POWER_CYCLES[mode] if self.options.power_cycles is None else self.options.power_cycles
        if not cycles or not self.results.selected(name):
            return
        missing = faultfs.unavailable(kind)
        if missing:
            self.results.skip(name, missing)
            return
        strict = mode == "always"
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as directory:
            fault = PowerFault(lambda: faultfs.LoopFilesystem(directory, kind), is_promised=strict)
            try:
                self.series(name, self.new_series(mode, strict, fault), cycles)
            finally:
                fault.close()

    def disk_full(self, mode):
        name = f"disk-full-{mode}"
        if not self.results.selected(name):
            return
        missing = faultfs.unavailable("ext4")
        if missing:
            self.results.skip(name, missing)
            return
        run = diskfull.run if self.options.server == "leat" else diskfull.record
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as directory:
            with faultfs.LoopFilesystem(directory, "ext4", diskfull.DISK_MB) as filesystem:
                self.guarded(name, lambda say: run(self.target(mode), filesystem, self.options.seed, say))

    def _points_fault(self, folder):
        if self.options.point_power:
            return points.PoweredOff(lambda: faultfs.LoopFilesystem(folder, self.options.filesystem))
        return points.Killed(folder)

    def _at_points(self, name, groups, run):
        """Calls run(fault, [(point, hit)], say) with each crash point of `groups` once, and with those that are drawn."""
        if self.options.server != "leat" or not self.results.selected(name):
            return
        missing = faultfs.unavailable(self.options.filesystem) if self.options.point_power else None
        if missing:
            self.results.skip(name, missing)
            return
        chosen = [each for each in points.listed(self.options.leat) if points.group_of(each) in groups and self.options.points in each]
        drawn = points.at_random(chosen, self.options.point_cycles if chosen else 0, random.Random(self.options.seed))
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as folder:
            fault = self._points_fault(folder)
            try:
                self.guarded(name, lambda say: run(fault, points.once(chosen) + drawn, say))
            finally:
                fault.close()

    def points_of_servers(self, mode):
        directives = {**CHECKPOINTS, "enable_debug_command": "local"}

        def run(fault, chosen, say):
            started = time.monotonic()
            series = points.PointSeries(self.target(mode, directives), self.options.seed, fault, say)
            series.run(chosen, DIRECTORY_CYCLES)
            say(f"{series.totals.describe()}; {time.monotonic() - started:.1f} s")

        self._at_points(f"points-{mode}", (*points.UNDER_LOAD, "start", "stop"), run)

    def points_of_copies(self):
        def run(fault, chosen, say):
            Copies(self.target("always", CHECKPOINTS), fault, self.options.seed, say).run(chosen)

        self._at_points("points-copies", points.OF_COPIES, run)

    def points_are_known(self):
        name = "points-known"
        if self.options.server != "leat" or not self.results.selected(name):
            return
        groups = {*points.UNDER_LOAD, *points.OF_COPIES, "start", "stop"}
        unknown = [each for each in points.listed(self.options.leat) if points.group_of(each) not in groups]
        self.results.fail(name, f"no test gets to {unknown}") if unknown else self.results.ok(name)

    def corruption(self):
        name = "corruption"
        if not self.options.damages or not self.results.selected(name):
            return
        if self.options.server != "leat":
            self.results.skip(name, "asks for `leat check`")
            return
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as directory:
            self.guarded(name, lambda say: Corruption(
                self.target("always", CHECKPOINTS), directory, self.options.seed, say).run(self.options.damages))

    def idempotent_producer(self):
        name = "idempotent-producer"
        if self.options.server != "leat" or not self.results.selected(name):
            return
        cycles = IDEMPOTENT_CYCLES if self.options.cycles is None else self.options.cycles
        with tempfile.TemporaryDirectory(prefix="leat-crash-", dir=self.scratch) as directory:
            self.guarded(name, lambda say: idempotent.run(
                self.target("always"), pathlib.Path(directory), random.Random(self.options.seed), cycles, CHECKPOINTS, say))

    def guarded(self, name, test):
        """Runs `test` with what it may say lines to, and prints its line."""
        try:
            test(self.speaker(name))
        except (CycleFailed, StartFailed) as error:
            self.results.fail(name, f"{error}\nrepeat with --seed {self.options.seed} --only {name}")
            return
        self.results.ok(name)


def main():
    options = parse_arguments()
    # A terminated run unwinds like an interrupted one: servers end, mounts go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.server == "leat" and not pathlib.Path(options.leat).exists():
        sys.exit(f"no server binary at {options.leat}; build it, or name one with --leat")
    results = report.Report(options.only)
    print(f"# seed {options.seed}, server {options.server}", flush=True)
    suite = Suite(options, results, scratch=None)
    suite.checker()
    for mode in options.mode or ("always", "everysec"):
        suite.kill(mode)
        suite.power(mode)
        suite.disk_full(mode)
    suite.points_are_known()
    for mode in options.mode or POINT_MODES:
        suite.points_of_servers(mode)
    suite.points_of_copies()
    suite.idempotent_producer()
    suite.corruption()
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
