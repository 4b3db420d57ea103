#!/usr/bin/python3
"""Runs examples/orders with each client library and compares what comes out with a plain computation over the file.

Each library twice: undisturbed (but for the worker that the job itself kills), and disturbed: the server is killed by
SIGKILL while the producer appends and again while dead letters are written, and restarted on the same directory; and lines
are appended a second time, as a producer does whose replies were lost."""

import csv
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from leatlib import report  # noqa: E402
from leatlib.resp import Client  # noqa: E402
from leatlib.server import Server, free_port  # noqa: E402
from leatlib.tools import node_packages  # noqa: E402

EXAMPLES = ROOT / "examples" / "orders"
PROGRAMS = {
    "redis-py": ["/usr/bin/python3", EXAMPLES / "python" / "run.py"],
    "ioredis": ["node", EXAMPLES / "ioredis" / "run.mjs"],
    "node-redis": ["node", EXAMPLES / "node-redis" / "run.mjs"],
}
JOB_SECONDS = 120
COPIES = 200
RETRY_AFTER_MS = 400
DELIVERIES_MAX = 5
# What is counted, and the count at which the server is killed: while lines are appended, and while they are given up.
KILLS = [(("XLEN", "orders"), 2500), (("XLEN", "orders-dlq"), 500)]


class Expected:
    """What the file says, computed without any server."""

    def __init__(self):
        self.revenue, self.units, self.reasons = Counter(), Counter(), {}
        with open(EXAMPLES / "data" / "online-retail-10k.csv", newline="", encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))
        for number, row in enumerate(self.rows, 1):
            quantity = int(row["quantity"])
            self.units[row["stock_code"]] += quantity
            if not row["customer_id"]:
                self.reasons[number] = "missing customer"
            elif quantity < 0:
                self.reasons[number] = "negative quantity"
            else:
                self.revenue[row["country"]] += round(quantity * Decimal(row["unit_price"]) * 100)


class Mismatch(Exception):
    pass


def expect(what, got, want):
    if got == want:
        return
    if isinstance(got, dict) and isinstance(want, dict):
        keys = sorted((key for key in {**got, **want} if got.get(key) != want.get(key)), key=str)
        differing = [f"{key}: {got.get(key)!r} instead of {want.get(key)!r}" for key in keys[:5]]
        raise Mismatch(f"{what}: {len(keys)} differ, first {'; '.join(differing)}")
    raise Mismatch(f"{what}: {got!r} instead of {want!r}")


def text_map(flat):
    texts = [value.decode() for value in flat]
    return dict(zip(texts[::2], texts[1::2]))


def integer_map(flat):
    return {key: int(value) for key, value in text_map(flat).items()}


def check_entries(client, expected, disturbed):
    """Every line is in the stream with its fields, first in ascending order; and once, unless a batch had to be
    repeated. Returns id -> line."""
    copies, line_of, last = Counter(), {}, 0
    for entry_id, flat in client.call("XRANGE", "orders", "-", "+"):
        fields = text_map(flat)
        number = int(fields.pop("line"))
        expect(f"fields of line {number}", fields, expected.rows[number - 1])
        if number > last + 1:
            raise Mismatch(f"line {number} was appended before line {last + 1} (entry {entry_id.decode()})")
        last = max(last, number)
        copies[number] += 1
        line_of[entry_id.decode()] = number
    expect("lines in the stream", sorted(copies), list(range(1, len(expected.rows) + 1)))
    repeated = len(line_of) - len(copies)
    if repeated != 0 and not disturbed:
        raise Mismatch(f"{repeated} lines are in the stream twice")
    return line_of


def check_dead_letters(client, expected, line_of, disturbed):
    reasons = {}
    for _, flat in client.call("XRANGE", "orders-dlq", "-", "+"):
        letter = text_map(flat)
        number = int(letter["line"])
        expect(f"origin of dead letter {number}", line_of.get(letter["origin_id"]), number)
        expect(f"group of dead letter {number}", letter["group"], "billing")
        if number in reasons and not disturbed:
            raise Mismatch(f"line {number} is in the dead letters twice")
        reasons[number] = letter["reason"]
        deliveries = int(letter["deliveries"])
        if deliveries < DELIVERIES_MAX or (deliveries > DELIVERIES_MAX and not disturbed):
            raise Mismatch(f"dead letter {number} after {deliveries} deliveries")
    expect("dead letters", reasons, expected.reasons)


