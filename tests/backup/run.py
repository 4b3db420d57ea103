#!/usr/bin/python3
"""leat backup and leat restore, with a real server: what a backup holds that is made under load, to which point it is restored,
and what is refused.

Every error must be one sentence on standard error and exit status 1.
"""

import datetime
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report
from leatlib.report import Failed
from leatlib.resp import RespError
from leatlib.server import Server, free_port

PATIENCE = 60.0
BACKUPS = 10
BACKUPS_MAX = 60
FEWER_BACKUPS = 4
OTHER_FILE_SYSTEM = pathlib.Path("/dev/shm")
SEGMENT = 1 << 20
# Checkpoints every few MB, so that some are published and their logs removed while backups are made.
BUSY = {"log_segment_size": SEGMENT, "checkpoint_log_size": "3mb"}
QUIET = {"log_segment_size": SEGMENT, "checkpoint_log_size": "0"}


def check(condition, why):
    if not condition:
        raise Failed(why)


def saves_of(client):
    """How many checkpoints the server has made since its start."""
    return int(client.info("persistence")["rdb_saves"])


class Producer(threading.Thread):
    """Appends entries that are numbered without gaps, some at a time, until it is told to stop."""

    def __init__(self, server, key):
        super().__init__()
        self.client, self.key = server.client(), key
        self.sent = self.acknowledged = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            batch = 20
            for number in range(self.sent, self.sent + batch):
                self.client.send("XADD", self.key, f"{number + 1}-0", "n", str(number), "filler", "x" * 300)
            self.sent += batch
            for _ in range(batch):
                self.client.read()
                self.acknowledged += 1


class Consumer(threading.Thread):
    """Reads the entries of a group in order and acknowledges them in order."""

    def __init__(self, server, key):
        super().__init__()
        self.client, self.key = server.client(), key
        self.client.call("XGROUP", "CREATE", key, "g", "0", "MKSTREAM")
        self.sent = self.acknowledged = 0  # Acknowledgements.
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            reply = self.client.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "10", "BLOCK", "20", "STREAMS", self.key, ">")
            for entry_id, _ in reply[0][1] if reply else []:
                self.sent += 1
                check(self.client.call("XACK", self.key, "g", entry_id) == 1, "XACK")
                self.acknowledged += 1


def ended(threads):
    for thread in threads:
        thread.stopping.set()
    for thread in threads:
        thread.join(PATIENCE)
        check(not thread.is_alive(), "a client hangs")
        thread.client.close()


def iso(seconds):
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


