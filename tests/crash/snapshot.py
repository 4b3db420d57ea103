"""Reads everything back from a server: the state that the checker judges.

What a server can answer in several ways (XRANGE, XREVRANGE, XLEN, XINFO STREAM FULL, XPENDING) is kept in all of them,
so that the checker can find answers that contradict each other.
"""

import dataclasses
import socket
import time

from history import parse_id
from wire import ErrorReply, encode

SHARED_PREFIXES = (b"log:", b"cut:", b"tx:")
DATABASES = (0, 9)
KEY_IS_MISSING = -2   # as PEXPIRETIME says it
PAGE = 5000
SAMPLE = 40


class ReadFailed(Exception):
    """The server answered an error where reading must work."""


@dataclasses.dataclass
class GroupView:
    last_delivered: int = 0
    entries_read: int | None = None
    lag: int | None = None
    pel_count: int = 0
    pending: list = dataclasses.field(default_factory=list)      # [(id, consumer, delivery count)]
    consumers: dict = dataclasses.field(default_factory=dict)    # name -> (pel_count, [(id, delivery count)])
    xpending: tuple = (0, None, None, {})                        # total, lowest, highest, consumer -> count


@dataclasses.dataclass
class StreamView:
    entries: list = dataclasses.field(default_factory=list)      # [(id, fields)] by XRANGE
    full_entries: list = dataclasses.field(default_factory=list)  # the same by XINFO STREAM FULL
    newest: list = dataclasses.field(default_factory=list)       # the last ones by XREVRANGE
    length: int = 0
    xlen: int = 0
    last_id: int = 0
    entries_added: int = 0
    max_deleted: int = 0
    first_id: int = 0
    groups: dict = dataclasses.field(default_factory=dict)       # name -> GroupView


@dataclasses.dataclass
class Snapshot:
    streams: dict = dataclasses.field(default_factory=dict)      # shared streams by key
    values: dict = dataclasses.field(default_factory=dict)       # database -> key -> (canonical value, deadline)
    read_from_ms: int = 0                                        # wall time of the reading
    read_until_ms: int = 0

    def value(self, key, default=None):
        found = self.values.get(0, {}).get(key)
        return found[0][1] if found else default

    def namespace(self, database, prefix):
        return {key: value for key, value in self.values.get(database, {}).items() if key.startswith(prefix)}

    def entry_count(self):
        return sum(len(stream.entries) for stream in self.streams.values())


class _Reader:
    """A blocking connection that reads large replies in linear time."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._file = self._socket.makefile("rb", buffering=1 << 18)

    def close(self):
        self._file.close()
        self._socket.close()

    def call(self, *command):
        return self.pipeline([command])[0]

    def pipeline(self, commands):
        self._socket.sendall(b"".join(encode(command) for command in commands))
        replies = [self._value() for _ in commands]
        for command, reply in zip(commands, replies):
            if isinstance(reply, ErrorReply):
                raise ReadFailed(f"{b' '.join(map(_bytes, command)).decode()}: {reply}")
        return replies

    def _value(self):
        line = self._file.readline()
        kind = line[:1]
        if kind == b"$":
            length = int(line[1:])
            return self._file.read(length + 2)[:-2] if length >= 0 else None
        if kind == b"*":
            length = int(line[1:])
            return [self._value() for _ in range(length)] if length >= 0 else None
        if kind == b":":
            return int(line[1:])
        if kind == b"+":
            return line[1:-2]
        if kind == b"-":
            return ErrorReply(line[1:-2].decode("utf-8", "replace"))
        raise ReadFailed(f"connection lost or not a reply: {line!r}")


def _now_ms():
    return time.time_ns() // 1_000_000


def _bytes(part):
    return part if isinstance(part, bytes) else str(part).encode()


def _pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def _entries(reply):
    return [(parse_id(entry_id), tuple(fields)) for entry_id, fields in reply]


def observe(port):
    """The whole state of the server on `port`. Raises ReadFailed."""
    reader = _Reader(port)
    try:
        snapshot = Snapshot(read_from_ms=_now_ms())
        for database in DATABASES:
            reader.call("SELECT", database)
            keys = sorted(reader.call("KEYS", "*"))
            types = reader.pipeline([("TYPE", key) for key in keys]) if keys else []
            values = snapshot.values[database] = {}
            for key, kind in zip(keys, types):
                if kind == b"stream" and database == 0 and key.startswith(SHARED_PREFIXES):
                    snapshot.streams[key] = _read_stream(reader, key)
                elif found := _read_value(reader, key, kind):
                    values[key] = found
        snapshot.read_until_ms = _now_ms()
        return snapshot
    finally:
        reader.close()


def _read_value(reader, key, kind):
    """(canonical value, deadline), or None for a key that expired while being read."""
    if kind == b"string":
        value = ("string", reader.call("GET", key))
    elif kind == b"hash":
        value = ("hash", _pairs(reader.call("HGETALL", key)))
    elif kind == b"set":
        value = ("set", frozenset(reader.call("SMEMBERS", key)))
    elif kind == b"stream":
        value = _private_stream(_read_full(reader, key))
    else:
        value = (kind.decode(), None)
    deadline = reader.call("PEXPIRETIME", key)
    if kind == b"none" or deadline == KEY_IS_MISSING:
        return None
    return (value, deadline if deadline >= 0 else None)


def _private_stream(view):
    """The form of PrivateModel.canonical."""
    groups = {}
    for name, group in view.groups.items():
        groups[name] = (group.last_delivered, sorted(group.pending), sorted(group.consumers))
    return ("stream", view.full_entries, view.last_id, view.entries_added, view.max_deleted, groups)


def _read_full(reader, key):
    reply = _pairs(reader.call("XINFO", "STREAM", key, "FULL", "COUNT", "0"))
    view = StreamView(full_entries=_entries(reply[b"entries"]), length=reply[b"length"])
    view.last_id = parse_id(reply[b"last-generated-id"])
    view.entries_added = reply[b"entries-added"]
    view.max_deleted = parse_id(reply[b"max-deleted-entry-id"])
    view.first_id = parse_id(reply[b"recorded-first-entry-id"])
    for flat in reply[b"groups"]:
        group = _pairs(flat)
        view.groups[group[b"name"]] = _group_view(group)
    return view


def _group_view(group):
    consumers = {}
    for flat in group[b"consumers"]:
        consumer = _pairs(flat)
        own = [(parse_id(each[0]), each[2]) for each in consumer[b"pending"]]
        consumers[consumer[b"name"]] = (consumer[b"pel-count"], own)
    return GroupView(
        last_delivered=parse_id(group[b"last-delivered-id"]),
        entries_read=group[b"entries-read"],
        lag=group[b"lag"],
        pel_count=group[b"pel-count"],
        pending=[(parse_id(each[0]), each[1], each[3]) for each in group[b"pending"]],
        consumers=consumers,
    )


def _read_stream(reader, key):
    view = _read_full(reader, key)
    start = b"-"
    while True:
        page = reader.call("XRANGE", key, start, "+", "COUNT", PAGE)
        view.entries += _entries(page)
        if len(page) < PAGE:
            break
        start = b"(" + page[-1][0]
    view.newest = _entries(reader.call("XREVRANGE", key, "+", "-", "COUNT", SAMPLE))
    view.xlen = reader.call("XLEN", key)
    for name, group in view.groups.items():
        total, lowest, highest, owners = reader.call("XPENDING", key, name)
        group.xpending = (
            total,
            parse_id(lowest) if lowest else None,
            parse_id(highest) if highest else None,
            {consumer: int(count) for consumer, count in owners or []},
        )
    return view
