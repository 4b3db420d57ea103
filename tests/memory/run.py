#!/usr/bin/python3
"""maxmemory: a server at its limit refuses or makes room, frees what it is told to, and gives it back to the system.

What is in use is compared with what the server says and with what the system sees of it. Limits have room for what the
machine adds; none of them is a time that must be short.
"""

import contextlib
import itertools
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report
from leatlib.report import Failed
from leatlib.resp import RespError
from leatlib.server import Server

MEGABYTE = 1 << 20
LIMIT = 64 * MEGABYTE
OVERSHOOT = 1.05  # What may be in use, as a part of maxmemory.
RESIDENT = 1.6  # What the process may occupy then: fragments, the program itself.
RETURN_SECONDS = 60
BATCH = 500
STREAMS = 100_000
STREAM_COST = 400  # Bytes of a stream of one entry beyond its name, field and value.
CONNECTIONS = 400
CONNECTION_COST = 20_000  # Bytes of a connection that has sent the beginning of a request.
SLOW_READER_SENDS = 200 * MEGABYTE
SLOW_READER_COST = 8 * MEGABYTE
QUERY_LIMIT = 16 * MEGABYTE
OOM = "OOM command not allowed when used memory > 'maxmemory'."


def check(condition, why):
    if not condition:
        raise Failed(why)


def used(client):
    return int(client.info("memory")["used_memory"])


def counted(client):
    """Bytes that count against maxmemory: without the log's buffers and what was dropped and is not freed yet."""
    facts = client.info("memory")
    return int(facts["used_memory"]) - int(facts["mem_not_counted_for_evict"])


def wait_until(condition):
    """Whether the condition came true in time."""
    until = time.monotonic() + RETURN_SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


def check_bounds(server, client):
    """What is occupied falls with what is in use, not before: pages that sizes of before fill are returned first."""
    in_use = used(client)
    check(in_use <= LIMIT * OVERSHOOT, f"{in_use} bytes in use, the limit is {LIMIT}")
    small = wait_until(lambda: server.memory("VmRSS") <= LIMIT * RESIDENT)
    check(small, f"{server.memory('VmRSS')} bytes resident, the limit is {LIMIT}")


def append_until_refused(client, key):
    """Appends entries of about 1 kB in pipelines until one is refused that stands alone; returns how many were not."""
    added, batch = 0, BATCH
    while added * 1000 < 3 * LIMIT:
        replies = client.pipeline([("XADD", key, "*", "f", "v" * 1000)] * batch)
        refused = [r for r in replies if isinstance(r, RespError)]
        check(all(r == OOM for r in refused), f"refused with {set(refused)}")
        added += len(replies) - len(refused)
        if refused and batch == 1:
            return added
        if refused:
            batch = 1  # What a pipeline holds itself counts as well.
    raise Failed(f"{added} entries of 1 kB were taken, the limit is {LIMIT}")


