"""The order lines of data/online-retail-10k.csv and the price of one line. Nothing here talks to a server."""

import csv
import pathlib
from decimal import Decimal

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "online-retail-10k.csv"


class Unbillable(Exception):
    """The line can't be billed; the text says why."""


def read_lines():
    """Yields each order line as the fields of a stream entry. `line` is its number in the file, from 1: the identity
    of the line, by which every consumer recognises a line that it has seen before."""
    with open(DATA, newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), 1):
            yield {"line": str(number), **row}


def amount_in_pence(fields):
    """Quantity times unit price. Money is counted in integers: sums of binary fractions drift."""
    if not fields["customer_id"]:
        raise Unbillable("missing customer")
    quantity = int(fields["quantity"])
    if quantity < 0:
        raise Unbillable("negative quantity")
    return quantity * int(Decimal(fields["unit_price"]) * 100)
