#!/usr/bin/python3
"""Large replies: the bytes are redis-server's, whatever happens while they leave, and a slow reader costs little memory.

Streams are sealed to disk but for a megabyte. No test waits for a time that must be short."""

import contextlib
import pathlib
import random
import shutil
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report
from leatlib.report import Failed
from leatlib.resp import encode
from leatlib.server import REDIS_BINARY, Server

MEGABYTE = 1 << 20
ENTRIES = 20_000
LARGE_BYTES = 200 * MEGABYTE  # Of a stream that memory has no room for.
GROWTH_MAX = 24 * MEGABYTE  # What reading it may add: pieces, opened frames, what the allocator keeps.
HANDED_OUT_MAX = 240 * MEGABYTE  # What 16 MB of entries may add: frames, the reply and its growth, what the allocator keeps.
WAIT_SECONDS = 30


def check(condition, why):
    if not condition:
        raise Failed(why)


def wait_until(condition, why):
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        check(time.monotonic() < until, why)
        time.sleep(0.01)


def fill(client, key, entries=ENTRIES, value_bytes=300, seed=1):
    """Ids are 1-0 to `entries`-0; values don't compress."""
    values = [random.Random(seed * 1000 + i).randbytes(value_bytes // 2).hex() for i in range(100)]
    for first in range(1, entries + 1, 1000):
        batch = range(first, min(first + 1000, entries + 1))
        client.pipeline([("XADD", key, f"{i}-0", "field", values[i % 100], "number", i) for i in batch])


class Reader:
    """A connection that gets its replies as bytes, when it likes."""

    def __init__(self, server, receive_buffer=64 << 10):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect(("127.0.0.1", server.port))
        self.bytes = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, *commands):
        self.socket.sendall(b"".join(encode(*command) for command in commands))

    def begin(self, count=1000):
        """Reads the first bytes: the command has been executed."""
        while len(self.bytes) < count:
            self.more()

    def more(self):
        part = self.socket.recv(MEGABYTE)
        self.bytes += part
        return len(part)

    def hurry(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MEGABYTE)

    def until(self, end):
        self.hurry()
        while not self.bytes.endswith(end):
            check(self.more() != 0, f"the connection was closed after {len(self.bytes)} bytes")
        return bytes(self.bytes)

    def to_the_end(self):
        """Until the server closes."""
        self.hurry()
        with contextlib.suppress(ConnectionResetError):
            while self.more() != 0:
                pass
        return bytes(self.bytes)


def replies(server, *commands):
    """All of them, as bytes."""
    with Reader(server, MEGABYTE) as reader:
        reader.send(*commands, ("ECHO", "the-end"))
        return reader.until(b"the-end\r\n")


class Suite:
    """One test per method whose name starts with test_; each gets an empty directory of its own."""

    def __init__(self, leat, directory):
        self.leat, self.directory = pathlib.Path(leat).resolve(), directory

    @contextlib.contextmanager
    def server(self, **directives):
        chosen = {"appendfsync": "no", "stream-cache-size": "1mb", **directives}
        with Server.leat(self.leat, self.directory / "data", **chosen) as server, server.client(timeout=60) as client:
            yield server, client

    def test_every_byte_is_that_of_redis(self):
        if shutil.which(REDIS_BINARY) is None:
            return "there is no redis-server to compare with"
        with self.server() as (leat, client), Server.redis(self.directory / "redis") as redis, redis.client() as other:
            for each in client, other:
                fill(each, "a")
                fill(each, "b", 3000, seed=2)
                each.call("XDEL", "a", *[f"{i}-0" for i in range(5000, 9000, 7)])
            check(int(client.info("frames")["leat_frames"]) > 50, "nothing is sealed")
            for command in (
                ("XRANGE", "a", "-", "+"),
                ("XREVRANGE", "a", "+", "-"),
                ("XRANGE", "a", "4321", "(17654-0"),
                ("XREVRANGE", "a", "17654", "4321"),
                ("XRANGE", "a", "100", "+", "COUNT", "9000"),
                ("XREVRANGE", "a", "+", "-", "COUNT", "9000"),
                ("XREAD", "STREAMS", "a", "0"),
                ("XREAD", "STREAMS", "b", "a", "none", "b", "0", "3000", "0", "2999"),
                ("XREAD", "COUNT", "8000", "STREAMS", "a", "b", "5", "6"),
            ):
                for hello in ((), (("HELLO", "3", "SETNAME", "x"), ("CLIENT", "SETNAME", "y"))):
                    ours, theirs = replies(leat, *hello, command), replies(redis, *hello, command)
                    at = b"*" if not hello else b"+OK\r\n"  # HELLO tells who it is.
                    ours, theirs = ours[ours.index(at) :], theirs[theirs.index(at) :]
                    check(ours == theirs, f"{command} {hello}: {len(ours)} bytes, {len(theirs)} of redis-server")
                    check(len(ours) > MEGABYTE / 2, f"{command}: only {len(ours)} bytes")
            check(client.info("frames")["leat_cold_reads_blocking"] == "0", "frames were read on the spot")
        return None

    def test_changes_meanwhile_do_not_show(self):
        changes = {
            "XDEL": lambda c: c.call("XDEL", "s", *[f"{i}-0" for i in range(1, ENTRIES, 50)]),
            "XTRIM": lambda c: c.call("XTRIM", "s", "MAXLEN", "10"),
            "XADD": lambda c: fill(c, "t", 10) or c.call("XADD", "s", "*", "f", "v"),
            "DEL": lambda c: c.call("DEL", "s"),
            "FLUSHALL": lambda c: c.call("FLUSHALL"),
            "RENAME": lambda c: (c.call("SET", "k", "v"), c.call("RENAME", "k", "s")),
        }
        with self.server() as (server, client):
            for name, change in changes.items():
                for command in (("XRANGE", "s", "-", "+"), ("XREVRANGE", "s", "+", "-"), ("XREAD", "STREAMS", "s", "0")):
                    client.call("FLUSHALL")
                    fill(client, "s")
                    expected = replies(server, command)
                    with Reader(server) as reader:
                        reader.send(command, ("ECHO", "the-end"))
                        reader.begin()
                        check(client.info("clients")["leat_long_replies"] == "1", "the reply is not written in pieces")
                        change(client)
                        client.call("BGSAVE", "SCHEDULE")
                        check(reader.until(b"the-end\r\n") == expected, f"{command[0]} with {name} meanwhile")
            wait_until(lambda: client.info("clients")["leat_long_replies"] == "0", "long replies are left")

    def test_what_is_behind_in_the_pipeline_follows_in_order(self):
        with self.server() as (server, client):
            fill(client, "s")
            with Reader(server) as reader:
                reader.send(("XRANGE", "s", "-", "+"), ("INCR", "n"), ("XREVRANGE", "s", "+", "-"), ("INCR", "n"), ("ECHO", "end"))
                reader.begin()
                check(client.call("GET", "n") is None, "a command behind the reply was executed before its end")
                got = reader.until(b"end\r\n")
            wanted = replies(server, ("XRANGE", "s", "-", "+"))[: -len(b"$7\r\nthe-end\r\n")]
            check(got.startswith(wanted + b":1\r\n*%d\r\n" % ENTRIES), "the first two replies")
            check(got.endswith(b":2\r\n$3\r\nend\r\n"), "the last replies")

    def test_pushes_follow_the_reply(self):
        with self.server() as (server, client):
            fill(client, "s")
            with Reader(server) as reader:
                reader.send(("HELLO", "3"), ("SUBSCRIBE", "news"), ("XRANGE", "s", "-", "+"))
                reader.begin(5000)
                check(client.call("PUBLISH", "news", "today") == 1, "PUBLISH")
                got = reader.until(b"today\r\n")
            whole = replies(server, ("XRANGE", "s", "-", "+"))[: -len(b"$7\r\nthe-end\r\n")]
            check(whole + b">3\r\n$7\r\nmessage\r\n" in got, "the message stands in the reply")

    def test_who_ends_its_side_still_gets_all(self):
        with self.server() as (server, client):
            fill(client, "s")
            with Reader(server) as reader:
                reader.send(("XRANGE", "s", "-", "+"), ("ECHO", "the-end"))
                reader.socket.shutdown(socket.SHUT_WR)
                check(reader.to_the_end() == replies(server, ("XRANGE", "s", "-", "+")), "the reply")

    def test_no_reply_is_no_reply(self):
        with self.server() as (server, client):
            fill(client, "s")
            got = replies(server, ("CLIENT", "REPLY", "SKIP"), ("XRANGE", "s", "-", "+"))
            check(got == b"$7\r\nthe-end\r\n", f"{len(got)} bytes after SKIP")
            check(client.info("clients")["leat_long_replies"] == "0", "a reply is left that nobody gets")

    def test_who_goes_lets_go_what_was_kept(self):
        with self.server() as (server, client):
            fill(client, "s")
            # Sealing has a processor behind everything else: on a crowded machine it is not there yet.
            wait_until(lambda: int(client.info("frames")["leat_frames"]) > 90, "the entries are not sealed")
            with Reader(server) as reader:
                reader.send(("XRANGE", "s", "-", "+"))
                reader.begin()
                client.call("DEL", "s")
                facts = client.info("clients")
                check(facts["leat_long_replies"] == "1", "the reply is not written in pieces")
                check(int(facts["leat_long_replies_held_bytes"]) > 5000, f"held: {facts}")
                mine = [line for line in client.call("CLIENT", "LIST").decode().splitlines() if "cmd=xrange" in line]
                check("omem=0 " not in mine[0], f"omem of {mine}")
                check(int(client.info("frames")["leat_frames"]) > 50, "the frames have gone")
            wait_until(lambda: client.info("clients")["leat_long_replies"] == "0", "the reply is still there")
            wait_until(lambda: client.info("frames")["leat_frames"] == "0", "the frames are still there")

    def test_what_is_kept_counts_for_the_limit_of_output(self):
        limit = {"client-output-buffer-limit": "normal 4mb 0 0", "stream-cache-size": "64mb"}
        with self.server(**limit) as (server, client):
            fill(client, "s")
            expected = replies(server, ("XRANGE", "s", "-", "+"))
            check(len(expected) > 6 * MEGABYTE, "the reply is larger than the limit, and yet complete")
            with Reader(server) as reader:
                reader.send(("XRANGE", "s", "-", "+"), ("ECHO", "the-end"))
                reader.begin()
                client.call("DEL", "s")
                wait_until(lambda: client.info("stats")["client_output_buffer_limit_disconnections"] == "1", "it was not closed")
                got = reader.to_the_end()
                check(expected.startswith(got) and got != expected, f"{len(got)} bytes, {len(expected)} whole")

    def test_a_slow_reader_of_a_large_stream_costs_little_memory(self):
        with self.server(**{"stream-cache-size": "8mb"}) as (server, client):
            fill(client, "s", LARGE_BYTES // 2100, 2000)
            wait_until(lambda: client.info("frames")["leat_frames"] != "0", "nothing is sealed")
            before, most = server.memory("RssAnon"), 0
            for command in ("XRANGE", "s", "-", "+"), ("XREVRANGE", "s", "+", "-"), ("XREAD", "STREAMS", "s", "0"):
                with Reader(server) as reader, Reader(server) as stuck:
                    stuck.send(command)
                    reader.send(command, ("ECHO", "the-end"))
                    received, last = 0, b""
                    while not last.endswith(b"the-end\r\n"):
                        received += reader.more()
                        last = bytes(reader.bytes[-20:])
                        reader.bytes = bytearray(last)
                        if client.call("PING") and received % 7 == 0:
                            most = max(most, server.memory("RssAnon"))
                check(received > 0.9 * LARGE_BYTES, f"{received} bytes")
                check(most < before + GROWTH_MAX, f"{command[0]}: {before} bytes of memory before, up to {most} meanwhile")
            check(client.info("frames")["leat_cold_reads_blocking"] == "0", "frames were read on the spot")
            print(f"# {before // MEGABYTE} MB before, up to {most // MEGABYTE} MB meanwhile, longest turn "
                  f"{int(client.info('stats')['leat_longest_turn_usec']) / 1000:.1f} ms")

    def test_a_group_gets_a_large_backlog_by_several_calls(self):
        """Without COUNT: each call hands out a part, in order, and memory stays bounded."""
        entries = LARGE_BYTES // 2100
        with self.server(**{"stream-cache-size": "8mb"}) as (server, client):
            fill(client, "s", entries, 2000)
            client.call("XGROUP", "CREATE", "s", "g", "0")
            wait_until(lambda: client.info("frames")["leat_frames"] != "0", "nothing is sealed")
            before, most, calls, last = server.memory("RssAnon"), 0, 0, 0
            while reply := client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"):
                ids = [int(entry[0].split(b"-")[0]) for entry in reply[0][1]]
                check(ids == list(range(last + 1, last + 1 + len(ids))), f"{ids[0]} to {ids[-1]} after {last}")
                last, calls = ids[-1], calls + 1
                most = max(most, server.memory("RssAnon"))
            check(last == entries, f"{last} of {entries} entries")
            check(client.call("XPENDING", "s", "g")[0] == entries, "not all are pending")
            check(LARGE_BYTES / (17 * MEGABYTE) < calls < LARGE_BYTES / (8 * MEGABYTE), f"{calls} calls")
            check(most < before + HANDED_OUT_MAX, f"{before} bytes of memory before, up to {most} meanwhile")
            cursor, taken = b"0-0", 0
            while taken == 0 or cursor != b"0-0":
                cursor, claimed, gone = client.call("XAUTOCLAIM", "s", "g", "d", 0, cursor, "COUNT", entries)
                check(0 < len(claimed) < 17 * MEGABYTE / 2000 and not gone, f"{len(claimed)} claimed at once")
                taken += len(claimed)
                most = max(most, server.memory("RssAnon"))
            check(taken == entries, f"{taken} of {entries} claimed")
            check(most < before + HANDED_OUT_MAX, f"{before} bytes of memory before, up to {most} meanwhile")
            print(f"# {before // MEGABYTE} MB before, up to {most // MEGABYTE} MB meanwhile, {calls} calls")


def main():
    return report.run_methods(Suite, report.arguments(__doc__.split("\n", 1)[0]).parse_args())


if __name__ == "__main__":
    sys.exit(main())
