#!/usr/bin/python3
"""A billing worker: `billing.py NAME`. Start as many as you like, each with a name of its own.

Each order line is billed exactly once, whatever happens to workers, connections and the server:
  - An entry that was delivered stays pending until it is acknowledged. What a dead worker left behind, what failed, and
    what a lost connection interrupted is all found the same way: it has been pending for too long (recover).
  - Booking the amount, remembering the line's number and acknowledging the entry is one transaction (book).
  - A line that has failed MAX_DELIVERIES times goes to the dead letters, with the reason (bury)."""

import sys
import time

from order_lines import Unbillable, amount_in_pence
from pipeline import (
    BILLED_LINES,
    BILLING,
    BLOCK_MS,
    DEAD_LETTERS,
    RETRY_AFTER_MS,
    REVENUE,
    STREAM,
    StopRequest,
    connect,
    create_group,
    keep_trying,
)

BATCH = 50
MAX_DELIVERIES = 5


class BillingWorker:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.next_recovery = 0.0

    def work_until(self, stop):
        create_group(self.server, BILLING)
        self.server.xgroup_createconsumer(STREAM, BILLING, self.name)
        while not stop:
            if time.monotonic() >= self.next_recovery:
                self.recover()
            for _, entries in self.read_new():
                self.bill(entries)

    def read_new(self):
        return self.server.xreadgroup(BILLING, self.name, {STREAM: ">"}, count=BATCH, block=BLOCK_MS)

    def recover(self):
        """Takes over every entry that has been pending for RETRY_AFTER_MS, this worker's own included, and tries it
        again. Each take-over counts as a delivery."""
        cursor, first = "0-0", True
        while first or cursor != "0-0":
            cursor, entries, _ = self.server.xautoclaim(
                STREAM, BILLING, self.name, RETRY_AFTER_MS, cursor, count=BATCH
            )
            self.bury(self.bill(entries))
            first = False
        self.next_recovery = time.monotonic() + RETRY_AFTER_MS / 1000 / 2

    def bill(self, entries):
        """Books what can be billed. Returns the rest as (id, fields, reason); it stays pending."""
        amounts, acknowledged, failed = {}, [], []
        for entry_id, fields in entries:
            try:
                amounts[fields["line"]] = (fields["country"], amount_in_pence(fields))
                acknowledged.append(entry_id)
            except Unbillable as reason:
                failed.append((entry_id, fields, str(reason)))
        if amounts:
            self.book(amounts, acknowledged)
        return failed

    def book(self, amounts, acknowledged):
        """Adds the amounts of the lines that nobody has booked yet and acknowledges the entries: all or nothing.
        `transaction` watches the booked lines and starts over if another worker books meanwhile."""

        def book_new_lines(transaction):
            known = transaction.smismember(BILLED_LINES, list(amounts))
            transaction.multi()
            for (country, pence), booked in zip(amounts.values(), known):
                if not booked:
                    transaction.hincrby(REVENUE, country, pence)
            transaction.sadd(BILLED_LINES, *amounts)
            transaction.xack(STREAM, BILLING, *acknowledged)

        self.server.transaction(book_new_lines, BILLED_LINES)

    def bury(self, failed):
        """Moves what has now failed MAX_DELIVERIES times to the dead letters."""
        hopeless = [
            (entry_id, {**fields, "origin_id": entry_id, "group": BILLING, "reason": reason, "deliveries": deliveries})
            for (entry_id, fields, reason), deliveries in zip(failed, self.delivery_counts(failed))
            if deliveries >= MAX_DELIVERIES
        ]
        if not hopeless:
            return
        transaction = self.server.pipeline()
        for _, letter in hopeless:
            transaction.xadd(DEAD_LETTERS, letter)
        transaction.xack(STREAM, BILLING, *(entry_id for entry_id, _ in hopeless))
        transaction.execute()

    def delivery_counts(self, failed):
        """How often each entry was delivered. XAUTOCLAIM does not say, XPENDING does; 0 if it is no longer ours."""
        pipeline = self.server.pipeline(transaction=False)
        for entry_id, _, _ in failed:
            pipeline.xpending_range(STREAM, BILLING, min=entry_id, max=entry_id, count=1, consumername=self.name)
        return [found[0]["times_delivered"] if found else 0 for found in pipeline.execute()]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: billing.py NAME")
    stop = StopRequest()
    worker = BillingWorker(connect(), sys.argv[1])
    keep_trying(lambda: worker.work_until(stop))


if __name__ == "__main__":
    main()
