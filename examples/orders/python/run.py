#!/usr/bin/python3
"""The whole job: starts the producer, three billing workers and the projection, kills one worker half-way, waits until
everything is settled, rebuilds the projection, and prints what came out. Deletes what an earlier run left behind."""

import pathlib
import subprocess
import sys
import time
from collections import Counter

from pipeline import (
    ANALYTICS,
    BILLED_LINES,
    BILLING,
    DEAD_LETTERS,
    REVENUE,
    STREAM,
    UNITS,
    UNITS_REBUILT,
    URL,
    connect,
    create_group,
    keep_trying,
)

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = ("worker-1", "worker-2", "worker-3")
VICTIM = "worker-2"
HALF_WAY = 4000
POLL_SECONDS = 0.02


def start(program, *arguments):
    return subprocess.Popen([sys.executable, HERE / program, *arguments])


def wait_until(condition, processes):
    """Polls the server; a process that ends meanwhile with an error ends the run."""
    while not keep_trying(condition):
        for process in processes:
            if process.poll():
                sys.exit(f"{process.args[1].name} ended with status {process.returncode}")
        time.sleep(POLL_SECONDS)


def is_settled(server):
    """Every group has been given everything and has acknowledged everything."""
    last_id = server.xinfo_stream(STREAM)["last-generated-id"]
    return all(group["last-delivered-id"] == last_id and not group["pending"] for group in server.xinfo_groups(STREAM))


def held_by(server, worker):
    """What was delivered to the worker and is not acknowledged."""
    return server.xpending_range(STREAM, BILLING, "-", "+", 10000, consumername=worker)


def start_afresh(server):
    server.delete(STREAM, DEAD_LETTERS, BILLED_LINES, REVENUE)
    server.delete(*(key + suffix for key in (UNITS, UNITS_REBUILT) for suffix in ("", ":last-line")))
    for group in (BILLING, ANALYTICS):
        create_group(server, group)


def run(server):
    workers = {name: start("billing.py", name) for name in WORKERS}
    projection = start("analytics.py")
    everyone = [*workers.values(), projection]
    try:
        wait_until(lambda: len(server.xinfo_consumers(STREAM, BILLING)) == len(WORKERS), everyone)
        producer = start("producer.py")
        everyone.append(producer)
        wait_until(lambda: server.scard(BILLED_LINES) >= HALF_WAY and held_by(server, VICTIM), everyone)
        victim = workers.pop(VICTIM)
        victim.kill()
        victim.wait()
        everyone.remove(victim)
        held = keep_trying(lambda: held_by(server, VICTIM))
        print(f"killed {VICTIM}, which held {len(held)} entries")
        wait_until(lambda: producer.poll() is not None, everyone)
        wait_until(lambda: is_settled(server), everyone)
    finally:
        for process in everyone:
            process.terminate()
        for process in everyone:
            process.wait()
    subprocess.run([sys.executable, HERE / "analytics.py", "rebuild"], check=True)


def report(server):
    print(f"\n{server.xlen(STREAM)} entries in {STREAM}, {server.scard(BILLED_LINES)} lines billed:")
    for country, pence in sorted(server.hgetall(REVENUE).items(), key=lambda item: -int(item[1])):
        print(f"  {country:<16}{int(pence) / 100:>12,.2f} GBP")
    letters = {fields["line"]: fields["reason"] for _, fields in server.xrange(DEAD_LETTERS)}
    print(f"{len(letters)} lines in {DEAD_LETTERS}:")
    for reason, count in Counter(letters.values()).most_common():
        print(f"  {reason:<20}{count:>8}")
    units = server.hgetall(UNITS)
    print(f"{len(units)} products in {UNITS}, most sold:")
    for product, count in sorted(units.items(), key=lambda item: -int(item[1]))[:5]:
        print(f"  {product:<20}{int(count):>8}")


def main():
    sys.stdout.reconfigure(line_buffering=True)
    server = connect()
    print(f"orders on {URL}")
    keep_trying(lambda: start_afresh(server))
    run(server)
    keep_trying(lambda: report(server))


if __name__ == "__main__":
    main()
