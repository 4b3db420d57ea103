#!/usr/bin/python3
"""A storm of blocked readers: every group of every stream is given each entry once and in order, nobody is answered with nothing,
and an append costs the same however many wait for other streams.

    tests/storm/run.py                                                    small, as CI runs it
    tests/storm/run.py --readers 10000 --streams 1000 --appends 100000    the whole storm
"""

import pathlib
import select
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report
from leatlib.report import Failed
from leatlib.resp import encode
from leatlib.server import Server

BATCH = 200  # Appends under way at a time.
WAIT_SECONDS = 30
QUIET_APPENDS = 20_000
QUIET_ROUNDS = 5
# Of the processor time of an append with everybody waiting to that with nobody, medians within one run.
CPU_RATIO_MAX = 1.5


def check(condition, why):
    if not condition:
        raise Failed(why)


class Reader:
    """One consumer, the only one of its group, which always waits for the next entry of one stream."""

    def __init__(self, server, stream, group):
        self.stream, self.group = stream, group
        self.client = server.client(2)
        self.words = encode("XREADGROUP", "GROUP", group, "c", "COUNT", 1, "BLOCK", 0, "NOACK", "STREAMS", stream, ">")
        self.next = 0  # The number of the entry that it must be given next.

    def wait(self):
        self.client.send_raw(self.words)

    def take(self):
        reply = self.client.read()
        check(isinstance(reply, list) and len(reply) == 1, f"{self.group} of {self.stream} was woken for {reply!r}")
        (_, entries), = reply
        number = int(entries[0][1][1])
        check(len(entries) == 1 and number == self.next, f"{self.group} of {self.stream} was given {number} instead of {self.next}")
        self.next += 1


class Storm:
    options = None  # Set by main().

    def __init__(self, binary, directory):
        self.binary, self.directory = binary, directory

    def server(self):
        return Server.leat(self.binary, self.directory, appendfsync="no", maxclients=self.options.readers + 100)

    def readers(self, server):
        """All readers, waiting."""
        with server.client() as client:
            client.pipeline([["XGROUP", "CREATE", f"s{s}", f"g{g}", "0", "MKSTREAM"]
                             for s in range(self.options.streams) for g in range(self.options.groups)])
            readers = [Reader(server, f"s{s}", f"g{g}") for g in range(self.options.groups) for s in range(self.options.streams)]
            for reader in readers:
                reader.wait()
            while int(client.info("clients")["blocked_clients"]) < len(readers):
                pass
        return readers

    def test_every_entry_once_in_order_and_nobody_for_nothing(self):
        with self.server() as server:
            readers = self.readers(server)
            wanted = self.options.appends * self.options.groups
            with server.client() as producer:
                blow(readers, producer, self.options)
                while int(producer.info("clients")["blocked_clients"]) < len(readers):
                    pass
                answered = int(producer.info("commandstats")["cmdstat_xreadgroup"].split(",")[0].removeprefix("calls="))
                check(answered == wanted, f"readers were answered {answered} times for {wanted} entries")
            for reader in readers:
                reader.client.close()

    def test_the_cost_of_an_append(self):
        """An append to a stream nobody waits for costs the same with all readers on others as with none."""
        with self.server() as server:
            alone = sorted(append_cost(server) for _ in range(QUIET_ROUNDS))
            readers = self.readers(server)
            crowded = sorted(append_cost(server) for _ in range(QUIET_ROUNDS))
            for reader in readers:
                reader.client.close()
        ratio = crowded[QUIET_ROUNDS // 2] / alone[QUIET_ROUNDS // 2]
        print(f"# {alone[QUIET_ROUNDS // 2]:.2f} us of processor time an append alone, {ratio:.2f} of that with {len(readers)} readers on other streams")
        check(ratio <= CPU_RATIO_MAX, f"an append costs {ratio:.2f} times as much with {len(readers)} readers on other streams")


def blow(readers, producer, options):
    """Appends, no further ahead than a batch, so that readers do wait most of the time, and has readers take what comes."""
    by_socket = {reader.client.socket.fileno(): reader for reader in readers}
    poll = select.epoll()
    for number in by_socket:
        poll.register(number, select.EPOLLIN)
    sent = taken = 0
    while taken < options.appends * options.groups:
        if sent < options.appends and (sent - BATCH / 2) * options.groups <= taken:
            numbers = range(sent, min(sent + BATCH, options.appends))
            replies = producer.pipeline([["XADD", f"s{n % options.streams}", "*", "n", n // options.streams] for n in numbers])
            check(all(isinstance(reply, bytes) for reply in replies), "an append was refused")
            sent += len(numbers)
        for number, _ in poll.poll(WAIT_SECONDS):
            by_socket[number].take()
            by_socket[number].wait()
            taken += 1


def append_cost(server):
    """Processor time of the server, microseconds an append."""
    with server.client() as client:
        before = processor_time(client)
        for _ in range(QUIET_APPENDS // BATCH):
            client.pipeline([["XADD", "quiet", "MAXLEN", "~", 1000, "*", "f", "v"]] * BATCH)
        return (processor_time(client) - before) / QUIET_APPENDS * 1e6


def processor_time(client):
    used = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--appends", type=int, default=4000)
    Storm.options = parser.parse_args()
    Storm.options.groups = max(Storm.options.readers // Storm.options.streams, 1)
    return report.run_methods(Storm, Storm.options)


if __name__ == "__main__":
    sys.exit(main())
