#!/usr/bin/python3
"""Starting and stopping: the command line, configuration files, reasons not to start, clean ends, limits by time.

Every reason not to start must be one sentence on standard error and a non-zero exit status.
"""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report
from leatlib.report import Failed
from leatlib.resp import Client, ConnectionClosed, RespError, encode
from leatlib.server import Server, free_port

PATIENCE = 20.0
STOP_SECONDS = 10.0
DEBIAN_CONFIG = pathlib.Path("/etc/redis/redis.conf")


def check(condition, why):
    if not condition:
        raise Failed(why)


def wait_ready(process):
    """The lines that a starting server prints, up to the one that says it is ready."""
    lines = []
    while not lines or "Ready to accept connections" not in lines[-1]:
        lines.append(process.stdout.readline())
        check(lines[-1], f"it ended: {lines}")
    return lines


def receive_until(plain, end):
    received = b""
    while not received.endswith(end):
        part = plain.recv(4096)
        check(part, f"closed after {received!r}")
        received += part
    return received


class ConfiguredServer:
    """`leat serve FILE`, ready; ended cleanly."""

    def __init__(self, leat, config, port, data):
        self.arguments = [leat, "serve", str(config), "--port", str(port), "--dir", str(data)]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        wait_ready(self.process)
        return self

    def __exit__(self, kind, *rest):
        self.process.terminate()
        check(self.process.wait(STOP_SECONDS) == 0 or kind is not None, "unclean end")


