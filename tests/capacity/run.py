#!/usr/bin/python3
"""That Leat holds a stream much larger than its memory, and what an entry of it costs. See README.md."""

import pathlib
import re
import shutil
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import large_stream  # noqa: E402
import per_entry  # noqa: E402
from leatlib import report  # noqa: E402
from leatlib.server import REDIS_BINARY  # noqa: E402
from memory_group import Unavailable  # noqa: E402

UNITS = {"kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30}


def size(text):
    number, unit = re.fullmatch(r"(\d+)(kb|mb|gb)", text.lower()).groups()
    return int(number) * UNITS[unit]


def counts(text):
    first, second = map(int, text.split(","))
    if not 0 < first < second:
        raise ValueError(text)
    return first, second


def options():
    parser = report.arguments(__doc__)
    parser.add_argument("--bytes", type=size, default="1gb", metavar="SIZE", help="wire bytes of the stream (1gb; 20gb takes minutes)")
    parser.add_argument("--memory", type=size, default="96mb", metavar="SIZE", help="limit of the server's memory (96mb)")
    parser.add_argument("--appendfsync", default="always", choices=("always", "everysec", "no"), help="when an XADD is acknowledged (always)")
    parser.add_argument("--dir", default="/var/tmp", metavar="DIR", help="below it the servers keep their data (/var/tmp)")
    parser.add_argument("--counts", type=counts, default="100000,300000", metavar="N,M", help="lengths between which memory is compared (100000,300000)")
    return parser.parse_args()


def main():
    given = options()
    sizes = large_stream.Sizes(given.bytes, given.memory, given.appendfsync, given.dir)
    results = report.Report(given.only)

    def memory_per_entry():
        if shutil.which(REDIS_BINARY) is None:
            return "there is no redis-server to compare with"
        return per_entry.memory_per_entry(given.leat, given.counts)

    for name, test in (
        ("the cache follows the limit", lambda: large_stream.the_cache_follows_the_limit(given.leat, sizes)),
        ("producers at full speed", lambda: large_stream.producers_at_full_speed(given.leat, sizes)),
        ("stream larger than memory", lambda: large_stream.stream_larger_than_memory(given.leat, sizes)),
        ("memory per entry", memory_per_entry),
    ):
        if not results.selected(name):
            continue
        try:
            skipped = test()
        except Unavailable as why:
            skipped = str(why)
        except Exception as error:  # A test that breaks has failed; the others go on.
            expected = isinstance(error, (large_stream.Failed, per_entry.traffic.Refused))
            results.fail(name, error if expected else traceback.format_exc())
            continue
        if skipped:
            results.skip(name, skipped)
        else:
            results.ok(name)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