class Suite:
    """One test per method whose name starts with test_; each gets an empty directory of its own."""

    def __init__(self, leat, directory):
        self.leat, self.directory = pathlib.Path(leat).resolve(), directory

    @contextlib.contextmanager
    def server(self, **directives):
        chosen = {
            "appendfsync": "no",
            "maxmemory": str(LIMIT),
            "enable-debug-command": "yes",
            "stream-cache-size": "1gb",  # Nothing is sealed, but where a test says so.
            # Nor does a checkpoint begin by itself: what it holds for a moment is in use beside the data.
            "checkpoint-log-size": "0",
            **directives,
        }
        with Server.leat(self.leat, self.directory / "data", **chosen) as server, server.client() as client:
            yield server, client

    def test_a_full_server_refuses_what_adds_and_frees_what_it_is_told_to(self):
        with self.server() as (server, client):
            client.call("XADD", "small", "1-1", "f", "v")
            client.call("XGROUP", "CREATE", "small", "g", "0")
            client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "small", ">")
            first = append_until_refused(client, "s")
            check_bounds(server, client)
            check(client.call("SET", "k", "v") == OOM, "SET")
            check(client.call("XLEN", "s") == first, "XLEN")
            check(len(client.call("XRANGE", "s", "-", "+", "COUNT", "10")) == 10, "XRANGE")
            check(client.call("XACK", "small", "g", "1-1") == 1, "XACK")
            check(client.call("XDEL", "small", "1-1") == 1, "XDEL")
            before = counted(client)
            check(client.call("XTRIM", "s", "MAXLEN", str(first // 2)) == first - first // 2, "XTRIM")
            check(counted(client) < before * 0.6, f"XTRIM of half: {before} bytes before, {counted(client)} after")
            second = append_until_refused(client, "s")
            check(abs(second - first / 2) < first / 10, f"{first} entries fit, after XTRIM of half {second}")
            check_bounds(server, client)
            check(client.call("DEL", "s") == 1, "DEL")
            third = append_until_refused(client, "t")
            check(abs(third - first) < first / 10, f"{first} entries fit, after DEL {third}")
            check_bounds(server, client)

    def test_freed_memory_is_returned_to_the_system(self):
        with self.server(maxmemory="0") as (server, client):
            start, start_resident = used(client), server.memory("VmRSS")
            for _ in range(300):
                client.pipeline([("XADD", "s", "*", "f", "v" * 1000)] * BATCH)
            full = used(client)
            check(full > 140 * MEGABYTE and server.memory("VmRSS") > full, f"{full} in use, {server.memory('VmRSS')} resident")
            client.call("XTRIM", "s", "MAXLEN", "10")
            few = start + 4 * MEGABYTE
            check(counted(client) < few, f"{counted(client)} bytes count after XTRIM, {start} in use at start")
            check(wait_until(lambda: used(client) < few), f"{used(client)} bytes in use after XTRIM, {start} at start")
            goal = start_resident + 24 * MEGABYTE
            small = wait_until(lambda: server.memory("VmRSS") <= goal)
            check(small, f"{server.memory('VmRSS')} bytes resident, {start_resident} at start")

    def test_the_numbers_agree_with_each_other(self):
        with self.server() as (server, client):
            client.pipeline([("XADD", "s", "*", "f", "v" * 1000)] * 10_000)
            facts = client.info("memory")
            number = {name: int(value) for name, value in facts.items() if value.isdigit()}
            check(number["maxmemory"] == LIMIT and facts["maxmemory_policy"] == "noeviction", facts)
            check(abs(number["used_memory"] - number["allocator_allocated"]) < 2 * MEGABYTE, facts)
            check(number["allocator_allocated"] <= number["allocator_active"] <= number["allocator_resident"], facts)
            check(number["used_memory"] <= number["used_memory_peak"] + MEGABYTE, facts)
            check(number["used_memory_dataset"] + number["used_memory_overhead"] == number["used_memory"], facts)
            check(10_000_000 < number["used_memory_dataset"] < 15_000_000, facts)
            check(abs(number["used_memory_rss"] - server.memory("VmRSS")) < 4 * MEGABYTE, facts)
            stats = client.call("MEMORY", "STATS")
            stats = dict(zip(stats[::2], stats[1::2]))
            check(abs(stats[b"total.allocated"] - number["used_memory"]) < MEGABYTE, stats)
            check(client.call("MEMORY", "USAGE", "s") < number["used_memory_dataset"], stats)

    def test_allkeys_lru_stays_within_its_limit_and_keeps_what_is_used(self):
        with self.server(**{"maxmemory-policy": "allkeys-lru"}) as (server, client):
            hot = [f"hot:{i}" for i in range(100)]
            client.pipeline([("SET", key, "v" * 1000) for key in hot])
            for first in range(0, 200_000, BATCH):
                cold = [("SET", f"cold:{i}", "v" * 1000) for i in range(first, first + BATCH)]
                replies = client.pipeline([*cold, ("TOUCH", *hot)])
                check(all(r == "OK" for r in replies[:-1]), f"refused: {set(map(str, replies[:-1]))}")
                check(replies[-1] == len(hot), f"of {len(hot)} keys in use {replies[-1]} are left")
                if first % 50_000 == 0:
                    check_bounds(server, client)
            check_bounds(server, client)
            check(int(client.info("stats")["evicted_keys"]) > 100_000, client.info("stats")["evicted_keys"])
            check(client.call("EXISTS", "cold:199999") == 1, "the newest key is gone")
            # What was evicted is gone from the log as well.
            keys, digest = client.call("DBSIZE"), client.call("DEBUG", "DIGEST")
            server.stop()
            server.start()
            with server.client() as again:
                check(again.call("DBSIZE") == keys, f"{keys} keys, {again.call('DBSIZE')} after a restart")
                check(again.call("DEBUG", "DIGEST") == digest, "another digest after a restart")

    def test_volatile_policies_keep_what_does_not_expire(self):
        with self.server(**{"maxmemory-policy": "volatile-ttl"}) as (server, client):
            client.pipeline([("SET", f"kept:{i}", "v" * 1000) for i in range(1000)])
            for first in range(0, 100_000, BATCH):
                keys = range(first, first + BATCH)
                # Later keys expire earlier: they go first.
                replies = client.pipeline([("SET", f"k:{i}", "v" * 1000, "EX", 1_000_000 - i) for i in keys])
                check(all(r == "OK" for r in replies), f"refused: {set(map(str, replies))}")
            check_bounds(server, client)
            check(client.call("EXISTS", *[f"kept:{i}" for i in range(1000)]) == 1000, "a key without expiry is gone")
            check(client.call("EXISTS", "k:0") == 1, "what expires last is gone")
            added, reply = 0, "OK"
            while reply == "OK":
                reply = client.call("SET", f"more:{added}", "v" * 100_000)
                added += 1
            check(reply == OOM, f"refused with {reply}")
            check(client.call("EXISTS", "k:0") == 0, f"refused while a key could have gone, after {added} more")
            check_bounds(server, client)

    def test_a_limit_below_what_is_in_use_takes_effect_while_clients_are_served(self):
        with self.server(maxmemory="0", **{"maxmemory-policy": "allkeys-lru"}) as (_, client):
            for first in range(0, 200_000, BATCH):
                client.pipeline([("SET", f"k:{i}", "v" * 100) for i in range(first, first + BATCH)])
            goal = used(client) // 2
            check(client.call("CONFIG", "SET", "maxmemory", str(goal)) == "OK", "CONFIG SET")
            check(client.call("SET", "k:0", "v") == "OK", "a write while keys are dropped")
            keys = itertools.count()

            # A server at its limit evicts nothing more until it is written to, and the INFO that counts takes some bytes itself.
            def is_low():
                check(client.call("SET", f"more:{next(keys)}", "v" * 100) == "OK", "a write at the limit")
                return counted(client) <= goal

            low = wait_until(is_low)
            check(low, f"{counted(client)} bytes count, the limit is {goal}")
            check(counted(client) > goal * 0.9, f"{counted(client)} bytes count, the limit is {goal}: too much is gone")

    def test_deleting_and_flushing_make_room_before_all_is_freed(self):
        with self.server() as (server, client):
            for undo in [("DEL", "big"), ("FLUSHALL",)]:
                members = 0
                while client.call("SADD", "big", *[f"m:{members + i}" for i in range(1000)]) != OOM:
                    members += 1000
                check(members > 100_000, f"{members} members fit")
                replies = client.pipeline([undo, ("SET", "k", "v" * 1000), ("XADD", "s", "*", "f", "v")])
                check(not any(isinstance(r, RespError) for r in replies), f"{undo[0]}: {replies}")
                check(counted(client) < LIMIT / 5, f"{undo[0]}: {counted(client)} bytes count")
                check(wait_until(lambda: used(client) < LIMIT / 5), f"{undo[0]}: {used(client)} bytes in use")

    def test_a_stream_is_sealed_before_it_takes_all_memory(self):
        with self.server(**{"stream-cache-size": "0"}) as (server, client):
            entries = 0
            while entries * 1000 < 4 * LIMIT:
                replies = client.pipeline([("XADD", "s", "*", "f", "v" * 1000)] * BATCH)
                check(not any(isinstance(r, RespError) for r in replies), f"{replies[-1]} after {entries}")
                entries += BATCH
            check_bounds(server, client)
            check(client.call("XLEN", "s") == entries, "XLEN")
            check(len(client.call("XRANGE", "s", "-", "+", "COUNT", "10")) == 10, "XRANGE")

    def test_a_stream_of_one_entry_costs_little_beyond_what_it_holds(self):
        def cost(client):
            return (used(client) - start - payload) / STREAMS

        with self.server(maxmemory="0") as (server, client):
            start, payload = used(client), 0
            for first in range(0, STREAMS, BATCH):
                adds = [("XADD", f"user:{i:07}", "*", "f", f"value{i:06}") for i in range(first, first + BATCH)]
                client.pipeline(adds)
                payload += sum(len(key) + len(field) + len(value) for _, key, _, field, value in adds)
            check(cost(client) <= STREAM_COST, f"{cost(client)} bytes a stream")
            check(client.call("SAVE") == "OK", "SAVE")
            names = list((self.directory / "data").iterdir())
            check(len(names) < 20, f"{len(names)} files")
            server.stop()
            server.start()
            with server.client() as again:
                check(again.call("DBSIZE") == STREAMS, f"{again.call('DBSIZE')} streams after a restart")
                check(cost(again) <= STREAM_COST, f"{cost(again)} bytes a stream after a restart")

    def test_the_heap_is_there_before_it_is_touched(self):
        with self.server() as (_, client):
            before = int(client.info("memory")["leat_heap_backed_ahead_bytes"])
            for _ in range(20):
                client.pipeline([("XADD", "s", "*", "f", "v" * 1000)] * BATCH)
            backed = int(client.info("memory")["leat_heap_backed_ahead_bytes"]) - before
            check(backed >= 8_000_000, f"10 MB were added, {backed} bytes asked for ahead")

    def test_a_checkpoint_does_not_make_eviction_go_on(self):
        policy = {"maxmemory-policy": "allkeys-lru"}
        with self.server(**policy) as (server, client):
            for key in range(400):
                client.call("SADD", f"set:{key}", *[f"member:{key}:{i}" for i in range(1000)])
            kept = client.call("DBSIZE")
            for key in range(2000):
                if key % 200 == 0:
                    client.call("BGSAVE", "SCHEDULE")
                reply = client.call("SADD", f"more:{key}", *[f"member:{key}:{i}" for i in range(1000)])
                check(reply == 1000, f"SADD: {reply}")
                left = client.call("DBSIZE")
                check(left >= kept * 0.7, f"{kept} keys fit, {left} are left after {key} more")
            check_bounds(server, client)


    # What strangers and slow readers can make the server keep.

    def strangers(self, server, count, request, password=""):
        """That many connections that have sent `request`, after AUTH if there is a password, and wait."""
        clients = [server.client() for _ in range(count)]
        for client in clients:
            if password:
                check(client.call("AUTH", password) == "OK", "AUTH")
            client.send_raw(request)
        return clients

    def test_cve_2021_32675_what_is_only_announced_takes_no_memory(self):
        with self.server(maxmemory="0", requirepass="sesame") as (server, client):
            check(client.call("AUTH", "sesame") == "OK", "AUTH")
            before = used(client)
            for request, password in ((b"*10\r\n$16384\r\n", ""), (b"*1048576\r\n$536870912\r\n", "sesame")):
                clients = self.strangers(server, CONNECTIONS, request, password)
                check(int(client.info("clients")["connected_clients"]) == CONNECTIONS + 1, "one was refused")
                cost = (used(client) - before) / CONNECTIONS
                check(cost < CONNECTION_COST, f"{cost} bytes a connection that announces {request!r}")
                for each in clients:
                    each.close()

    def test_cve_2025_21605_who_reads_no_replies_is_not_served_for_ever(self):
        self.check_slow_reader(b"*1\r\n$4\r\nPING\r\n" * 10_000, "")

    def test_cve_2025_46686_who_reads_no_replies_is_not_served_for_ever_with_a_password(self):
        self.check_slow_reader(b"*2\r\n$4\r\nECHO\r\n$10000\r\n" + b"x" * 10_000 + b"\r\n", "sesame")

    def check_slow_reader(self, request, password):
        """A client that sends and never reads is stopped, or closed: it costs what client-query-buffer-limit allows, and little more."""
        with self.server(maxmemory="0", requirepass="sesame", **{"client-query-buffer-limit": str(QUERY_LIMIT)}) as (server, client):
            check(client.call("AUTH", "sesame") == "OK", "AUTH")
            before, sent = used(client), 0
            with socket.create_connection(("127.0.0.1", server.port)) as slow:
                slow.settimeout(2)
                if password:
                    slow.sendall(b"AUTH " + password.encode() + b"\r\n")
                    check(slow.recv(5) == b"+OK\r\n", "AUTH")
                with contextlib.suppress(OSError):
                    while sent < SLOW_READER_SENDS:
                        sent += slow.send(request)
                check(sent < SLOW_READER_SENDS, f"{sent} bytes were taken of a client that reads nothing")
                cost = used(client) - before
                # A buffer grows by half: it has room for up to half more than it holds.
                allowed = SLOW_READER_COST + (QUERY_LIMIT * 3 // 2 if password else 0)
                check(cost < allowed, f"{cost} bytes for a client that reads nothing")
                check(client.call("PING") == "PONG", "the others are not served")

    def test_cve_2021_32627_an_entry_of_more_than_a_gigabyte_is_refused(self):
        with self.server(maxmemory="0", **{"client-query-buffer-limit": "4gb"}) as (_, client):
            before = used(client)
            length = 400 * MEGABYTE
            client.send_raw(b"*9\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n")
            for _ in range(3):
                client.send_raw(b"$1\r\nf\r\n$%d\r\n" % length)
                for _ in range(400):
                    client.send_raw(b"v" * MEGABYTE)
                client.send_raw(b"\r\n")
            client.set_timeout(RETURN_SECONDS)
            reply = client.read()
            check(reply == "ERR Elements are too large to be stored", f"{reply!r:.100}")
            check(client.call("EXISTS", "s") == 0, "it has left a key")
            check(wait_until(lambda: used(client) < before + 8 * MEGABYTE), f"{used(client)} bytes in use, {before} before")


def main():
    return report.run_methods(Suite, report.arguments(__doc__.split("\n", 1)[0]).parse_args())


if __name__ == "__main__":
    sys.exit(main())
