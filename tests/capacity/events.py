"""Retail order events without end: the 10,000 lines of examples/orders, again and again, no two rounds alike.

In each round over the file an event takes date, price, customer and country from one line, the article from another and the quantity
from a third, so values keep their distribution and their sizes; the invoice number says which producer's event it is.
"""

import csv
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parents[2] / "examples/orders/data/online-retail-10k.csv"
KEY = b"orders"
PARTS = 16  # Names and values of an event.

XADD = b"*%d\r\n$4\r\nXADD\r\n$%d\r\n%s\r\n$1\r\n*\r\n" % (3 + PARTS, len(KEY), KEY)
ENTRY = b"*2\r\n$"  # How an entry of a reply begins; then the size of its id. No value ends with "*2".
FIELDS = b"\r\n*%d\r\n" % PARTS  # What stands between its id and its fields.

INVOICE = b"$10\r\ninvoice_no\r\n$8\r\n%d%%07d\r\n"  # A digit for the producer, then the number.
ARTICLE_STEP, QUANTITY_STEP, INVOICE_STEP = 97, 31, 373  # By which the lines are moved against each other in each round.


def _fields(row, *names):
    return b"".join(b"$%d\r\n%s\r\n" % (len(text.encode()), text.encode()) for name in names for text in (name, row[name]))


class Events:
    def __init__(self):
        with open(FILE, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert not any(value.endswith("*2") for row in rows for value in row.values())
        self._invoices = [int(re.sub(r"\D", "", row["invoice_no"])) for row in rows]
        self._articles = [_fields(row, "stock_code", "description") for row in rows]
        self._quantities = [_fields(row, "quantity") for row in rows]
        self._orders = [_fields(row, "invoice_date", "unit_price", "customer_id", "country") for row in rows]

    def requests(self, producer, first, count):
        """The XADDs of `count` events of a producer (0 to 8), from its event `first` on."""
        return XADD + XADD.join(self.fields(producer, first, count))

    def fields(self, producer, first, count):
        """Their names and values as bulk strings, one `bytes` for each event."""
        return [b"".join(pieces) for columns in self._rounds(producer, first, count) for pieces in zip(*columns)]

    def _rounds(self, producer, first, count):
        form, lines = INVOICE % (producer + 1), len(self._invoices)
        while count > 0:
            turn, at = divmod(first, lines)
            size = min(count, lines - at)
            shift = turn * INVOICE_STEP
            yield ([form % (invoice + shift) for invoice in self._invoices[at : at + size]],
                   self._moved(self._articles, turn * ARTICLE_STEP, at, size),
                   self._moved(self._quantities, turn * QUANTITY_STEP, at, size),
                   self._orders[at : at + size])
            first, count = first + size, count - size

    @staticmethod
    def _moved(pieces, by, at, size):
        begin = (at + by) % len(pieces)
        found = pieces[begin : begin + size]
        return found + pieces[: size - len(found)]


def producer_of(fields):
    """Whose event has these fields."""
    return fields[len(b"$10\r\ninvoice_no\r\n$8\r\n")] - ord("1")
