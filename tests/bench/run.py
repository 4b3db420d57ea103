#!/usr/bin/python3
"""`leat bench` from outside: what it prints, when it refuses, what it leaves behind.

Runs are tiny; no test looks at how fast anything is. Redis is the server that is measured, so that these tests need
no server of ours; the one that starts Leat too is named for it.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report  # noqa: E402
from leatlib.server import REDIS_BINARY, Server  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ["--scale", "0.002"]
WORKLOADS = [
    "append pipeline=1",
    "append pipeline=16",
    "append pipeline=64",
    "group-read",
    "range pipeline=1",
    "delivery rate=20000 consumers=4",
    "delivery rate=1000 consumers=1",
]


class Bench:
    """Calls `leat bench` with a time limit."""

    def __init__(self, binary):
        self.binary = pathlib.Path(binary).resolve()

    def __call__(self, *arguments):
        return subprocess.run(
            [self.binary, "bench", *map(str, arguments)], capture_output=True, text=True, timeout=120
        )

    def start(self, *arguments):
        return subprocess.Popen(
            [self.binary, "bench", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: want {want!r}, got {got!r}")


def succeeded(result):
    equal(result.returncode, 0, f"exit status (stderr: {result.stderr.strip()})")
    return result.stdout


def refused(result, status, words):
    equal(result.returncode, status, f"exit status (stderr: {result.stderr.strip()})")
    if words not in result.stderr:
        raise AssertionError(f"stderr should say {words!r}: {result.stderr.strip()!r}")


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_every_workload_gives_figures_and_leaves_no_keys(bench, folder):
    with Server.redis(folder) as server:
        client = server.client()
        client.call("SET", "mine", "1")
        rows = objects(succeeded(bench("--port", server.port, "--json", *TINY)))
        equal(client.call("KEYS", "*"), [b"mine"], "keys afterwards")
    equal([row["workload"] for row in rows], WORKLOADS, "workloads")
    for row in rows:
        for figure in ("rate", "operations", "p50_us", "max_us"):
            assert row[figure] > 0, (figure, row)
        assert row["cpu_ns"] is None or row["cpu_ns"] > 0, row
        assert row["p50_us"] <= row["p99_us"] <= row["p999_us"] <= row["max_us"], row
        equal(row["mode"], "none", "mode")
        equal(row["ack_p50_us"] is not None, row["workload"].startswith("delivery"), "ack latency")


def test_csv_has_a_column_for_each_heading(bench, folder):
    with Server.redis(folder) as server:
        text = succeeded(bench("--port", server.port, "--csv", "--workload", "append,range", *TINY))
    heading, *rows = text.splitlines()
    equal([row.count(",") for row in rows], [heading.count(",")] * 4, "commas")


def test_requests_are_counted_exactly(bench, folder):
    with Server.redis(folder) as server:
        call = ["--port", server.port, "--json", "--workload", "append", "--pipeline", 7, "--connections", 3]
        (row,) = objects(succeeded(bench(*call, "--requests", 1000)))
    equal(row["operations"], 1000, "operations, though 7 does not divide 1000")


def test_an_error_reply_ends_the_run(bench, folder):
    with Server.redis(folder, maxmemory="1") as server:
        refused(bench("--port", server.port, "--workload", "append", *TINY), 1, "OOM command not allowed")


def test_a_password_is_needed_and_used(bench, folder):
    with Server.redis(folder, requirepass="secret") as server:
        call = ["--port", server.port, "--workload", "append", *TINY]
        refused(bench(*call), 1, "NOAUTH")
        refused(bench(*call, "--password", "wrong"), 1, "WRONGPASS")
        succeeded(bench(*call, "--password", "secret"))


class Forgetful(socketserver.StreamRequestHandler):
    """Acknowledges every XADD and stores nothing."""

    def handle(self):
        while header := self.rfile.readline():
            words = []
            for _ in range(int(header[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            answers = {b"XADD": b"$3\r\n1-1\r\n", b"XLEN": b":0\r\n", b"DEL": b":0\r\n"}
            self.wfile.write(answers.get(words[0], b"+OK\r\n"))


class ThreadedServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


def test_a_server_that_stores_nothing_has_no_figure(bench, folder):
    with ThreadedServer(("127.0.0.1", 0), Forgetful) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        call = ["--port", server.server_address[1], "--workload", "append", "--requests", 100]
        refused(bench(*call), 1, "acknowledged 110 entries and holds 0")
        server.shutdown()


def test_the_null_server_answers(bench, folder):
    null = bench.start("null")
    try:
        port = int(null.stdout.readline().rsplit(":", 1)[1])
        (row, *_) = objects(succeeded(bench("--port", port, "--json", "--workload", "append", *TINY)))
        assert row["rate"] > 0 and row["memory"] is None, row
    finally:
        null.kill()
        null.wait()


def test_the_null_server_closes_on_what_is_not_resp(bench, folder):
    null = bench.start("null")
    try:
        port = int(null.stdout.readline().rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            equal(connection.recv(100), b"", "what came back")
    finally:
        null.kill()
        null.wait()


def test_compare_gives_ratios_of_every_round(bench, folder):
    call = ["compare", "--servers", "redis,null", "--modes", "none,always", "--runs", 2, "--json", "--dir", folder]
    rows = objects(succeeded(bench(*call, "--workload", "append,range", *TINY)))
    runs = [row for row in rows if "run" in row]
    ratios = [row for row in rows if "null/redis" in row]
    equal(len(ratios), 8, "comparisons: 4 workloads in 2 modes")
    equal(len(runs), 2 * 2 * (3 * 2 + 1), "runs; range is nothing for the null server")
    for row in ratios:
        equal(row["null/redis"]["rate"] is not None, row["workload"].startswith("append"), row["workload"])
        equal(row["leat/redis"]["rate"], None, "a server that did not run")
    order = [row["server"] for row in runs[:4]]
    equal(order, ["redis", "null", "null", "redis"], "servers take turns, each round begins with another")
    equal(os.listdir(folder), [], "what is left behind")


def test_compare_leat(bench, folder):
    call = ["compare", "--runs", 1, "--json", "--dir", folder]
    rows = objects(succeeded(bench(*call, *TINY)))
    ratios = [row for row in rows if "null/redis" in row]
    equal(len(ratios), len(WORKLOADS) * 3, "comparisons")
    for row in ratios:
        assert row["leat/redis"]["rate"] > 0, row


def test_the_gate_opens_and_closes(bench, folder):
    bars = folder / "bars.txt"
    data = folder / "data"
    data.mkdir()
    call = ["compare", "--servers", "redis", "--runs", 1, "--modes", "none", "--workload", "range", *TINY]
    call += ["--dir", data, "--gate", bars]
    bars.write_text("range mode=none redis rate >= 1\nappend pipeline=1 mode=none redis rate >= 1\n")
    text = succeeded(bench(*call))
    assert "1 met, 0 missed, 1 not measured" in text, text
    bars.write_text("range mode=none redis rate >= 1\nrange mode=none redis p50_us <= 0\n")
    result = bench(*call)
    equal(result.returncode, 1, "exit status")
    assert "MISSED range mode=none redis p50_us <= 0" in result.stdout, result.stdout
    bars.write_text("append pipeline=1 mode=none redis rate >= 1\n")
    equal(bench(*call).returncode, 1, "exit status when no bar was measured")
    bars.write_text("range is fast\n")
    refused(bench(*call), 2, "line 1 is not a bar")


def test_the_bars_of_the_project_can_be_read(bench, folder):
    call = ["compare", "--servers", "redis", "--runs", 1, "--modes", "none", "--workload", "range", *TINY]
    text = bench(*call, "--dir", folder, "--gate", ROOT / "bench/bars.txt").stdout
    assert "not measured" in text, text


def test_an_interrupted_comparison_leaves_nothing(bench, folder):
    for sent in (signal.SIGINT, signal.SIGTERM):
        run = bench.start("compare", "--servers", "redis", "--runs", 100, "--dir", folder)
        deadline = time.monotonic() + 30
        servers = []
        while not servers and time.monotonic() < deadline:
            servers = started_in(folder)
            time.sleep(0.01)
        assert servers, "no server was started"
        os.kill(run.pid, sent)
        assert run.wait(timeout=30) != 0
        run.communicate()
        while started_in(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        equal(started_in(folder), [], "servers that still run")
        equal(os.listdir(folder), [], f"files after {sent.name}")


def started_in(folder):
    """Process ids of redis-servers that were started with a folder below `folder`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            working = os.readlink(entry / "cwd")
        except OSError:
            continue
        if b"redis-server" in command and working.startswith(str(folder)):
            found.append(int(entry.name))
    return found


