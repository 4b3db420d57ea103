"""Readers that wait while the key, the group or the client that they wait with goes."""

import time

from argument_player import check_reply
from leatlib.report import Failed
from leatlib.resp import ConnectionClosed, RespError
from values import INTEGERS

KEY, GROUP, CONSUMER = "STREAMS", "GROUP", "BLOCK"
IN_GROUP = ("XREADGROUP", "GROUP", GROUP, CONSUMER)
READERS = [
    ("XREAD", "BLOCK", "0", "STREAMS", KEY, "$"),
    ("XREAD", "BLOCK", "4294967296", "STREAMS", "other", KEY, "0", "$"),
    (*IN_GROUP, "BLOCK", "0", "STREAMS", KEY, ">"),
    (*IN_GROUP, "BLOCK", "4294967296", "NOACK", "STREAMS", KEY, ">"),
    (*IN_GROUP, "BLOCK", "0", "CLAIM", "1000000", "STREAMS", KEY, ">"),
]
DATA = [
    ("FLUSHALL",),
    ("XGROUP", "CREATE", KEY, GROUP, "0", "MKSTREAM"),
    ("XADD", KEY, "1-0", "f", "v"),
    (*IN_GROUP, "STREAMS", KEY, ">"),
    ("XADD", "filled", "5-0", "f", "v"),
    ("SET", "text", "v"),
]
APPEND = ("XADD", KEY, "9-0", "f", "v")
# What happens, and whether readers in the group must be answered: that their group is gone, or with an entry. "<id>" and
# "<addr>" are those of each reader in turn, "<payload>" that of the stream `filled`.
EVENTS = {
    "CLIENT KILL ID": ([("CLIENT", "KILL", "ID", "<id>")], True),
    "CLIENT KILL address": ([("CLIENT", "KILL", "<addr>")], True),
    "CLIENT KILL ADDR": ([("CLIENT", "KILL", "ADDR", "<addr>")], True),
    "CLIENT KILL TYPE": ([("CLIENT", "KILL", "TYPE", "NORMAL", "SKIPME", "YES")], True),
    "CLIENT UNBLOCK TIMEOUT": ([("CLIENT", "UNBLOCK", "<id>")], True),
    "CLIENT UNBLOCK ERROR": ([("CLIENT", "UNBLOCK", "<id>", "ERROR")], True),
    "DEL": ([("DEL", KEY)], True),
    "UNLINK": ([("UNLINK", KEY)], True),
    "expiry": ([("PEXPIRE", KEY, "1"), "gone"], True),
    "expiry at once": ([("PEXPIREAT", KEY, "1")], True),
    "RENAME": ([("RENAME", KEY, "other")], True),
    "RENAME over it": ([("RENAME", "filled", KEY)], True),
    "COPY over it": ([("COPY", "filled", KEY, "REPLACE")], True),
    "RESTORE over it": ([("RESTORE", KEY, "0", "<payload>", "REPLACE")], True),
    "MOVE": ([("MOVE", KEY, "1")], True),
    "SWAPDB": ([("SWAPDB", "0", "1")], True),
    "FLUSHALL": ([("FLUSHALL",)], True),
    "FLUSHDB": ([("FLUSHDB",)], True),
    "XGROUP DESTROY": ([("XGROUP", "DESTROY", KEY, GROUP)], True),
    "XGROUP DELCONSUMER": ([("XGROUP", "DELCONSUMER", KEY, GROUP, CONSUMER)], False),
    "XGROUP SETID": ([("XGROUP", "SETID", KEY, GROUP, "0")], False),
    "SET": ([("SET", KEY, "v")], True),
    "XDEL": ([("XDEL", KEY, "1-0")], False),
    "XTRIM": ([("XTRIM", KEY, "MAXLEN", "0")], False),
    "XADD": ([APPEND, ("XADD", KEY, "10-0", "f", "v"), ("XADD", KEY, "11-0", "f", "v")], True),
    "DEL and XADD in EXEC": ([("MULTI",), ("DEL", KEY), APPEND, ("EXEC",)], True),
    "RENAME and SET in EXEC": ([("MULTI",), ("RENAME", KEY, "other"), ("SET", KEY, "v"), ("EXEC",)], True),
    "RENAME there and back in EXEC": ([("MULTI",), ("RENAME", KEY, "other"), ("RENAME", "other", KEY), ("EXEC",)], False),
    "FLUSHALL and XADD in EXEC": ([("MULTI",), ("FLUSHALL",), APPEND, ("EXEC",)], True),
    "SWAPDB twice in EXEC": ([("MULTI",), ("SWAPDB", "0", "1"), ("SWAPDB", "0", "1"), ("EXEC",)], False),
    "XGROUP DESTROY and CREATE in EXEC": (
        [("MULTI",), ("XGROUP", "DESTROY", KEY, GROUP), ("XGROUP", "CREATE", KEY, GROUP, "$"), ("EXEC",)], False),
    "XADD and CLIENT KILL in EXEC": ([("MULTI",), APPEND, ("CLIENT", "KILL", "TYPE", "NORMAL"), ("DEL", KEY), ("EXEC",)], True),
}