class Suite:
    """One test per method whose name starts with test_; each gets an empty directory of its own."""

    def __init__(self, leat, directory):
        self.leat, self.directory = pathlib.Path(leat).resolve(), directory

    def run(self, *arguments):
        return subprocess.run([self.leat, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE,
                              cwd=self.directory, check=False)

    def refused(self, part, *arguments):
        """`leat serve ...` ends with status 1 and one sentence on standard error that contains `part`."""
        done = self.run("serve", *arguments)
        check(done.returncode == 1, f"{arguments}: exit status {done.returncode}\n{done.stderr}")
        lines = done.stderr.splitlines()
        check(len(lines) == 1 and part in lines[0], f"{arguments}: not one line with {part!r}:\n{done.stderr}")

    def server(self, **directives):
        return Server.leat(self.leat, self.directory / "data", **directives)

    def test_help_and_version(self):
        for arguments, part in ((["--help"], "leat serve"), (["serve", "--help"], "appendfsync"),
                                (["check", "--help"], "Verifies"), (["--version"], "leat ")):
            done = self.run(*arguments)
            check(done.returncode == 0 and part in done.stdout, f"{arguments}: {done}")
        for arguments in ([], ["nosuch"], ["check"]):
            check(self.run(*arguments).returncode == 2, f"{arguments} should be a usage error")

    def test_bad_options_and_files(self):
        self.refused("unknown directive 'nosuch'", "--nosuch", "1")
        self.refused("'port' can't be 'x'", "--port", "x")
        self.refused("'port' needs a value", "--port")
        self.refused("can't read the configuration file", "missing.conf")
        config = self.directory / "bad.conf"
        config.write_text("# fine\n\nappendfsync sometimes\n")
        self.refused(f"{config}, line 3: 'appendfsync' can't be 'sometimes'", config)

    def test_unusable_directories(self):
        file = self.directory / "file"
        file.write_text("")
        self.refused(str(file), "--dir", file / "below", "--port", free_port())
        if os.geteuid() != 0:
            locked = self.directory / "locked"
            locked.mkdir(mode=0o500)
            self.refused(str(locked), "--dir", locked, "--port", free_port())

    def test_tools_take_any_path(self):
        """CVE-2025-27151: a tool copied the path it was given into a buffer of fixed size."""
        for path in ("x" * 5000, "/".join(["y" * 200] * 30), "%s%n%x", "line\nend", "\x01\x7f", "", "a/../" * 1000):
            for command in (["check", path], ["backup", path, "target"], ["restore", path, "target"]):
                done = self.run(*command)
                check(done.returncode in (1, 2), f"{command[0]} of {path!r:.80}: exit status {done.returncode}")
                check(done.stderr.strip(), f"{command[0]} of {path!r:.80} says nothing")

    def test_port_and_directory_in_use(self):
        with self.server() as server:
            self.refused("in use", "--dir", self.directory / "other", "--port", server.port)
            self.refused(f"in use by process {server.process.pid}", "--dir", server.directory, "--port", free_port())
            check(self.run("check", server.directory).returncode == 1, "check reads below a running server")

    def test_damaged_log(self):
        with self.server() as server:
            with server.client() as client:
                for i in range(100):
                    client.call("XADD", "s", "*", "n", str(i))
            check(server.stop() == 0, "unclean stop")
        check(self.run("check", server.directory).returncode == 0, "a clean directory is called damaged")
        segment = sorted((self.directory / "data").glob("log-*.seg"))[0]
        with open(segment, "r+b") as log:
            log.seek(3 * 4096)
            log.write(b"\xff" * 64)
        self.refused(segment.name, "--dir", server.directory, "--port", free_port())
        done = self.run("check", server.directory)
        check(done.returncode == 1 and "damage" in done.stdout, f"check: {done}")

    def test_damaged_frames(self):
        with self.server(**{"stream-cache-size": "1mb"}) as server:
            with server.client() as client:
                for i in range(3000):
                    client.call("XADD", "s", f"{i + 1}-0", "n", os.urandom(1000).hex())
                check(client.call("SAVE") == "OK", "SAVE")
                check(client.call("XLEN", "s") == 3000, "XLEN")
            check(server.stop() == 0, "unclean stop")
        done = self.run("check", server.directory)
        check(done.returncode == 0 and "good frames" in done.stdout, f"a clean directory is called damaged: {done}")
        frames = sorted((self.directory / "data").glob("frames-*.frm"))[0]
        with open(frames, "r+b") as file:
            file.seek(100_000)
            file.write(b"\xff" * 64)
        done = self.run("check", server.directory)
        check(done.returncode == 1 and f"damage: {frames}" in done.stdout, f"check: {done}")
        with self.server() as server, server.client() as client:
            error = client.call("XRANGE", "s", "-", "+")
            check(isinstance(error, RespError) and "can't be read" in str(error), f"served: {str(error)[:200]}")
            check(len(client.call("XRANGE", "s", "2900-0", "+")) == 101, "what is whole is not served")
        os.truncate(frames, 100_000)
        self.refused(frames.name, "--dir", server.directory, "--port", free_port())

    def test_start_says_what_holds(self):
        with self.server(appendfsync="everysec", hz="20") as server:
            text = server.log_text()
        for part in (f"Listening on 127.0.0.1:{server.port}", f"Data is in {server.directory}", "power failure",
                     "without effect: hz", f"redis-cli -p {server.port}", "Ready to accept connections"):
            check(part in text, f"{part!r} is missing in\n{text}")

    def test_debian_redis_conf(self):
        if not DEBIAN_CONFIG.exists() or not os.access(DEBIAN_CONFIG, os.R_OK):
            return "there is no readable /etc/redis/redis.conf"
        port, data = free_port(), self.directory / "data"
        done = self.run("serve", DEBIAN_CONFIG, "--dir", data, "--port", port, "--pidfile", "leat.pid",
                        "--logfile", "leat.log")  # It says `daemonize yes`.
        check(done.returncode == 0, f"exit status {done.returncode}\n{done.stderr}")
        process = int((data / "leat.pid").read_text())
        with Client(port) as client:
            check(client.call("PING") == "PONG", "no answer")
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while (data / "leat.pid").exists():
            check(time.monotonic() < deadline, "the pid file stays")
            time.sleep(0.01)
        check("bye bye" in (data / "leat.log").read_text(), "no clean end")
        return None

    def test_daemon_that_can_not_start_says_so(self):
        with self.server() as server:
            self.refused("in use", "--daemonize", "yes", "--dir", self.directory / "other", "--port", server.port,
                         "--logfile", self.directory / "log")

    def test_unix_socket(self):
        path = self.directory / "leat.sock"
        with self.server(unixsocket=str(path), unixsocketperm="770"):
            check(path.stat().st_mode & 0o777 == 0o770, f"permissions {path.stat().st_mode:o}")
            with socket.socket(socket.AF_UNIX) as plain:
                plain.connect(str(path))
                plain.sendall(b"PING\r\n")
                check(plain.recv(100) == b"+PONG\r\n", "no answer")

    def test_unix_socket_alone(self):
        """Without TCP, over the file that a killed server has left."""
        path = self.directory / "leat.sock"
        with self.server(unixsocket=str(path)) as killed:
            killed.kill()
        check(path.is_socket(), "the killed server's socket is gone: nothing is tested")
        data = self.directory / "data"
        process = subprocess.Popen([self.leat, "serve", "--port", "0", "--unixsocket", "../leat.sock", "--dir", str(data)],
                                   stdout=subprocess.PIPE, text=True)
        try:
            lines = wait_ready(process)
            check(any("unix socket" in line for line in lines), f"no address: {lines}")
            with socket.socket(socket.AF_UNIX) as plain:
                plain.settimeout(PATIENCE)
                plain.connect(str(path))
                plain.sendall(b"CLIENT INFO\r\n")
                line = receive_until(plain, b"\n\r\n").decode()
                check(f" addr={data}/../leat.sock:0 " in line or f" addr={path}:0 " in line, line)
                check(" flags=U " in line, line)
                address = line.split(" addr=")[1].split()[0]
                plain.sendall(f"CLIENT KILL ADDR {address} SKIPME no\r\n".encode())
                check(receive_until(plain, b"\r\n") == b":1\r\n", "the address names nobody")
                check(plain.recv(1) == b"", "the killed client's connection stays")
        finally:
            process.terminate()
            check(process.wait(STOP_SECONDS) == 0, "unclean end")
        check(not path.exists(), "the socket's file stays after a clean end")

    def test_rewritten_config_starts_the_same(self):
        config = self.directory / "leat.conf"
        config.write_text("# mine\ntimeout 7\n")
        port = free_port()
        for timeout in ("7", "9"):
            with ConfiguredServer(self.leat, config, port, self.directory / "data"), Client(port) as client:
                check(client.call("CONFIG", "GET", "timeout")[1] == timeout.encode(), "another timeout")
                client.call("CONFIG", "SET", "timeout", "9", "requirepass", "a b")
                check(client.call("CONFIG", "REWRITE") == "OK", "no rewrite")
                client.call("CONFIG", "SET", "requirepass", "")
                client.call("CONFIG", "REWRITE")
        check(config.read_text().startswith("# mine\ntimeout 9\n"), config.read_text())

    def test_config_rewrite_keeps_what_it_does_not_change(self):
        config = self.directory / "leat.conf"
        text = "# a comment\n\nloglevel verbose\nhz 20\nclient-output-buffer-limit pubsub 1mb 512kb 30\nslowlog-max-len 7\n"
        config.write_text(text)
        port = free_port()
        with ConfiguredServer(self.leat, config, port, self.directory / "data"), Client(port) as client:
            check(client.call("CONFIG", "SET", "slowlog-max-len", "9", "requirepass", 'a "b" \\ \x01') == "OK", "CONFIG SET")
            check(client.call("CONFIG", "REWRITE") == "OK", "no rewrite")
            lines = config.read_text().splitlines()
            check(lines[:4] == ["# a comment", "", "loglevel verbose", "hz 20"], config.read_text())
            check("slowlog-max-len 9" in lines and 'requirepass "a \\"b\\" \\\\ \\x01"' in lines, config.read_text())
            check(not list(self.directory.glob("*.rewrite")), "a temporary file stays")
            first = config.read_text()
            check(client.call("CONFIG", "REWRITE") == "OK" and config.read_text() == first, "a second rewrite differs")
        with ConfiguredServer(self.leat, config, port, self.directory / "data"), Client(port) as client:
            check(client.call("AUTH", 'a "b" \\ \x01') == "OK", "another password")
            limits = client.call("CONFIG", "GET", "client-output-buffer-limit")[1]
            check(b"pubsub 1048576 524288 30" in limits, limits)

    def test_config_rewrite_that_fails_changes_nothing(self):
        folder = self.directory / "etc"
        folder.mkdir()
        config = folder / "leat.conf"
        config.write_text("timeout 7\n")
        port = free_port()
        with ConfiguredServer(self.leat, config, port, self.directory / "data"), Client(port) as client:
            (folder / "leat.conf.rewrite" / "full").mkdir(parents=True)  # Where the new file would be written.
            check(client.call("CONFIG", "SET", "timeout", "8") == "OK", "CONFIG SET")
            reply = client.call("CONFIG", "REWRITE")
            check(isinstance(reply, RespError) and reply.startswith("ERR Rewriting config file: "), repr(reply))
            check(config.read_text() == "timeout 7\n", config.read_text())
            check(client.call("PING") == "PONG", "no answer afterwards")

    def stop_under_load(self, number):
        """Writers keep pipelines full while the server is told to end. What was answered must be there afterwards,
        and what was answered is whole replies."""
        with self.server() as server:
            answered, started = [0] * 4, threading.Barrier(5)

            def write(i):
                client = server.client()
                request = b"".join(encode("XADD", f"s{i}", "*", "f", "v" * 100) for _ in range(64))
                started.wait()
                try:
                    while True:
                        client.send_raw(request)
                        for _ in range(64):
                            check(not isinstance(client.read(), RespError), "an error")
                            answered[i] += 1
                except (ConnectionClosed, OSError):
                    return

            writers = [threading.Thread(target=write, args=(i,)) for i in range(4)]
            for writer in writers:
                writer.start()
            started.wait()
            while min(answered) < 64:
                time.sleep(0.001)
            begin = time.monotonic()
            server.process.send_signal(number)
            check(server.process.wait(STOP_SECONDS) == 0, f"exit status {server.process.returncode}")
            check(time.monotonic() - begin < 5, "the end took longer than 5 s")
            for writer in writers:
                writer.join()
            server.start()
            with server.client() as client:
                for i, count in enumerate(answered):
                    length = client.call("XLEN", f"s{i}")
                    check(length >= count, f"{count} answered, {length} there")

    def test_sigterm_under_load(self):
        self.stop_under_load(signal.SIGTERM)

    def test_sigint_under_load(self):
        self.stop_under_load(signal.SIGINT)

    def test_sigterm_with_a_client_that_does_not_read(self):
        with self.server() as server:
            with server.client() as client:
                client.call("SET", "large", "x" * (8 << 20))
            lazy = server.client()
            for _ in range(8):
                lazy.send("GET", "large")
            with server.client() as client:
                check(client.call("PING") == "PONG", "no answer")
            begin = time.monotonic()
            check(server.stop(STOP_SECONDS) == 0, "unclean end")
            check(time.monotonic() - begin < 5, "a client that does not read holds the end up")

    def test_shutdown(self):
        """Each form ends the server, answers nothing, and loses nothing, whatever NOSAVE says."""
        forms = (["SHUTDOWN"], ["shutdown", "nosave"], ["SHUTDOWN", "SAVE"], ["SHUTDOWN", "NOW", "FORCE"], ["SHUTDOWN", "NOSAVE", "NOW"])
        with self.server(appendfsync="no") as server:
            for number, form in enumerate(forms, 1):
                client, waiting = server.client(), server.client()
                waiting.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
                check(client.call("INCR", "ends") == number, f"before {form}: something is lost")
                client.send(*form)
                for one in (client, waiting):
                    try:
                        check(False, f"{form} answered {one.read()!r}")
                    except (ConnectionClosed, OSError):
                        pass
                check(server.process.wait(STOP_SECONDS) == 0, f"{form}: unclean end")
                server.start()
            with server.client() as client:
                check(client.call("GET", "ends") == str(len(forms)).encode(), "the last end lost something")

    def test_idle_clients_are_closed(self):
        with self.server(timeout="1") as server:
            idle, waiting = server.client(), server.client()
            waiting.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
            idle.set_timeout(10)
            try:
                check(False, f"an idle client got {idle.read()!r}")
            except ConnectionClosed:
                pass
            with server.client() as client:
                client.call("XADD", "s", "1-1", "f", "v")
            check(waiting.read()[0][0] == b"s", "a waiting client was closed")

    def test_who_does_not_authenticate_is_closed(self):
        with self.server(requirepass="sesame") as server:
            client, known = server.client(), server.client()
            check(known.call("AUTH", "sesame") == "OK", "AUTH")
            client.set_timeout(20)
            begin = time.monotonic()
            try:
                check(False, f"got {client.read()!r}")
            except ConnectionClosed:
                pass
            check(8 < time.monotonic() - begin < 14, f"closed after {time.monotonic() - begin:.1f} s")
            check(known.call("PING") == "PONG", "the other one was closed as well")

    def test_waitaof_waits_for_the_disk(self):
        with self.server(appendfsync="no") as server:
            with server.client() as client:
                client.call("SET", "a", "1")
                check(client.call("WAITAOF", "1", "0", "5000") == [1, 0], "not on disk")
                facts = client.info("persistence")
                check(facts["leat_last_lsn"] == facts["leat_durable_lsn"], facts)

    def test_info_tells_the_longest_turn(self):
        with self.server() as server:
            self._fill(server, 50_000)
            with server.client() as client:
                names = ("eventloop_cycles", "eventloop_duration_sum", "leat_longest_turn_usec")
                cycles, spent, longest = (int(client.info("stats")[name]) for name in names)
                check(cycles > 0 and 0 < spent / cycles <= longest + 1 and longest <= spent, (cycles, spent, longest))
                check(client.call("CONFIG", "RESETSTAT") == "OK", "RESETSTAT")
                anew = client.info("stats")
                check(int(anew["eventloop_cycles"]) < cycles and int(anew["eventloop_duration_sum"]) < spent, anew)

    def _fill(self, server, entries):
        """That many entries of 100 bytes in the stream `s`."""
        batch = 5000
        request = encode("XADD", "s", "*", "field", "v" * 100) * batch
        with server.client() as client:
            for _ in range(entries // batch):
                client.send_raw(request)
                for _ in range(batch):
                    client.read()

    def _loading(self, arguments):
        """A server that loads; connected, and not served yet."""
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while "Listening on" not in (line := process.stdout.readline()):
            check(line, "it ended")
        return process

    def test_commands_while_loading(self):
        with self.server(appendfsync="no") as server:
            self._fill(server, 1_000_000)
            check(server.stop() == 0, "unclean end")
            arguments = [self.leat, "serve", "--port", str(server.port), "--dir", str(self.directory / "data")]
        process = self._loading(arguments)
        try:
            with Client(server.port) as client:
                reply = client.call("XLEN", "s")
                check(isinstance(reply, RespError) and str(reply) == "LOADING Redis is loading the dataset in memory",
                      f"not loading: {reply!r}")
                facts = client.info("persistence")
                check(facts["loading"] == "1", facts)
                check(0 < int(facts["loading_loaded_bytes"]) < int(facts["loading_total_bytes"]), facts)
                check(client.call("SELECT", "1") == "OK" and client.call("SELECT", "0") == "OK", "SELECT")
                wait_ready(process)
                check(client.call("XLEN", "s") == 1_000_000, "entries are missing")
                check(client.info("persistence")["loading"] == "0", "still loading")
        finally:
            process.terminate()
            check(process.wait(STOP_SECONDS) == 0, "unclean end")
        process = self._loading(arguments)
        process.terminate()
        check(process.wait(2) == 0, "SIGTERM while loading")
        check("nothing has changed" in process.stdout.read(), "it was not loading")


def main():
    return report.run_methods(Suite, report.arguments(__doc__.split("\n", 1)[0]).parse_args())


if __name__ == "__main__":
    sys.exit(main())
