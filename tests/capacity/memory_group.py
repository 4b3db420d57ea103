"""A control group with a limit of memory, of whichever version the machine has."""

import contextlib
import os
import pathlib
import time

ROOT = pathlib.Path("/sys/fs/cgroup")
REMOVE_S = 10


class Unavailable(Exception):
    """Why there can be no such group here."""


class MemoryGroup:
    """Made at once, removed by close(). The files of version 2 and version 1 have other names for the same things."""

    def __init__(self, limit):
        if os.geteuid() != 0:
            raise Unavailable("needs root")
        self.limit = limit
        name = f"leat-capacity-{os.getpid()}"
        controllers = ROOT / "cgroup.controllers"
        self._is_v2 = controllers.exists() and "memory" in controllers.read_text().split()
        if not self._is_v2 and not (ROOT / "memory/memory.limit_in_bytes").exists():
            raise Unavailable("there is no control group of memory")
        self._path = ROOT / name if self._is_v2 else ROOT / "memory" / name
        try:
            self._make()
        except OSError as error:
            self.close()
            raise Unavailable(f"no control group can be made: {error}") from error

    def _make(self):
        if self._is_v2 and "memory" not in (ROOT / "cgroup.subtree_control").read_text().split():
            (ROOT / "cgroup.subtree_control").write_text("+memory")
        self._path.mkdir()
        self._write("memory.max" if self._is_v2 else "memory.limit_in_bytes", self.limit)
        # Where there is swap, none of it: the group would be larger than its limit.
        with contextlib.suppress(OSError):
            self._write(*(("memory.swap.max", 0) if self._is_v2 else ("memory.memsw.limit_in_bytes", self.limit)))

    def _write(self, file, value):
        (self._path / file).write_text(str(value))

    def _number(self, file, key):
        for line in (self._path / file).read_text().splitlines():
            if line.startswith(key + " "):
                return int(line.split()[1])
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """To be called when its processes have ended."""
        until = time.monotonic() + REMOVE_S
        while self._path.exists():
            try:
                self._path.rmdir()
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def prefix(self):
        """What is put before a command that is to run inside."""
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._path / "cgroup.procs")]

    def kills(self):
        """How many processes the limit has killed."""
        return self._number("memory.events" if self._is_v2 else "memory.oom_control", "oom_kill")

    def anonymous(self):
        """Bytes that are no copy of a file: what can't be given back."""
        return self._number("memory.stat", "anon" if self._is_v2 else "rss")

    def shows_itself(self, pid):
        """Whether the process finds its group below the mount, as it does unless a container hides the path."""
        wanted = "" if self._is_v2 else "memory"
        for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, names, path = line.split(":", 2)
            if names == wanted:
                return path == "/" + self._path.name
        return False