def check_groups(client):
    for group in client.call("XINFO", "GROUPS", "orders"):
        facts = dict(zip(group[::2], group[1::2]))
        expect(f"pending entries of {facts[b'name'].decode()}", facts[b"pending"], 0)


def check_result(client, expected, output, disturbed):
    held = re.search(r"killed worker-2, which held (\d+) entries", output)
    if not held or int(held[1]) == 0:
        raise Mismatch("the killed worker held nothing, so nothing was recovered")
    line_of = check_entries(client, expected, disturbed)
    expect("revenue in pence", integer_map(client.call("HGETALL", "billing:revenue")), dict(expected.revenue))
    expect("lines billed", client.call("SCARD", "billing:lines"), len(expected.rows) - len(expected.reasons))
    check_dead_letters(client, expected, line_of, disturbed)
    for key in ("analytics:units", "analytics:units:rebuilt"):
        expect(key, integer_map(client.call("HGETALL", key)), dict(expected.units))
    check_groups(client)


def kill_at(server, command, count, job):
    """Kills the server when the command answers at least `count`, and starts it again. Polls without a pause: the
    moment passes in milliseconds."""
    deadline = time.monotonic() + JOB_SECONDS
    with Client(server.port) as client:
        while client.call(*command) < count:
            if job.poll() is not None or time.monotonic() > deadline:
                raise Mismatch(f"{' '.join(command)} never reached {count}")
        reached = client.call(*command)
        server.kill()
    server.start()
    return reached


def append_copies(server):
    """Appends the first lines again. Both the billing and the projection have to see that they know them."""
    with Client(server.port) as client:
        for _, flat in client.call("XRANGE", "orders", "-", "+", "COUNT", COPIES):
            client.call("XADD", "orders", "*", *flat)


def run_job(start_server, program, expected, kills):
    with tempfile.TemporaryDirectory(prefix="orders-") as directory:
        directory = pathlib.Path(directory)
        output = directory / "output"
        with start_server(directory / "server") as server, open(output, "wb") as file:
            environment = {
                **os.environ,
                "REDIS_URL": f"redis://127.0.0.1:{server.port}",
                "RETRY_AFTER_MS": str(RETRY_AFTER_MS),
            }
            job = subprocess.Popen(program, env=environment, stdout=file, stderr=subprocess.STDOUT)
            try:
                reached = []
                for kill in kills:
                    reached.append(kill_at(server, *kill, job))
                    append_copies(server)
                status = job.wait(JOB_SECONDS)
                if status != 0:
                    raise Mismatch(f"exit status {status}")
                if reached and reached[0] >= len(expected.rows):
                    raise Mismatch("the producer had finished before the server was killed")
                with Client(server.port) as client:
                    check_result(client, expected, output.read_text(), disturbed=bool(kills))
            except (Mismatch, subprocess.TimeoutExpired) as error:
                tail = "\n".join(output.read_text().splitlines()[-60:])
                raise Mismatch(f"{error}\n{tail}") from error
            finally:
                job.kill()
                job.wait()


def server_starter(options):
    if options.server == "redis":
        durable = {"appendonly": "yes", "appendfsync": "always"}
        return lambda directory: Server.redis(directory, port=free_port(), **durable)
    return lambda directory: Server.leat(options.leat, directory, port=free_port(), appendfsync="always")


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--server", choices=("leat", "redis"), default="leat", help="run against redis-server")
    options = parser.parse_args()
    results = report.Report(options.only)
    start_server = server_starter(options)
    expected = Expected()
    for library, program in PROGRAMS.items():
        for name, kills in ((f"{library}", []), (f"{library} server killed", KILLS)):
            if not results.selected(name):
                continue
            missing = node_packages(program[1].parent) if program[0] == "node" else None
            if missing:
                results.skip(name, missing)
                continue
            try:
                run_job(start_server, program, expected, kills)
                results.ok(name)
            except Mismatch as why:
                results.fail(name, why)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