def test_wrong_arguments_are_named(bench, folder):
    cases = [
        (["--requests"], 'wants a value'),
        (["--requests", "many"], '"many"'),
        (["--workload", "nothing"], '"nothing"'),
        (["--unknown", "1"], '"--unknown"'),
        (["compare", "--modes", "sometimes"], '"sometimes"'),
        (["compare", "--pin", "0"], "--pin wants"),
        (["compare", "--gate", folder / "none.txt"], "cannot be read"),
        (["null", "--port", "70000"], '"70000"'),
    ]
    for arguments, words in cases:
        refused(bench(*arguments), 2, words)


def test_servers_that_cannot_start_are_reported_with_their_log(bench, folder):
    call = ["compare", "--servers", "redis", "--dir", folder, "--redis"]
    refused(bench(*call, folder / "none"), 1, "No such file or directory")
    refused(bench(*call, "/bin/false"), 1, "ended at its start")
    equal(os.listdir(folder), [], "what is left behind")


def test_help_names_every_workload(bench, folder):
    for call in ([], ["compare"]):
        text = succeeded(bench(*call, "--help"))
        for workload in WORKLOADS:
            assert workload in text, workload


def main():
    parser = report.arguments(__doc__)
    options = parser.parse_args()
    results = report.Report(options.only)
    bench = Bench(options.leat)
    for name, test in list(globals().items()):
        if not name.startswith("test_") or not results.selected(name):
            continue
        if not pathlib.Path(REDIS_BINARY).exists():
            results.skip(name, f"{REDIS_BINARY} is not installed")
            continue
        folder = pathlib.Path(tempfile.mkdtemp(prefix="leat-bench-test-"))
        try:
            test(bench, folder)
            results.ok(name)
        except Exception as error:
            results.fail(name, f"{type(error).__name__}: {error}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
