"""Plays steps on two servers, and finds the fewest steps that show a difference."""

import time

import differences
import notation
import scenario
from leatlib.resp import RespError, RespMap

WAIT_SECONDS = 30.0  # A crowded machine may stand still.
SHRINK_SECONDS = 120.0


class Difference(Exception):
    """The two servers differ. The text says where, and how."""


class Side:
    """One of the servers, with a client for each connection of the scenario and one to look with."""

    def __init__(self, server, connections):
        self.look = server.client(3, typed_nulls=True)
        self.look.call("FLUSHALL")
        self.clients = [server.client(3, typed_nulls=True) for _ in range(connections)]
        self.ids = [client.call("CLIENT", "ID") for client in self.clients]
        self.blocked = set()
        self.in_multi = set()

    def close(self):
        for client in (self.look, *self.clients):
            client.close()

    def waiting(self):
        return int(self.look.info("clients")["blocked_clients"])

    def ask(self, connection, words):
        """The reply; none when the client now waits for one."""
        client = self.clients[connection]
        client.send(*words)
        may_block = "BLOCK" in words and connection not in self.in_multi
        until = time.monotonic() + WAIT_SECONDS
        while may_block and not client.readable(0.001):
            if self.waiting() == len(self.blocked) + 1 and not client.readable(0):
                self.blocked.add(connection)
                return None
            if time.monotonic() > until:
                raise Difference(f"{words} is neither answered nor blocked")
        return client.read()

    def woken(self):
        """The replies to those that wait no more, by connection."""
        replies = {}
        until = time.monotonic() + WAIT_SECONDS
        while self.blocked and len(self.blocked) > self.waiting():
            for connection in sorted(self.blocked):
                if self.clients[connection].readable(0.001):
                    replies[connection] = self.clients[connection].read()
                    self.blocked.discard(connection)
            if time.monotonic() > until:
                raise Difference(f"of {sorted(self.blocked)} some wait no more and have no reply")
        return replies

    def end_wait(self, connection):
        self.look.call("CLIENT", "UNBLOCK", self.ids[connection], "TIMEOUT")
        self.clients[connection].read()
        self.blocked.discard(connection)

    def keys(self):
        """(database, key) of everything that there is, in an order of its own; each database is selected meanwhile."""
        for database in sorted(set(scenario.DATABASES)):
            self.look.call("SELECT", database)
            for key in sorted(self.look.call("KEYS", "*")):
                yield database, key

    def content(self):
        """Everything that there is, by database and key."""
        return {(database, key): self.content_of(key) for database, key in self.keys()}

    def content_of(self, key):
        kind = self.look.call("TYPE", key)
        read = {"string": ["GET"], "hash": ["HGETALL"], "set": ["SMEMBERS"], "stream": ["XINFO", "STREAM"]}[kind]
        value = self.look.call(*read, key, *(["FULL", "COUNT", 0] if kind == "stream" else []))
        if kind in ("hash", "set"):
            value = sorted(value)
        return read, kind, value, self.look.call("PTTL", key) > 0


def in_order(words, reply):
    """Hashes and sets are kept in an order of the server's own."""
    if words[0] in ("HGETALL", "SMEMBERS", "SUNION", "SINTER", "SDIFF") and isinstance(reply, list):
        return type(reply)(sorted(reply))
    return reply


def compare(what, words, ours, theirs, queued=()):
    """`queued` are the commands of the transaction, if this is its EXEC."""
    if words[0] == "EXEC" and isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs) == len(queued):
        for command, *replies in zip(queued, ours, theirs, strict=True):
            compare(f"{what}, EXEC", command, *replies)
        return
    ours, theirs = in_order(words, ours), in_order(words, theirs)
    if (ours is None) != (theirs is None) or (ours is not None and not differences.same(words, ours, theirs)):
        shown = ["(waits)" if reply is None else notation.render(reply) for reply in (theirs, ours)]
        raise Difference(f"{what}: {' '.join(map(repr, words))}\n  want {shown[0]}\n  got  {shown[1]}")


