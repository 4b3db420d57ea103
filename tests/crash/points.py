"""Crash points: a server under load dies at each named step that changes its files, once or at random, and is judged like after any crash.

The list is the binary's own (`leat --crash-points`). The part of a name before the dot says how to get there:
    start      the process is started with the point armed; most need something to be repaired first
    stop       the point is armed under load, then the server is asked to end
    copy, backup      point_copies.py
    all others        the point is armed under load (DEBUG CRASH-POINT)
A point that is not reached, and a name that begins otherwise, is a failure. Once a server has died it is started again, and
judged by the checker; then nothing may stand in its directory that is not needed.
"""

import itertools
import os
import pathlib
import random
import signal
import subprocess
import time

import directory as data
from checker import check
from cycles import CycleFailed, Totals, prepare, read_back, require_clean, require_running
from history import History
from leatlib.resp import ConnectionClosed, RespError
from leatlib.server import StartFailed
from load import Load
from snapshot import Snapshot
from workload import Workload

UNDER_LOAD = ("batch", "segment", "checkpoint", "manifest", "seal", "frames")
OF_COPIES = ("copy", "backup")
FRESH = ("start.superblock-written", "start.superblock-renamed", "start.segment-created", "start.segment-filled", "start.segment-opened")
FIRST_SEAL = "seal.created"          # Once in a run, and a start that seals gets there before all clients.
ONCE = ("start", "stop", "frames")   # Groups whose points come once in a run, or seldom.
OFTEN = ("backup.linked", "copy.created", "copy.written", "copy.synced")   # Of copies, those of which there is one for each file.
HITS_MAX = 10                        # The last hit that is asked for, of what comes often.
LOAD_SECONDS = (0.02, 0.15)          # Before the point is armed.
REACH_SECONDS = 20
TIDY_SECONDS = 10
SAVE_SECONDS = 1.0
ATTEMPTS = 8
NUDGE_SECONDS = 0.02
SAVE_TURNS = 30   # Of nudges; files are looked at twice a second.
BALLAST_ENTRIES = 400                # More than all else that is sealed in a cycle: once it is dropped, files are mostly dead.
BALLAST_VALUE, BALLAST_VALUES = 4000, 250   # Each of its own random bytes: what can be compressed is no ballast.
BALLAST_SHARE = 8                    # So many to one that lives longer.
OWN_KEYS = (b"ballast:", b"kept:", b"big", b"nudge")
BIG_VALUE = b"x" * (5 << 18)         # Larger than a segment.


_BALLAST = random.Random(2).randbytes(BALLAST_VALUE * BALLAST_VALUES)


def ballast(first, count):
    """`count` values from number `first` on."""
    starts = (number % BALLAST_VALUES * BALLAST_VALUE for number in range(first, first + count))
    return [_BALLAST[start:start + BALLAST_VALUE] for start in starts]


def listed(binary):
    """The names of all crash points."""
    return [line.split()[0] for line in subprocess.run([binary, "--crash-points"], capture_output=True, text=True,
                                                       check=True).stdout.splitlines()]


def group_of(point):
    return point.partition(".")[0]


def environment(point):
    """What to put before a command so that it dies at `point`; "later": so that it can be told to."""
    return ["env", f"LEAT_CRASH_POINT={point}"]


def once(points):
    """Those that need an empty directory last: the others are to meet one with data."""
    return [(point, 1) for point in sorted(points, key=lambda point: point in FRESH)]


def at_random(points, count, rng):
    chosen = [rng.choice(points) for _ in range(count)]
    return [(point, rng.randint(1, HITS_MAX) if _comes_often(point) else 1) for point in chosen]


def _comes_often(point):
    if point in OFTEN:
        return True
    return group_of(point) in UNDER_LOAD and group_of(point) not in ONCE and point not in (FIRST_SEAL, "segment.dropped")


class Killed:
    """The process dies, the machine goes on."""

    is_power_loss = False

    def __init__(self, folder):
        self._folder, self._count = pathlib.Path(folder), 0

    def new_directory(self):
        self._count += 1
        return self._folder / f"data{self._count}"

    def after_death(self):
        """Called once the process has ended, before anything is read."""

    def close(self):
        """What new_directory() took is given back."""


class PoweredOff:
    """The process dies, and what it had not synced is lost."""

    is_power_loss = True

    def __init__(self, make_filesystem):
        self._make_filesystem, self._filesystem = make_filesystem, None

    def new_directory(self):
        self.close()
        self._filesystem = self._make_filesystem()
        return self._filesystem.root / "data"

    def after_death(self):
        self._filesystem.shutdown()
        self._filesystem.remount()

    def close(self):
        if self._filesystem:
            self._filesystem.close()
            self._filesystem = None