class Reader:
    """A client that waits; `seconds` is how long any answer may take."""

    def __init__(self, server, protocol, seconds, words):
        self.words, self.protocol = words, protocol
        self.client = server.client(protocol, timeout=seconds, typed_nulls=True)
        self.id = self.client.call("CLIENT", "ID")
        self.address = "{}:{}".format(*self.client.socket.getsockname())
        self.client.send(*words)

    def finish(self, control):
        """Whether an answer, or the end of the connection, was there; then has the wait end. One reply must come, and then the next."""
        answered = self.client.readable(0)
        if not answered:
            control.call("CLIENT", "UNBLOCK", self.id)
        try:
            check_reply(self.client.read(), self.protocol)
            mark = self.client.call("PING", "mark")
        except (ConnectionClosed, ConnectionError):
            mark = b"mark"
            answered = True
        except TimeoutError:
            raise Failed(f"{' '.join(self.words)} is never answered") from None
        if mark != b"mark":
            raise Failed(f"{' '.join(self.words)} was answered twice: {mark!r}")
        self.client.close()
        return answered


class Event:
    """Readers wait, it happens, and all of them go on."""

    def __init__(self, server, protocol, seconds):
        self.server, self.protocol, self.seconds = server, protocol, seconds
        self.control = server.client(protocol, timeout=seconds, typed_nulls=True)

    def happen(self, calls, ends):
        for call in DATA:
            self.call(*call)
        self.payload = self.call("DUMP", "filled")
        readers = [Reader(self.server, self.protocol, self.seconds, words) for words in READERS]
        self.wait_for("blocked_clients", len(readers))
        for call in calls:
            self.wait_gone() if call == "gone" else self.send(call, readers)
        for reader in readers:
            answered = reader.finish(self.control)
            if ends and reader.words[0] == "XREADGROUP" and not answered:
                raise Failed(f"{' '.join(reader.words)} goes on waiting")
        self.wait_for("blocked_clients", 0)
        self.control.close()

    def send(self, call, readers):
        for reader in readers if set(call) & {"<id>", "<addr>"} else (None,):
            known = {"<id>": reader and reader.id, "<addr>": reader and reader.address, "<payload>": self.payload}
            self.call(*(known.get(word, word) for word in call))

    def call(self, *words):
        reply = self.control.call(*words)
        if isinstance(reply, RespError):
            raise Failed(f"{words}: {reply}")
        return reply

    def wait_for(self, field, value):
        until = time.monotonic() + self.seconds
        while int(self.control.info("clients")[field]) != value:
            if time.monotonic() > until:
                raise Failed(f"{field} is not {value}: {self.control.info('clients')[field]}")

    def wait_gone(self):
        until = time.monotonic() + self.seconds
        while self.call("EXISTS", KEY):
            if time.monotonic() > until:
                raise Failed("the key does not expire")


def events(server, seconds):
    """(name, what to do) of each event in both protocols."""
    for name, (calls, ends) in EVENTS.items():
        yield f"readers and {name}", lambda calls=calls, ends=ends: [Event(server, p, seconds).happen(calls, ends) for p in (2, 3)]
    yield "readers that wait for any number", lambda: wait_for_numbers(server, seconds)


def wait_for_numbers(server, seconds):
    """Each number as the time of BLOCK: refused, or a wait that CLIENT UNBLOCK ends."""
    with server.client(timeout=seconds) as control:
        for call in DATA:
            control.call(*call)
        for number in INTEGERS:
            for words in (("XREAD", "BLOCK", number, "STREAMS", KEY, "$"), (*IN_GROUP, "BLOCK", number, "CLAIM", "1000000", "STREAMS", KEY, ">")):
                reader = Reader(server, 2, seconds, words)
                while not reader.client.readable(0.002) and not control.call("CLIENT", "UNBLOCK", reader.id):
                    pass
                reader.finish(control)