def play(steps, server, oracle, connections):
    """Plays the steps on both; returns how many were played. Raises Difference."""
    sides = [Side(server, connections), Side(oracle, connections)]
    asked, queued = {}, [[] for _ in range(connections)]
    try:
        for number, (connection, words) in enumerate(steps, 1):
            if connection in sides[0].blocked:
                continue
            what = f"step {number}, connection {connection}"
            replies = [side.ask(connection, words) for side in sides]
            compare(what, words, *replies, queued[connection])
            asked[connection] = words
            if replies[0] == "QUEUED":
                queued[connection].append(words)
            for side in sides:
                note_transaction(side, connection, words)
            if words[0] in ("EXEC", "DISCARD"):
                queued[connection] = []
            ours, theirs = (side.woken() for side in sides)
            for waiter in [one for one, reply in theirs.items() if one not in ours and differences.is_empty_wake(reply)]:
                sides[0].end_wait(waiter)
                del theirs[waiter]
            compare_woken(what, asked, ours, theirs)
        compare_content(*(side.content() for side in sides))
        exchange(*sides)
        return len(steps)
    finally:
        for side in sides:
            side.close()


def note_transaction(side, connection, words):
    if words[0] == "MULTI":
        side.in_multi.add(connection)
    elif words[0] in ("EXEC", "DISCARD"):
        side.in_multi.discard(connection)


def compare_woken(what, asked, ours, theirs):
    if ours.keys() != theirs.keys():
        raise Difference(f"{what} wakes {sorted(ours)}, and should wake {sorted(theirs)}")
    for connection, reply in ours.items():
        compare(f"{what}, which wakes {connection}", asked[connection], reply, theirs[connection])


def compare_content(ours, theirs):
    if ours.keys() != theirs.keys():
        raise Difference(f"there are the keys {sorted(ours)}, and should be {sorted(theirs)}")
    for key, (read, kind, value, expires) in ours.items():
        want = theirs[key]
        if (kind, expires) != (want[1], want[3]):
            raise Difference(f"{key}: {kind}, expires: {expires}; should be {want[1]}, {want[3]}")
        compare(f"content of {key}", read, value, want[2])


def exchange(ours, theirs):
    """What one server dumps the other restores, if its format is not too new, as it was."""
    for source, target in ((theirs, ours), (ours, theirs)):
        for _, key in source.keys():
            reply = target.look.call("RESTORE", "restored", 0, source.look.call("DUMP", key), "REPLACE")
            if target is theirs and reply == "ERR DUMP payload version or checksum are wrong":
                continue
            if isinstance(reply, RespError):
                raise Difference(f"RESTORE of {key} as the other server dumped it: {reply}")
            read, kind, value, _ = target.content_of("restored")
            want = source.content_of(key)
            if kind != want[1]:
                raise Difference(f"{key} is restored as {kind} instead of {want[1]}")
            compare(f"{key} as restored", read, value, want[2])
        target.look.call("DEL", "restored")


def found(steps, server, oracle, connections):
    """The difference that the steps show; empty when there is none."""
    try:
        play(steps, server, oracle, connections)
    except Difference as difference:
        return str(difference)
    return ""


def shrunk(steps, server, oracle, connections):
    """The fewest steps found in a bounded time that show a difference, and which."""
    until = time.monotonic() + SHRINK_SECONDS
    best, shown = list(steps), found(steps, server, oracle, connections)
    size = len(best) // 2
    while size and shown and time.monotonic() < until:
        at, smaller = 0, False
        while at < len(best) and time.monotonic() < until:
            fewer = best[:at] + best[at + size :]
            difference = found(fewer, server, oracle, connections)
            if difference:
                best, shown, smaller = fewer, difference, True
            else:
                at += size
        size = size if smaller and size == 1 else size // 2
    return best, shown
