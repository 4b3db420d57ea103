#!/usr/bin/python3
"""The producer: appends every order line to the stream, in the order of the file.

A batch is one transaction, so it arrives whole or not at all. In a plain pipeline a server that is just starting could
refuse the first lines (LOADING) and take the rest, and what is then repeated would be out of order.

A batch whose reply was lost is appended again, because nobody can know whether it arrived. So a line may be in the
stream twice, and consumers go by its number (the field `line`), never by the entry's id."""

from itertools import islice

from order_lines import read_lines
from pipeline import STREAM, connect, keep_trying

BATCH = 200


def append(server, lines):
    """The whole batch, all or nothing, in one round trip."""
    transaction = server.pipeline()
    for fields in lines:
        transaction.xadd(STREAM, fields)
    transaction.execute()


def main():
    server = connect()
    lines = read_lines()
    while batch := list(islice(lines, BATCH)):
        keep_trying(lambda: append(server, batch))


if __name__ == "__main__":
    main()
