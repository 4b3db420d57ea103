"""`leat backup` and `leat restore` killed at each of their crash points: the source goes on, the target is whole or refused.

With power loss the source is a directory on which no server runs.
"""

import os
import shutil
import signal
import subprocess

import directory as data
from cycles import CycleFailed, prepare, read_back
from history import History
from leatlib.server import free_port
from load import Load
from points import ballast, environment, group_of
from snapshot import Snapshot
from workload import Workload

LOAD_SECONDS = 0.3
COMMAND_SECONDS = 30
BALLAST_ENTRIES = 600   # Several segments and sealed frames.
WHOLE_FROM = ("copy.superblock-renamed", "copy.finished")
IS_SURE = "copy.finished"   # Even when the power goes.
MARK = b"mark"              # A key that shows that the source goes on.


class Copies:
    def __init__(self, target, fault, seed, say):
        self._target, self._fault, self._seed, self._say = target, fault, seed, say
        self._folder = self._server = self._state = None
        self._marks = 0

    def run(self, points):
        """Dies at each of `points`, [(name, hit)]. Raises CycleFailed."""
        try:
            self._prepare()
            for point, hit in points:
                for command in ("backup", "restore") if group_of(point) == "copy" else ("backup",):
                    try:
                        self._at(command, point, hit)
                    except CycleFailed as error:
                        raise CycleFailed(f"{command} at {point}:{hit}: {error}") from error
            self._source_is_whole()
        finally:
            if self._server:
                self._server.kill()

    def _prepare(self):
        """A source with a checkpoint, frames and several segments; a backup of it, and one that is damaged."""
        directory = self._fault.new_directory()
        self._folder = directory.parent
        self._server = self._target.start(directory)
        history, workload = History(), Workload(self._seed, "copied", Snapshot())
        prepare(self._server, history, workload)
        load = Load(self._server.port, history, workload.actors())
        load.run(load.stop, LOAD_SECONDS)
        with self._server.client() as client:
            self._append_ballast(client)
            while client.call("SAVE") != "OK":   # While another checkpoint is made.
                pass
            self._append_ballast(client)
        self._state = self._contents(self._server)
        if self._fault.is_power_loss:
            self._server.kill()
        self._leat("backup", self._server.directory, self._folder / "backup")
        damaged = self._folder / "damaged"
        shutil.copytree(self._folder / "backup", damaged)
        # The newest frame file can't be opened, so each attempt to hold all files is given up.
        (damaged / f"frames-0-{9999:010}.frm").symlink_to("nowhere")
        if not data.numbered(damaged, "frames") or not (damaged / "manifest-0").exists():
            raise CycleFailed("the source has no checkpoint, or no frames")
        os.sync()

    @staticmethod
    def _append_ballast(client):
        client.pipeline([("XADD", "ballast", "*", "f", value) for value in ballast(0, BALLAST_ENTRIES)])

    @staticmethod
    def _contents(server):
        """Everything, but for what expires and for the mark."""
        found = read_back(server)
        lasting = {database: {key: value for key, value in keys.items() if value[1] is None and key != MARK}
                   for database, keys in found.values.items()}
        return found.streams, lasting

    def _run(self, *arguments, prefix=()):
        return subprocess.run([*prefix, str(self._target.binary), *map(str, arguments)], capture_output=True, text=True,
                              timeout=COMMAND_SECONDS, check=False)

    def _leat(self, *arguments):
        ran = self._run(*arguments)
        if ran.returncode != 0:
            raise CycleFailed(f"{arguments}: {ran}")

    def _refused(self, part, *arguments):
        try:
            ran = self._run(*arguments)
        except subprocess.TimeoutExpired as error:
            raise CycleFailed(f"{arguments} should be refused, and goes on: {error}") from error
        if ran.returncode != 1 or part not in ran.stderr:
            raise CycleFailed(f"{arguments} should be refused with {part!r}: {ran}")

    def _at(self, command, point, hit):
        source = self._folder / "backup" if command == "restore" else self._server.directory
        if point == "backup.removed":
            source = self._folder / "damaged"
        copy = self._folder / "copy"
        ran = self._run(command, source, copy, prefix=environment(f"{point}:{hit}"))
        reached = ran.returncode == -signal.SIGKILL
        if not reached and (hit == 1 or ran.returncode != 0):
            raise CycleFailed(f"not reached: {ran}")
        self._fault.after_death()
        outcome = self._judge(copy, source, command)
        is_sure = not reached or point == IS_SURE or (point in WHOLE_FROM and not self._fault.is_power_loss)
        is_possible = not reached or point in WHOLE_FROM
        if (outcome == "whole") != is_sure and not (is_possible and self._fault.is_power_loss):
            raise CycleFailed(f"the target is {outcome}")
        self._source_goes_on()
        self._say(f"{command} at {point}:{hit}: {outcome}")
        shutil.rmtree(copy, ignore_errors=True)

    def _judge(self, copy, source, command):
        """absent, refused or whole; a target that is something else is a failure."""
        if not copy.exists() or not os.listdir(copy):
            return "absent"
        if source.name != "damaged":
            self._refused("not empty", command, source, copy)
        if not (copy / "superblock").exists():
            files = sorted(os.listdir(copy))
            self._refused("no superblock", "restore", copy, self._folder / "restored")
            self._refused("no superblock", "serve", "--dir", copy, "--port", free_port())
            if sorted(name for name in os.listdir(copy) if name != "LOCK") != files:
                raise CycleFailed(f"what is refused was changed: {files} before, {os.listdir(copy)} now")
            return "refused"
        status, words = data.leat_check(self._target.binary, copy)
        if status != 0:
            raise CycleFailed(f"leat check, status {status}: {words}")
        with self._target.start(copy) as server:
            if self._contents(server) != self._state:
                raise CycleFailed("the copy is not what was copied")
        return "whole"

    def _source_goes_on(self):
        if self._fault.is_power_loss:
            return
        with self._server.client() as client:
            if client.call("SET", MARK, str(self._marks + 1)) != "OK":
                raise CycleFailed("the source does not go on")
        self._marks += 1

    def _source_is_whole(self):
        """Whatever was done above it: it has all that it had."""
        self._server.kill()
        for directory in (self._server.directory, self._folder / "backup"):
            status, words = data.leat_check(self._target.binary, directory)
            if status != 0:
                raise CycleFailed(f"leat check {directory}, status {status}: {words}")
        self._server.start()
        if self._contents(self._server) != self._state:
            raise CycleFailed("the source has changed")
        with self._server.client() as client:
            mark = client.call("GET", MARK)
        if mark != (str(self._marks).encode() if self._marks else None):
            raise CycleFailed(f"the source shows the mark {mark}, {self._marks} was acknowledged")
