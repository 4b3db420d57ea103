"""Starts a server of one's own for a test: Leat, or Debian's redis-server as the oracle.

A server listens on a free port of 127.0.0.1, keeps everything it writes inside the directory it is given (its output
in `server.log` there, appended over restarts), and is ended by its process id. What a test leaves running is killed
when the interpreter exits.
"""

import atexit
import pathlib
import signal
import socket
import subprocess
import time

from .resp import Client, ConnectionClosed, RespError

REDIS_BINARY = "/usr/bin/redis-server"
START_ATTEMPTS = 5

_running = set()


class StartFailed(Exception):
    """The server ended, or did not answer PING in time. The text ends with its log."""


def free_port():
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server. Use Server.leat or Server.redis, best as `with Server.leat(...) as server:`.

    Directives are keyword arguments, `_` for `-`: Server.leat(binary, directory, appendfsync="no", maxmemory="1mb").
    `port=N` fixes the port. `prefix` is put before the command (`["taskset", "-c", "1"]`)."""

    def __init__(self, command, directory, directives, prefix=(), ready_seconds=20.0):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self.process = None
        self._command = [*prefix, *map(str, command)]
        self.directives = dict(directives)
        self._ready_seconds = ready_seconds
        self.start()

    @classmethod
    def leat(cls, binary, directory, *, prefix=(), ready_seconds=20.0, **directives):
        """`binary serve --port N --dir DIRECTORY` and the directives."""
        binary = pathlib.Path(binary).resolve()
        return cls([binary, "serve"], directory, directives, prefix, ready_seconds)

    @classmethod
    def redis(cls, directory, *, prefix=(), ready_seconds=20.0, **directives):
        """redis-server without RDB snapshots unless `save` says otherwise."""
        return cls([REDIS_BINARY], directory, {"save": "", **directives}, prefix, ready_seconds)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def start(self):
        """Starts the process (again, after kill() or stop(), with the same directory) and waits until PING is
        answered. A port taken by somebody else in the meantime is replaced by another, unless it was given."""
        for attempt in range(START_ATTEMPTS):
            self.port = int(self.directives.get("port", 0)) or free_port()
            log_size = len(self.log_text())
            self._spawn()
            try:
                self._wait_ready()
                return
            except StartFailed:
                self.kill()
                taken = "in use" in self.log_text()[log_size:]
                if not taken or "port" in self.directives or attempt + 1 == START_ATTEMPTS:
                    raise

    def client(self, protocol=2, **options):
        return Client(self.port, protocol, **options)

    def memory(self, field):
        """Bytes of a field of the process' status: VmRSS is all that is resident, RssAnon what is no file's."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(field + ":"))

    def log_text(self):
        path = self.directory / "server.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self):
        """SIGKILL, and waits for the end. Nothing happens if it has ended."""
        self._end(signal.SIGKILL, 30.0)

    def stop(self, seconds=30.0):
        """SIGTERM, waits for the end and returns the exit status; SIGKILL and TimeoutExpired after `seconds`."""
        return self._end(signal.SIGTERM, seconds)

    def _spawn(self):
        fixed = {"port": self.port, "dir": self.directory.resolve(), "bind": "127.0.0.1"}
        arguments = []
        for name, value in {**self.directives, **fixed}.items():
            for one in value if isinstance(value, (list, tuple)) else [value]:
                arguments += [f"--{name.replace('_', '-')}", str(one)]
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                self._command + arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        _running.add(self)

    def _wait_ready(self):
        deadline = time.monotonic() + self._ready_seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartFailed(f"exit status {self.process.returncode}\n{self.log_text()[-4000:]}")
            if self._answers_ping():
                return
            time.sleep(0.01)
        raise StartFailed(f"no answer to PING in {self._ready_seconds} s\n{self.log_text()[-4000:]}")

    def _answers_ping(self):
        try:
            with Client(self.port, timeout=1.0) as client:
                reply = client.call("PING")
        except (OSError, ConnectionClosed):
            return False
        # With requirepass the refusal proves as well as PONG that commands are served.
        return reply == "PONG" or (isinstance(reply, RespError) and reply.code == "NOAUTH")

    def _end(self, number, seconds):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            _running.discard(self)


@atexit.register
def _kill_leftovers():
    for server in list(_running):
        server.kill()