class Suite:
    """One test per method whose name starts with test_; each gets an empty directory of its own."""

    def __init__(self, leat, directory):
        self.leat, self.directory = pathlib.Path(leat).resolve(), directory

    def run(self, *arguments, **options):
        return subprocess.run([self.leat, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              cwd=self.directory, check=False, **options)

    def done(self, *arguments):
        ran = self.run(*arguments)
        check(ran.returncode == 0, f"{arguments}: {ran}")
        return ran.stdout

    def refused(self, part, *arguments, **options):
        ran = self.run(*arguments, **options)
        check(ran.returncode == 1, f"{arguments}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}")
        lines = ran.stderr.splitlines()
        check(len(lines) == 1 and part in lines[0], f"{arguments}: not one line with {part!r}:\n{ran.stderr}")

    def server(self, name="data", **directives):
        return Server.leat(self.leat, self.directory / name, **directives)

    def fill(self, server, count, first=0):
        with server.client() as client:
            for number in range(first, first + count):
                reply = client.call("XADD", "s", f"{number + 1}-0", "n", str(number))
                check(not isinstance(reply, RespError), reply)

    def backup(self, name="b"):
        return self.done("backup", self.directory / "data", self.directory / name)

    def numbers(self, name):
        """The entries of stream s that a server on the directory serves."""
        with self.server(name, **QUIET) as server, server.client() as client:
            reply = client.call("XRANGE", "s", "-", "+")
            check(server.stop() == 0, "unclean end")
        return [int(fields[1]) for _, fields in reply]

    def restored(self, *until, backup="b"):
        """How many entries a restoration up to a point holds; they are the first ones."""
        target = self.directory / "r"
        shutil.rmtree(target, ignore_errors=True)
        said = self.done("restore", self.directory / backup, target, *until)
        numbers = self.numbers("r")
        check(numbers == list(range(len(numbers))), f"not the first entries: {numbers[:5]}...")
        self.done("check", target)
        return len(numbers), said

    def _under_load(self, target_folder, backups, saves=0, **directives):
        """Backups while the server is written to: `backups`, and more until it has made that many checkpoints."""
        with self.server(**directives) as server, server.client() as client:
            consumer = Consumer(server, "a")
            producers = [Producer(server, key) for key in ("a", "b")]
            threads = [consumer, *producers]
            for thread in threads:
                thread.start()
            try:
                known = []
                while len(known) < backups or (saves_of(client) < saves and len(known) < BACKUPS_MAX):
                    time.sleep(0.15)
                    before = [t.acknowledged for t in threads]
                    self.done("backup", server.directory, target_folder / f"b{len(known)}")
                    known.append((before, [t.sent for t in threads]))
            finally:
                ended(threads)
            check(saves_of(client) >= saves, f"{saves_of(client)} checkpoints: they are what this is about")
            check(server.stop() == 0, "unclean end")
        for i, (before, after) in enumerate(known):
            self.done("check", target_folder / f"b{i}")
            self.done("restore", target_folder / f"b{i}", self.directory / f"r{i}")
            with self.server(f"r{i}", **directives) as copy, copy.client() as client:
                self._judge(client, before, after)
            shutil.rmtree(self.directory / f"r{i}")
            shutil.rmtree(target_folder / f"b{i}")
        check(known[-1][0][1] > known[0][0][1] + 1000, f"hardly any load: {known[0]} to {known[-1]}")

    def _judge(self, client, before, after):
        for key, least, most in zip("ab", before[1:], after[1:]):
            entries = client.call("XRANGE", key, "-", "+")
            check(least <= len(entries) <= most, f"{key}: {len(entries)} entries; {least} were acknowledged, {most} sent")
            check(all(entry_id == b"%d-0" % (i + 1) for i, (entry_id, _) in enumerate(entries)), f"{key}: a gap")
        group = dict(zip(*[iter(client.call("XINFO", "GROUPS", "a")[0])] * 2))
        delivered = int(group[b"last-delivered-id"].split(b"-")[0])
        acknowledged = delivered - int(group[b"pending"])
        check(before[0] <= acknowledged <= after[0], f"{acknowledged} of {before[0]} to {after[0]} acknowledgements")
        pending = client.call("XPENDING", "a", "g", "-", "+", "1")
        check(not pending or pending[0][0] == b"%d-0" % (acknowledged + 1), f"{pending} after {acknowledged}")

    def test_under_load(self):
        self._under_load(self.directory, BACKUPS, saves=3, **BUSY)

    def test_under_load_everysec(self):
        self._under_load(self.directory, FEWER_BACKUPS, appendfsync="everysec", stream_cache_size="1mb", **BUSY)

    def test_under_load_to_another_file_system(self):
        if not OTHER_FILE_SYSTEM.is_dir() or OTHER_FILE_SYSTEM.stat().st_dev == self.directory.stat().st_dev:
            return f"{OTHER_FILE_SYSTEM} is no other file system"
        with tempfile.TemporaryDirectory(dir=OTHER_FILE_SYSTEM) as folder:
            self._under_load(pathlib.Path(folder), FEWER_BACKUPS, **BUSY)
        return None

    def test_links_what_never_changes(self):
        with self.server(**QUIET) as server:
            with server.client() as client:
                client.call("SAVE")
                for i in range(40):
                    client.call("XADD", "s", f"{i + 1}-0", "n", str(i), "filler", "x" * 100_000)
            said = self.backup()
            first = {p.name: p.stat() for p in (self.directory / "b").iterdir()}
            linked = [name for name, stat in first.items() if stat.st_nlink == 2]
            check(len(linked) >= 3 and any(name.endswith(".ckp") for name in linked), f"linked: {linked}")
            check(f"{len(linked)} files linked" in said, said)
            # The server goes on and removes them; the backup stays.
            self.fill(server, 50, first=40)
            with server.client() as client:
                client.call("SAVE")
            check(server.stop() == 0, "unclean end")
        check(self.restored()[0] == 40, "the backup has changed")
        for stat in (p.stat() for p in (self.directory / "r").glob("log-*.seg")):
            check(stat.st_nlink == 1 and stat.st_blocks * 512 >= stat.st_size, f"space is missing: {stat}")

    def test_sealed_frames(self):
        directives = {**QUIET, "stream_cache_size": "1mb"}
        numbers = range(20_000)
        with self.server(**directives) as server, server.client() as client:
            for first in numbers[::1000]:
                client.pipeline([("XADD", "s", f"{n + 1}-0", "n", str(n), "filler", "x" * 900) for n in range(first, first + 1000)])
            check(client.call("SAVE") == "OK", "SAVE")
            frames = sorted(p.name for p in server.directory.glob("frames-*"))
            check(frames, "nothing was sealed: it is what this is about")
            self.fill(server, 10, first=len(numbers))
            self.backup()
            # The frames that the backup needs, the server does not need any more.
            client.call("DEL", "s")
            check(client.call("SAVE") == "OK", "SAVE")
            check(server.stop() == 0, "unclean end")
        self.done("check", self.directory / "b")
        self.done("restore", self.directory / "b", self.directory / "r", "--until-lsn", len(numbers) + 5)
        with self.server("r", **directives) as server, server.client() as client:
            client.set_timeout(PATIENCE)
            found = [int(fields[1]) for _, fields in client.call("XRANGE", "s", "-", "+")]
            check(found == list(range(len(numbers) + 4)), f"{len(found)} entries")

    def test_until_lsn(self):
        with self.server(**QUIET) as server:
            self.fill(server, 50)
            self.backup()
        check(self.restored()[0] == 50, "all")
        # The first XADD takes two records, as it makes the stream.
        for lsn, entries in ((51, 50), (50, 49), (31, 30), (2, 1), (1, 0), (0, 0)):
            if entries:
                check(self.restored("--until-lsn", lsn)[0] == entries, f"up to record {lsn}")
                continue
            shutil.rmtree(self.directory / "r")
            self.done("restore", self.directory / "b", self.directory / "r", "--until-lsn", lsn)
            with self.server("r", **QUIET) as server, server.client() as client:
                check(client.call("EXISTS", "s") == 0, f"up to record {lsn}")
        shutil.rmtree(self.directory / "r")
        self.refused("ends with record 51", "restore", self.directory / "b", self.directory / "r", "--until-lsn", 52)

    def test_until_time(self):
        moments = []
        with self.server(**QUIET) as server:
            for i in range(4):
                self.fill(server, 10, first=10 * i)
                time.sleep(0.05)
                moments.append(time.time())
                time.sleep(0.05)
            self.backup()
        for i, moment in enumerate(moments):
            for words in (iso(moment), str(int(moment * 1000))):
                entries, said = self.restored("--until-time", words)
                check(entries == 10 * (i + 1), f"up to {words}: {entries}")
            # What it says that it has reached leads there again.
            reached = re.search(r"\((\S+Z)\)", said).group(1)
            check(reached <= iso(moment), f"{reached} is later than {iso(moment)}")
            check(self.restored("--until-time", reached)[0] == 10 * (i + 1), f"up to {reached}")

    def test_before_the_checkpoint(self):
        with self.server(**QUIET) as server:
            self.fill(server, 10)
            before = time.time()
            time.sleep(0.05)
            with server.client() as client:
                check(client.call("SAVE") == "OK", "SAVE")
            self.fill(server, 10, first=10)
            self.backup()
        for until in (("--until-lsn", 10), ("--until-time", iso(before))):
            self.refused("begins with a checkpoint at record 11", "restore", self.directory / "b", self.directory / "r", *until)
            check(not (self.directory / "r").exists(), "it has begun")
        check(self.restored("--until-lsn", 11)[0] == 10, "up to the checkpoint")
        check(self.restored("--until-lsn", 13)[0] == 12, "behind the checkpoint")

    def test_original_and_copies_go_on(self):
        with self.server(**QUIET) as server:
            self.fill(server, 10)
            self.backup()
            self.fill(server, 5, first=10)
            check(server.stop() == 0, "unclean end")
        for name in ("r1", "r2"):
            self.done("restore", self.directory / "b", self.directory / name, "--until-lsn", 9)
        for name, length in (("data", 15), ("r1", 8), ("r2", 8)):
            check(self.numbers(name) == list(range(length)), name)
            with self.server(name, **QUIET) as server:
                self.fill(server, 5, first=length)
                with server.client() as client:
                    check(client.call("SAVE") == "OK", "SAVE")
                self.fill(server, 5, first=length + 5)
                server.kill()
            check(self.numbers(name) == list(range(length + 10)), f"{name} after a crash")
            self.done("check", self.directory / name)
        self.done("check", self.directory / "b")

    def test_backup_of_a_stopped_server(self):
        with self.server(**QUIET) as server:
            self.fill(server, 10)
            server.kill()
        self.backup()
        check(self.restored()[0] == 10, "entries are missing")

    def test_help_and_usage(self):
        check("leat backup" in self.done("--help") and "leat restore" in self.done("--help"), "leat --help")
        for command in ("backup", "restore"):
            check(f"leat {command}" in self.done(command, "--help"), f"leat {command} --help")
            for arguments in ([], ["d"], ["d", "t", "--nosuch"], ["--no-check", "d"]):
                check(self.run(command, *arguments).returncode == 2, f"{command} {arguments} should be a usage error")
        for words in ("2026-13-01T00:00:00Z", "2026-11-28", "yesterday", "2026-11-28T14:30:00.5Z"):
            check(self.run("restore", "b", "r", "--until-time", words).returncode == 2, words)

    def test_what_is_refused(self):
        empty, full = self.directory / "empty", self.directory / "full"
        empty.mkdir()
        full.mkdir()
        (full / "file").write_text("")
        for source in (self.directory / "missing", empty):
            self.refused("holds no data", "backup", source, self.directory / "b")
            self.refused("holds no data", "restore", source, self.directory / "r")
        with self.server(**QUIET) as server:
            self.fill(server, 10)
            self.refused("not empty", "backup", server.directory, full)
            self.refused("not empty", "backup", server.directory, server.directory)
            self.refused(f"in use by process {server.process.pid}", "restore", server.directory, self.directory / "r")
            self.done("backup", server.directory, empty)
            self.refused("not empty", "backup", server.directory, empty)
            self.refused("not empty", "restore", empty, full)
        # Without its superblock it is a backup that was not completed.
        (empty / "superblock").unlink()
        self.refused("not completed", "restore", empty, self.directory / "r")
        self.refused("superblock", "serve", "--dir", empty, "--port", free_port())
        check(self.run("check", empty).returncode == 1, "check takes it for whole")

    def test_damage(self):
        with self.server(**QUIET) as server:
            self.fill(server, 100)
            check(server.stop() == 0, "unclean end")
        segment = self.directory / "data" / "log-0-0000000001.seg"
        whole = segment.read_bytes()
        with open(segment, "r+b") as log:
            log.seek(3 * 4096)
            log.write(b"\xff" * 64)
        self.refused(segment.name, "backup", self.directory / "data", self.directory / "b", "--no-check")
        segment.write_bytes(whole)
        shutil.rmtree(self.directory / "b")
        self.backup()
        with open(self.directory / "b" / segment.name, "r+b") as log:
            log.seek(3 * 4096)
            log.write(b"\xff" * 64)
        self.refused(segment.name, "restore", self.directory / "b", self.directory / "r")
        check(not (self.directory / "r").exists(), "it has begun")

    def test_full_disk(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT // 2, SEGMENT // 2))

        with self.server(**QUIET) as server:
            with server.client() as client:
                for i in range(12):
                    client.call("XADD", "s", f"{i + 1}-0", "n", str(i), "filler", "x" * 100_000)
            check(server.stop() == 0, "unclean end")
        before = {p.name: p.read_bytes() for p in (self.directory / "data").iterdir()}
        self.refused("File too large", "backup", self.directory / "data", self.directory / "b", preexec_fn=small_files)
        check(before == {p.name: p.read_bytes() for p in (self.directory / "data").iterdir()}, "the source has changed")
        self.refused("not completed", "restore", self.directory / "b", self.directory / "r")
        shutil.rmtree(self.directory / "b")
        self.backup()
        self.refused("File too large", "restore", self.directory / "b", self.directory / "r", preexec_fn=small_files)
        self.refused("superblock", "serve", "--dir", self.directory / "r", "--port", free_port())


def main():
    return report.run_methods(Suite, report.arguments(__doc__.split("\n", 1)[0]).parse_args())


if __name__ == "__main__":
    sys.exit(main())
