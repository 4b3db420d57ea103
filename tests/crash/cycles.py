"""One crash cycle: load, fault, restart, read back, check. And series of them over one growing data directory."""

import dataclasses
import pathlib
import random
import signal
import subprocess
import time

from checker import Rules, check
from history import History
from leatlib.server import REDIS_BINARY, Server, StartFailed
from load import Load
from snapshot import ReadFailed, Snapshot, observe
from workload import Workload

LOAD_SECONDS = (0.15, 0.5)
LINGER_SECONDS = (0.0, 0.05)
BROKEN_START_SHARE = 0.2              # Restarts that are themselves hit by the fault, before the one that counts,
BROKEN_START_SECONDS = (0.005, 0.12)  # this long after the process was started.
TERM_SECONDS = 30
STOP_SECONDS = 30
TERM_SHARE = 0.1                      # Ends by SIGTERM under load instead of SIGKILL.


@dataclasses.dataclass(frozen=True)
class Target:
    """Which server, in which durability mode."""

    kind: str       # leat | redis
    binary: object
    mode: str       # always | everysec | no
    directives: dict = dataclasses.field(default_factory=dict)   # Of Leat, beside the mode.

    def start(self, directory, prefix=()):
        if self.kind == "redis":
            return Server.redis(directory, prefix=prefix, appendonly="yes", appendfsync=self.mode)
        return Server.leat(self.binary, directory, prefix=prefix, appendfsync=self.mode, **self.directives)

    def rules(self, strict):
        return Rules.redis(strict) if self.kind == "redis" else Rules(strict)

    def describe(self):
        return f"{REDIS_BINARY if self.kind == 'redis' else self.binary} appendfsync {self.mode}"


class CycleFailed(Exception):
    """A violation, or a server that did not do its part. The text says all."""


@dataclasses.dataclass
class Totals:
    cycles: int = 0
    operations: int = 0
    acked: int = 0
    maybe: int = 0
    lost: int = 0
    cycles_with_loss: int = 0
    longest_window: float = 0.0

    def add(self, history, verdict):
        acked = history.acked_count()
        self.cycles += 1
        self.operations += len(history.operations)
        self.acked += acked
        self.maybe += sum(1 for operation in history.operations if operation.is_maybe)
        self.lost += verdict.lost_count
        self.cycles_with_loss += verdict.lost_count > 0
        self.longest_window = max(self.longest_window, verdict.lost_seconds(history))

    def describe(self):
        text = f"{self.cycles} cycles, {self.operations} operations, {self.acked} acknowledged, {self.maybe} unanswered, {self.lost} lost"
        if self.lost:
            share = 100.0 * self.lost / self.acked
            text += f" ({share:.1f} %, in {self.cycles_with_loss} cycles, acknowledged up to {1000 * self.longest_window:.0f} ms before the fault)"
        return text


def prepare(server, history, workload):
    """Creates the groups, before anything can go wrong."""
    Load(server.port, history, [("setup", workload.setup())]).run()


def read_back(server):
    try:
        return observe(server.port)
    except (ReadFailed, OSError) as error:
        raise CycleFailed(f"the state could not be read back: {error}\n{server.log_text()[-1500:]}") from error


def require_clean(verdict, history):
    """Raises CycleFailed with the violations, or with error replies that nothing explains."""
    if verdict.violation_count:
        listed = "\n".join(verdict.violations)
        raise CycleFailed(f"{verdict.violation_count} violations\n{listed}")
    if history.errors:
        _, operation, error = history.errors[0]
        raise CycleFailed(f"{len(history.errors)} unexpected errors, first: {operation}: {error}")


