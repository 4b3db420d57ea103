#!/usr/bin/python3
"""The analytics projection: units sold per product, returns subtracted.

`analytics.py`          follows the stream as the only consumer of its group.
`analytics.py rebuild`  computes it again from the stream's first entry, beside the live one, and compares the two."""

import sys
from collections import Counter

from pipeline import (
    ANALYTICS,
    BLOCK_MS,
    STREAM,
    UNITS,
    UNITS_REBUILT,
    StopRequest,
    connect,
    create_group,
    keep_trying,
)

BATCH = 200


class Projection:
    """A hash from product to units, and beside it the number of the last line that is in it. Both change in one
    transaction, so entries that are applied again change nothing: the producer appends lines in ascending order, and
    what it repeats are lines already seen."""

    def __init__(self, server, key):
        self.server = server
        self.key = key
        self.last_line_key = f"{key}:last-line"

    def clear(self):
        self.server.delete(self.key, self.last_line_key)

    def apply(self, entries, acknowledge=False):
        last_line = int(self.server.get(self.last_line_key) or 0)
        units = Counter()
        for _, fields in entries:
            if int(fields["line"]) > last_line:
                last_line = int(fields["line"])
                units[fields["stock_code"]] += int(fields["quantity"])
        transaction = self.server.pipeline()
        for product, quantity in units.items():
            transaction.hincrby(self.key, product, quantity)
        transaction.set(self.last_line_key, last_line)
        if acknowledge:
            transaction.xack(STREAM, ANALYTICS, *(entry_id for entry_id, _ in entries))
        transaction.execute()


def follow(server, stop):
    """First what was delivered to this consumer before but not acknowledged (it was stopped, or lost its connection),
    then what is new."""
    create_group(server, ANALYTICS)
    projection = Projection(server, UNITS)
    position = "0"
    while not stop:
        answer = server.xreadgroup(ANALYTICS, "projection", {STREAM: position}, count=BATCH, block=BLOCK_MS)
        entries = answer[0][1] if answer else []
        if entries:
            projection.apply(entries, acknowledge=True)
        else:
            position = ">"


def rebuild(server):
    """Replays the stream, page by page, without any group: history is there for everyone to read."""
    projection = Projection(server, UNITS_REBUILT)
    projection.clear()
    start, replayed = "-", 0
    while page := server.xrange(STREAM, min=start, count=BATCH):
        projection.apply(page)
        start, replayed = f"({page[-1][0]}", replayed + len(page)
    same = server.hgetall(UNITS_REBUILT) == server.hgetall(UNITS)
    print(f"replayed {replayed} entries: the projection is {'equal to' if same else 'DIFFERENT from'} the live one")
    return same


def main():
    server = connect()
    if sys.argv[1:] == ["rebuild"]:
        sys.exit(0 if keep_trying(lambda: rebuild(server)) else 1)
    if sys.argv[1:]:
        sys.exit("usage: analytics.py [rebuild]")
    stop = StopRequest()
    keep_trying(lambda: follow(server, stop))


if __name__ == "__main__":
    main()
