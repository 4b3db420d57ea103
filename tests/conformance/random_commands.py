"""The same random stream commands for Leat and for the oracle: every reply must be equal.

Transcripts hold what somebody thought of; this finds the rest. The commands are drawn from few keys, groups,
consumers and ids, so that they meet. What may differ is left out or masked: times, what Leat counts better (lag and
entries-read), and what redis changed between 7.0 and 7.2 (reads that make consumers: here all of them exist).
A seed repeats its commands exactly.
"""

import random

import notation
from leatlib.resp import RespMap

KEYS = ("s", "t")
GROUPS = ("g", "h")
CONSUMERS = ("a", "b", "c")
WINDOW = 25  # Ids are drawn from the newest milliseconds.
COMMANDS_PER_SEED = 500
NODE_ENTRIES = 5
OLD = 4_000_000  # Milliseconds; XCLAIM makes entries so old, and others claim what is half as old.
# Nodes: an exact XTRIM MINID leaves nodes without a live entry behind in redis.
VOLATILE = {b"radix-tree-nodes", b"radix-tree-keys", b"lag", b"entries-read", b"idle", b"seen-time", b"active-time", b"inactive"}
# Of XINFO, since 8.6 and 8.8.
NEWER_FIELDS = {b"idmp-duration", b"idmp-maxsize", b"pids-tracked", b"iids-tracked", b"iids-added", b"iids-duplicates", b"nacked-count"}


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.top = 0  # The newest millisecond of an added entry.

    def chance(self, probability):
        return self.random.random() < probability

    def key(self):
        return "str" if self.chance(0.01) else "none" if self.chance(0.02) else self.random.choice(KEYS)

    def group(self):
        return "nogroup" if self.chance(0.02) else self.random.choice(GROUPS)

    def id(self):
        if self.chance(0.02):
            return self.random.choice(("x", "1-", "-1", "1-1-1", "", "$", "*", "18446744073709551616"))
        ms = self.random.randint(max(0, self.top - WINDOW), self.top + 1)
        return str(ms) if self.chance(0.3) else f"{ms}-{self.random.choice((0, 0, 0, 1, 1, 2))}"

    def edge(self):
        if self.chance(0.4):
            return self.random.choice("-+")
        return ("(" if self.chance(0.2) else "") + self.id()

    def ids(self):
        return [self.id() for _ in range(self.random.randint(1, 3))]

    def count(self):
        return ["COUNT", self.random.choice((0, 1, 1, 2, 2, 3, 3, 5, 5, 10, 10, -1))] if self.chance(0.5) else []

    def trim(self):
        by = self.random.choice(("MAXLEN", "MINID"))
        sign = self.random.choice(([], ["="], ["~"], ["~"]))
        limit = ["LIMIT", self.random.choice((0, 1, 4, 5, 9, 100))] if sign == ["~"] and self.chance(0.4) else []
        return [by, *sign, self.random.randint(0, 40) if by == "MAXLEN" else max(0, self.top - WINDOW), *limit]

    def fields(self):
        return [self.random.choice(("f", "g", "v\x00", "")) for _ in range(2 * self.random.randint(1, 3))]

    def add(self):
        if self.chance(0.05):
            new = self.id().replace("*", "$")  # Mostly too small; "*" depends on the clock.
        else:
            self.top += self.random.choice((0, 1, 1))
            new = f"{self.top}-*"
        trim = self.trim() if self.chance(0.05) else []
        return ["XADD", self.key(), *(["NOMKSTREAM"] if self.chance(0.1) else []), *trim, new, *self.fields()]

    def read_group(self):
        keys = [self.key()] if self.chance(0.8) else list(KEYS)
        after = [">" if self.chance(0.7) else self.id() for _ in keys]
        no_ack = ["NOACK"] if self.chance(0.1) else []
        who = ["GROUP", self.group(), self.random.choice(CONSUMERS)]
        return ["XREADGROUP", *who, *self.count(), *no_ack, "STREAMS", *keys, *after]

    def claim(self):
        options = []
        if self.chance(0.5):
            options += ["IDLE", self.random.choice((0, OLD))]
        if self.chance(0.2):
            options += ["RETRYCOUNT", self.random.randint(0, 9)]
        options += ["FORCE"] if self.chance(0.2) else []
        options += ["JUSTID"] if self.chance(0.4) else []
        options += ["LASTID", self.id()] if self.chance(0.1) else []
        who = [self.key(), self.group(), self.random.choice(CONSUMERS)]
        return ["XCLAIM", *who, self.random.choice((0, 0, OLD // 2)), *self.ids(), *self.ids(), *options]

    def auto_claim(self):
        start = self.edge() if self.chance(0.5) else "0"
        who = [self.key(), self.group(), self.random.choice(CONSUMERS)]
        just_id = ["JUSTID"] if self.chance(0.3) else []
        return ["XAUTOCLAIM", *who, self.random.choice((0, OLD // 2)), start, *self.count(), *just_id]

    def pending(self):
        if self.chance(0.4):
            return ["XPENDING", self.key(), self.group()]
        idle = ["IDLE", self.random.choice((0, OLD // 2))] if self.chance(0.3) else []
        consumer = [self.random.choice(CONSUMERS)] if self.chance(0.4) else []
        return ["XPENDING", self.key(), self.group(), *idle, self.edge(), self.edge(), 20, *consumer]

    def set_up_group(self, key, group):
        """A group with all its consumers."""
        start = self.random.choice(("0", "$", "$", self.id()))
        yield ["XGROUP", "CREATE", key, group, start, "MKSTREAM"]
        for consumer in CONSUMERS:
            yield ["XGROUP", "CREATECONSUMER", key, group, consumer]

    def rare(self):
        """What restarts things: groups, keys, last ids."""
        key, group = self.random.choice(KEYS), self.random.choice(GROUPS)
        kind = self.random.randint(0, 5)
        if kind == 0:
            yield ["XGROUP", "DESTROY", key, group]
            yield from self.set_up_group(key, group)
        elif kind == 1:
            yield ["XGROUP", "SETID", key, group, self.edge()]
        elif kind == 2:
            consumer = self.random.choice(CONSUMERS)
            yield ["XGROUP", "DELCONSUMER", key, group, consumer]
            yield ["XGROUP", "CREATECONSUMER", key, group, consumer]
        elif kind == 3:
            yield ["RENAME", KEYS[0], KEYS[1]]
            yield from self.set_up_group(*KEYS[:1], group)
        elif kind == 4:
            yield ["DEL", key]
            for name in GROUPS:
                yield from self.set_up_group(key, name)
        else:
            yield ["XSETID", key, f"{self.top}-{self.random.randint(50, 99)}"]

    def commands(self):
        yield ["CONFIG", "SET", "stream-node-max-entries", NODE_ENTRIES, "stream-node-max-bytes", 0]
        yield ["SET", "str", "x"]
        for key in KEYS:
            for group in GROUPS:
                yield from self.set_up_group(key, group)
        plain = (
            (45, self.add),
            (14, self.read_group),
            (6, lambda: ["XREAD", *self.count(), "STREAMS", self.key(), self.id()]),
            (6, lambda: ["XRANGE", self.key(), self.edge(), self.edge(), *self.count()]),
            (6, lambda: ["XREVRANGE", self.key(), self.edge(), self.edge(), *self.count()]),
            (8, lambda: ["XACK", self.key(), self.group(), *self.ids(), *self.ids()]),
            (8, self.claim),
            (6, self.auto_claim),
            (8, self.pending),
            (8, lambda: ["XDEL", self.key(), *self.ids()]),
            (2, lambda: ["XTRIM", self.key(), *self.trim()]),
            (3, lambda: ["XINFO", "STREAM", self.key()]),
            (3, lambda: ["XINFO", "GROUPS", self.key()]),
            (3, lambda: ["XINFO", "CONSUMERS", self.key(), self.group()]),
            (2, lambda: ["XLEN", self.key()]),
        )
        weights = [weight for weight, _ in plain]
        for _ in range(COMMANDS_PER_SEED):
            if self.chance(0.02):
                yield from self.rare()
            else:
                yield self.random.choices(plain, weights)[0][1]()
        for key in KEYS:
            yield ["XINFO", "STREAM", key, "FULL", "COUNT", 0]


def masked(command, reply):
    """The reply without what may differ."""
    if command[0] == "XPENDING" and isinstance(reply, list) and reply and isinstance(reply[0], list):
        return [[entry[0], entry[1], None, entry[3]] for entry in reply]
    return without_volatile(reply)


def without_volatile(value):
    if isinstance(value, RespMap):
        pairs = ((k, without_delivery_times(v) if k == b"pending" else without_volatile(v)) for k, v in value)
        return RespMap(pair for pair in pairs if pair[0] not in VOLATILE | NEWER_FIELDS)
    if isinstance(value, list):
        return type(value)(without_volatile(item) for item in value)
    return value


def without_delivery_times(value):
    """The pending lists of XINFO STREAM FULL: [id, consumer, time, count] or [id, time, count]."""
    return [[*entry[:-2], entry[-1]] for entry in value] if isinstance(value, list) else value


def difference(seed, server, oracle):
    """Plays one seed on both servers. Returns where they first differ, or ""."""
    with server.client(3, typed_nulls=True) as ours, oracle.client(3, typed_nulls=True) as theirs:
        for client in (ours, theirs):
            client.call("FLUSHALL")
        for number, command in enumerate(Generator(seed).commands(), 1):
            got, want = ours.call(*command), theirs.call(*command)
            if masked(command, got) != masked(command, want) or type(got) is not type(want):
                return f"command {number}: {' '.join(map(str, command))}\nwant  {notation.render(want)}\ngot   {notation.render(got)}"
    return ""