class Series:
    """Cycles of one kind of fault. `seed` decides every choice of the driver, `fault` brings the fault."""

    def __init__(self, target, seed, strict, fault, load_seconds=LOAD_SECONDS):
        self.target = target
        self.totals = Totals()
        self._seed, self._load_seconds = seed, load_seconds
        self._rules = target.rules(strict)
        self._fault = fault
        self._before = Snapshot()
        self._server = None

    def run(self, cycles, directory_cycles, say):
        """Raises CycleFailed at the first cycle that breaks a rule."""
        try:
            for cycle in range(cycles):
                if cycle % directory_cycles == 0:
                    self._close()
                    self._before = Snapshot()
                    self._server = self.target.start(self._fault.new_directory())
                self._cycle(cycle, say)
        finally:
            self._close()

    def _close(self):
        if self._server:
            self._server.kill()
            self._server = None

    def _cycle(self, cycle, say):
        rng = random.Random(f"{self._seed}/{cycle}")
        history, workload = History(), Workload(self._seed, f"c{cycle}", self._before)
        prepare(self._server, history, workload)
        Load(self._server.port, history, workload.actors()).run(
            lambda: self._fault.strike(self._server, rng), rng.uniform(*self._load_seconds))
        self._fault.after_strike(history)
        if rng.random() < BROKEN_START_SHARE:
            self._fault.break_start(self._server, rng)
        try:
            self._server.start()
        except StartFailed as error:
            raise CycleFailed(f"cycle {cycle}: the server does not start again: {error}") from error
        try:
            after = read_back(self._server)
            verdict = check(self._before, history, after, self._rules)
            self.totals.add(history, verdict)
            say(f"cycle {cycle}: {history.acked_count()} acknowledged, {verdict.lost_count} lost, {after.entry_count()} entries")
            require_clean(verdict, history)
        except CycleFailed as error:
            raise CycleFailed(f"cycle {cycle}: {error}") from error
        self._before = after


def require_running(server):
    if server.process.poll() is not None:
        raise CycleFailed(f"the server ended by itself, status {server.process.returncode}\n{server.log_text()[-1500:]}")


def start_and_leave(server, rng):
    """Starts the process again without waiting for it to be ready; returns it after a moment."""
    process = subprocess.Popen(server.process.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(rng.uniform(*BROKEN_START_SECONDS))
    return process


def stand_still(process):
    """SIGSTOP, and waits until no thread is in a system call any more."""
    process.send_signal(signal.SIGSTOP)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        stats = [path.read_text() for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/stat")]
        if all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats):
            return
        time.sleep(0.0005)
    raise CycleFailed(f"the server's threads did not stop within {STOP_SECONDS} s of SIGSTOP")


def end(process):
    process.kill()
    process.wait()


class KillFault:
    """SIGKILL; now and then SIGTERM, which must keep the promise as well and end with status 0."""

    def __init__(self, directory):
        self._directory = directory
        self._count = 0

    def new_directory(self):
        self._count += 1
        return self._directory / f"data{self._count}"

    def strike(self, server, rng):
        require_running(server)
        if rng.random() >= TERM_SHARE:
            server.kill()
            return
        server.process.send_signal(signal.SIGTERM)
        status = server.process.wait(TERM_SECONDS)
        if status != 0:
            raise CycleFailed(f"SIGTERM under load ended the server with status {status}\n{server.log_text()[-1500:]}")

    def after_strike(self, history):
        history.forgive_errors_after_strike()   # A server that stops may refuse; what it refused is then a maybe.

    def break_start(self, server, rng):
        end(start_and_leave(server, rng))


class PowerFault:
    """The file system under the data is shut down, then the server is killed. Two kinds of cut, by chance:

    Between system calls: the server stands still (SIGSTOP, which lets a sync in flight return) while the power goes. Then
    it goes on for a moment without a disk; whatever it acknowledges must not be missing.
    Anywhere: also in the middle of a sync. Here the shutdown can overtake the journal's commit, so that fdatasync returns
    success for data that is gone; a real power cut would not have let that answer out. So answers read after it are doubted.

    A mode that promises nothing about power (`is_promised` false) is always cut anywhere: its window ends with the cut."""

    def __init__(self, make_filesystem, is_promised):
        self._make_filesystem = make_filesystem
        self._is_promised = is_promised
        self._filesystem = None
        self._is_clean_cut = False

    def new_directory(self):
        self.close()
        self._filesystem = self._make_filesystem()
        return self._filesystem.root / "data"

    def strike(self, server, rng):
        require_running(server)
        self._is_clean_cut = self._is_promised and rng.random() < 0.5
        if self._is_clean_cut:
            stand_still(server.process)
        self._filesystem.shutdown()
        if self._is_clean_cut:
            server.process.send_signal(signal.SIGCONT)
            try:
                server.process.wait(rng.uniform(*LINGER_SECONDS))
            except subprocess.TimeoutExpired:
                pass   # It did not end by itself, and need not.
        server.kill()

    def after_strike(self, history):
        if self._is_clean_cut:
            history.forgive_errors_after_strike()
        else:
            history.doubt_answers_after_strike()
        self._filesystem.remount()

    def break_start(self, server, rng):
        process = start_and_leave(server, rng)
        try:
            self._filesystem.shutdown()
        finally:
            end(process)
        self._filesystem.remount()

    def close(self):
        if self._filesystem:
            self._filesystem.close()
            self._filesystem = None