class _Ballast:
    """Two streams per cycle that no client but this one uses. The next cycle drops the large one, so that the frame files of a run are
    mostly dead in the next, and the small one is what still lives in them; the cycle after that drops the small one."""

    def __init__(self):
        self._large, self._small = [], []
        self.acked = self.sent = 0

    def begin(self, client, label, count):
        """Streams of new names, sealed by and by; `count` entries of the large one are there at the return."""
        self._large.append(f"ballast:{label}")
        self._small.append(f"kept:{label}")
        self.acked = self.sent = 0
        for number in range(count // BALLAST_SHARE):
            self._add(client, self._small[-1], number, 1)
            self.append(client, BALLAST_SHARE)

    def append(self, client, count):
        self.sent += count
        self._add(client, self._large[-1], self.acked, count)
        self.acked += count

    @staticmethod
    def _add(client, key, first, count):
        for reply in client.pipeline([("XADD", key, "*", "f", value) for value in ballast(first, count)]):
            if isinstance(reply, RespError):
                raise CycleFailed(f"{key}: {reply}")

    def drop_old(self, client):
        for keys, kept in ((self._large, 1), (self._small, 2)):
            while len(keys) > kept:
                client.call("DEL", keys[0])
                del keys[0]

    def check(self, values, is_strict):
        """`values`: those of the keys that no client of the load has are taken out."""
        own = {key: values.pop(key) for key in list(values) if key.startswith(OWN_KEYS)}
        if not self._large:
            return
        value = own.get(self._large[-1].encode())
        found = len(value[0][1]) if value else 0
        if found > self.sent or (is_strict and found < self.acked):
            raise CycleFailed(f"{self._large[-1]}: {found} entries; {self.acked} were acknowledged, {self.sent} sent")


class PointSeries:
    """Deaths at points of a server, over one data directory that grows. `seed` decides the choices of the driver."""

    def __init__(self, target, seed, fault, say):
        self._target, self._seed, self._fault, self._say = target, seed, fault, say
        self._is_strict = target.mode == "always" or not fault.is_power_loss   # Else losses are counted.
        self.totals = Totals()
        self._before, self._ballast = Snapshot(), _Ballast()
        self._server, self._label = None, itertools.count()

    def run(self, points, directory_points):
        """Dies at each of `points`, [(name, hit)]; a fresh directory begins every `directory_points`. Raises CycleFailed."""
        try:
            for number, (point, hit) in enumerate(points):
                if number % directory_points == 0:
                    self._begin_directory()
                started = time.monotonic()
                try:
                    self._at(point, hit)
                except (CycleFailed, StartFailed, TimeoutError) as error:
                    raise CycleFailed(f"{point}:{hit}: {error}") from error
                self._say(f"{point}:{hit}: {self._before.entry_count()} entries, {time.monotonic() - started:.2f} s")
        finally:
            self._close()

    def _begin_directory(self):
        self._close()
        self._before, self._ballast = Snapshot(), _Ballast()
        self._server = self._target.start(self._fault.new_directory(), environment("later"))

    def _close(self):
        if self._server:
            self._server.kill()
            self._server = None

    def _at(self, point, hit):
        if point in FRESH:
            return self._at_first_start(point)
        if point == FIRST_SEAL:
            self._begin_directory()
        reach = self._at_start if group_of(point) == "start" else self._under_load
        for _ in range(ATTEMPTS):
            if reach(point, hit):
                return None
        raise CycleFailed(f"not reached in {ATTEMPTS} attempts")

    # Under load

    def _under_load(self, point, hit):
        """A load phase in which the server dies at the point; False when it ended otherwise."""
        label = f"p{next(self._label)}"
        rng = random.Random(f"{self._seed}/{label}")
        if group_of(point) == "frames":
            self._age(label)
        history, workload = History(), Workload(self._seed, label, self._before)
        prepare(self._server, history, workload)
        with self._server.client() as client:
            if point == FIRST_SEAL:
                self._arm(client, point)
            self._ballast.begin(client, label, 0 if point == FIRST_SEAL else BALLAST_ENTRIES)
        Load(self._server.port, history, workload.actors()).run(
            lambda: self._strike_or_kill(point, hit), rng.uniform(*LOAD_SECONDS))
        history.forgive_errors_after_strike()   # A server that stops may refuse.
        reached = self._server.process.returncode == -signal.SIGKILL
        self._judge(history)
        return reached

    def _age(self, label):
        """Ends a run whose frames the checkpoint names: then there is a file of an earlier run, most of it ballast."""
        with self._server.client() as client:
            self._ballast.begin(client, f"{label}-old", BALLAST_ENTRIES)
            while client.call("SAVE") != "OK":   # While another checkpoint is made.
                pass
        self._server.kill()
        self._fault.after_death()
        self._server.start()

    def _strike_or_kill(self, point, hit):
        try:
            self._strike(point, hit)
        except BaseException:
            self._server.kill()   # Or the load would never end.
            raise

    def _strike(self, point, hit):
        if point != FIRST_SEAL:   # It may be there already.
            require_running(self._server)
        try:
            with self._server.client(timeout=REACH_SECONDS) as client:
                if point != FIRST_SEAL:
                    self._arm(client, f"{point}:{hit}")
                if group_of(point) == "stop":
                    self._stop(client, point)
                else:
                    self._nudge(client, point)
        except (ConnectionClosed, OSError):
            pass   # It is dying.
        try:
            self._server.process.wait(REACH_SECONDS)
        except subprocess.TimeoutExpired:
            raise CycleFailed(f"not reached within {REACH_SECONDS} s\n{self._server.log_text()[-1500:]}") from None
        if self._server.process.returncode not in (0, -signal.SIGKILL):
            raise CycleFailed(f"exit status {self._server.process.returncode}\n{self._server.log_text()[-1500:]}")

    @staticmethod
    def _arm(client, text):
        reply = client.call("DEBUG", "CRASH-POINT", text)
        if isinstance(reply, RespError):
            raise CycleFailed(f"DEBUG CRASH-POINT {text}: {reply}")

    @staticmethod
    def _stop(client, point):
        # In one turn: then the checkpoint has just been begun.
        client.pipeline([("BGSAVE",), ("SHUTDOWN",)] if point == "stop.checkpoint-removed" else [("SHUTDOWN",)])

    def _nudge(self, client, point):
        """Brings about what the load alone would bring late or never, until the connection breaks or it takes too long."""
        deadline = time.monotonic() + REACH_SECONDS
        self._ballast.drop_old(client)
        if group_of(point) == "frames":
            # Frames move between two checkpoints, and under this load there is hardly a moment without one.
            client.call("CONFIG", "SET", "checkpoint-log-size", "0")
        for turn in itertools.count():
            if time.monotonic() > deadline:
                return
            self._ballast.append(client, 20)
            if group_of(point) == "frames" and turn % SAVE_TURNS == SAVE_TURNS - 1:
                client.call("SAVE")
            if point == "segment.dropped":
                client.call("SET", "big", BIG_VALUE)
            time.sleep(NUDGE_SECONDS)

    # At the start

    def _at_start(self, point, _hit):
        """Starts the server on what it has to repair; False when it did not come to the point."""
        with self._server.client() as client:
            client.call("SET", "nudge", point)
        self._server.kill()
        self._spoil(point)
        if self._fault.is_power_loss:
            os.sync()
        reached = self._dies_at_start(self._server.directory, point)
        self._judge(History())
        return reached

    def _spoil(self, point):
        folder = self._server.directory
        if point == "start.frames-removed":
            number = max(data.numbered(folder, "frames"), default=0) + 1
            (folder / f"frames-0-{number:010}.frm").write_bytes(b"of a run that nobody remembers")
        if point not in ("start.tail-cut", "start.header-written"):
            return
        with open(data.used_segment(folder), "r+b") as segment:
            if point == "start.header-written":
                segment.seek(data.HEADER_COPY)
                segment.write(b"damaged")
            else:
                end = len(segment.read().rstrip(b"\0"))
                segment.seek(-(-end // data.LOG_ALIGNMENT) * data.LOG_ALIGNMENT)
                segment.write(b"the begin of a batch")

    def _dies_at_start(self, folder, point):
        try:
            self._target.start(folder, environment(point)).kill()
        except StartFailed as error:
            if f"exit status {-signal.SIGKILL}" not in str(error):
                raise
            return True
        return False

    def _at_first_start(self, point):
        """In a directory where nothing has been written yet."""
        self._close()
        folder = self._fault.new_directory()
        if not self._dies_at_start(folder, point):
            raise CycleFailed("not reached")
        self._fault.after_death()
        self._before, self._ballast = Snapshot(), _Ballast()
        self._server = self._target.start(folder, environment("later"))
        self._compare(History())

    # The verdict

    def _judge(self, history):
        """The server has died: what is on the disk is whole, and holds all that was promised."""
        self._server.kill()
        self._fault.after_death()
        status, words = data.leat_check(self._target.binary, self._server.directory)
        if status != 0:
            raise CycleFailed(f"leat check, status {status}: {words}")
        try:
            self._server.start()
        except StartFailed as error:
            raise CycleFailed(f"the server does not start again: {error}") from error
        self._compare(history)

    def _compare(self, history):
        after = read_back(self._server)
        self._ballast.check(after.values[0], self._is_strict)
        verdict = check(self._before, history, after, self._target.rules(self._is_strict))
        self.totals.add(history, verdict)
        require_clean(verdict, history)
        self._before = after
        self._require_tidy()

    def _require_tidy(self):
        """Soon nothing is there that nothing refers to. Files that a crash has left are removed one by one, and a checkpoint or the
        cleaning of a file may be under way."""
        deadline = time.monotonic() + TIDY_SECONDS
        saved, saved_at = "", 0.0
        with self._server.client() as client:
            while True:
                found = data.needless(self._server.directory, self._frame_files(client))
                # Names all that lives, and leaves the checkpoint before it to be removed: who asks for another one at once
                # may see that of each.
                if not found and time.monotonic() > saved_at + SAVE_SECONDS:
                    saved, saved_at = client.call("SAVE"), time.monotonic()   # An error: a checkpoint is being made.
                if not found:
                    found = data.noted(self._target.binary, self._server.directory) if saved == "OK" else [saved]
                if not found:
                    return
                if time.monotonic() > deadline:
                    raise CycleFailed("nothing refers to these: " + "; ".join(found))
                time.sleep(NUDGE_SECONDS)

    @staticmethod
    def _frame_files(client):
        return int(client.info("frames")["leat_frame_files"])
