"""Random but meaningful sequences of commands over several connections: what both servers are asked.

A seed repeats its steps exactly. A step is (connection, words); names and ids are few, so that the steps meet.
"""

import random

CONNECTIONS = 4
STREAMS = ("s", "t")
OTHERS = ("k", "h", "e")  # What is no stream: often a string, a hash and a set, but any of them may be anything.
GROUPS = ("g", "h")
CONSUMERS = ("a", "b")
DATABASES = (0, 0, 0, 1)  # The first one is used most.
STEPS = 250
WINDOW = 20  # Ids are drawn from the newest milliseconds.
LATER = 4_000_000  # Seconds until something expires: never, within a run.


class Scenario:
    """The steps of one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.top = 0  # The newest millisecond of an added entry.
        self.queued = {}  # Of each connection inside MULTI: how many commands follow.

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *choices):
        return self.random.choice(choices)

    def stream(self):
        return self.pick(*STREAMS) if self.chance(0.95) else self.pick(*OTHERS)

    def other(self):
        return self.pick(*OTHERS) if self.chance(0.93) else self.pick(*STREAMS)

    def any_key(self):
        return self.pick(*STREAMS, *OTHERS)

    def database(self):
        return self.pick(*DATABASES) if self.chance(0.97) else self.pick(-1, 16, "x")

    def id(self):
        if self.chance(0.02):
            return self.pick("x", "1-", "0-0", "0", "18446744073709551615-18446744073709551615", "-", "+")
        ms = self.random.randint(max(0, self.top - WINDOW), self.top + 2)
        return str(ms) if self.chance(0.3) else f"{ms}-{self.pick(0, 0, 0, 1, 2)}"

    def after(self):
        """An id to read behind; "+" is one since 7.4."""
        drawn = self.id()
        return "0" if drawn == "+" else drawn

    def ids(self, most=4):
        return [self.id() for _ in range(self.random.randint(1, most))]

    def edge(self):
        return self.pick("-", "+", self.id(), f"({self.id()}")

    def count(self):
        return ["COUNT", self.pick(0, 1, 1, 2, 3, 10)] if self.chance(0.5) else []

    def number(self):
        return self.pick(0, 1, 2, 7, -1, -5, 100, 9223372036854775807, "x", "1.5", "")

    def value(self):
        return self.pick("", "a", "1", "17", "-3", "1.5", "b\r\n", "x" * 70)

    def who(self):
        return [self.pick(*GROUPS), self.pick(*CONSUMERS)]

    def trim(self):
        by = self.pick("MAXLEN", "MINID")
        sign = self.pick([], ["="], ["~"])
        limit = ["LIMIT", self.pick(0, 1, 9, 100)] if sign == ["~"] and self.chance(0.4) else []
        return [by, *sign, self.random.randint(0, 30) if by == "MAXLEN" else max(0, self.top - WINDOW), *limit]

    def add(self):
        self.top += self.pick(0, 1, 1)
        new = f"{self.top}-*" if self.chance(0.95) else self.id()
        fields = [self.value() for _ in range(2 * self.random.randint(1, 2))]
        return ["XADD", self.stream(), *(["NOMKSTREAM"] if self.chance(0.05) else []), *(self.trim() if self.chance(0.1) else []), new, *fields]

    def read(self, block):
        # What waits does so for one key: since 7.2 all of them are looked at again, before it was the one that woke.
        keys = [self.any_key()] if block else self.random.sample((*STREAMS, self.pick(*OTHERS)), self.pick(1, 1, 2))
        after = [self.pick("$", self.after()) if block else self.after() for _ in keys]
        return ["XREAD", *self.count(), *(["BLOCK", 0] if block else []), "STREAMS", *keys, *after]

    def read_group(self, block):
        keys = [self.stream()] if block or self.chance(0.8) else list(STREAMS)
        after = [">" if block or self.chance(0.7) else self.after() for _ in keys]
        words = ["XREADGROUP", "GROUP", *self.who(), *self.count(), *(["BLOCK", 0] if block else [])]
        return [*words, *(["NOACK"] if self.chance(0.1) else []), "STREAMS", *keys, *after]

    def claim(self):
        options = [*(["FORCE"] if self.chance(0.2) else []), *(["JUSTID"] if self.chance(0.4) else [])]
        options += ["RETRYCOUNT", self.random.randint(0, 9)] if self.chance(0.2) else []
        return ["XCLAIM", self.stream(), *self.who(), 0, *self.ids(), *options]

    def set_id(self):
        """Beyond whatever was deleted: an id below that is refused since 7.2."""
        self.top += 8
        return ["XSETID", self.stream(), f"{self.top}-{self.random.randint(20, 60)}"]

    def on_stream(self, at_once):
        """`at_once` is whether nothing comes between drawing the command and its execution."""
        weighted = (
            (30, self.add),
            (12, lambda: self.read_group(block=False)),
            (4, lambda: self.read(block=False)),
            (5, lambda: [self.pick("XRANGE", "XREVRANGE"), self.stream(), self.edge(), self.edge(), *self.count()]),
            (6, lambda: ["XACK", self.stream(), self.pick(*GROUPS), *self.ids()]),
            (5, self.claim),
            (4, lambda: ["XAUTOCLAIM", self.stream(), *self.who(), 0, self.pick("0", self.id()), *self.count()]),
            (4, lambda: ["XPENDING", self.stream(), self.pick(*GROUPS)]),
            (4, lambda: ["XDEL", self.stream(), *self.ids()]),
            (3, lambda: ["XTRIM", self.stream(), *self.trim()]),
            (2, lambda: ["XLEN", self.stream()]),
            (2, lambda: ["XGROUP", "SETID", self.stream(), self.pick(*GROUPS), self.pick("$", self.id())]),
            (1 if at_once else 0, self.set_id),  # Later, its id may be below one that was deleted in between.
        )
        return self.random.choices([make for _, make in weighted], [weight for weight, _ in weighted])[0]()

    def on_key(self):
        key, other = self.any_key(), self.any_key()
        return self.pick(
            ["TYPE", key],
            ["EXISTS", key, other],
            ["EXPIRE", key, self.pick(LATER, LATER, -1, "x"), *self.pick([], [], ["NX"], ["XX"], ["GT"], ["LT"])],
            ["PEXPIREAT", key, self.pick(1, 9_000_000_000_000)],
            ["PERSIST", key],
            ["OBJECT", "ENCODING", key],
            ["COPY", key, other, *self.pick([], [], ["DB", self.database()]), *self.pick([], ["REPLACE"])],
            ["MOVE", key, 1 if self.chance(0.5) else self.database()],
            ["RENAMENX", key, other],
            ["TOUCH", key, other],
        )

    def on_other(self):
        key, field = self.other(), self.pick("f", "g", "1", "")
        return self.pick(
            ["SET", key, self.value(), *self.pick([], [], ["NX"], ["XX"], ["GET"], ["KEEPTTL"], ["EX", LATER], ["EX", "x"])],
            ["GET", key],
            ["APPEND", key, self.value()],
            ["GETRANGE", key, self.number(), self.number()],
            ["SETRANGE", key, self.pick(0, 1, 5, -1, "x"), self.value()],
            [self.pick("INCRBY", "DECRBY"), key, self.number()],
            ["INCRBYFLOAT", key, self.pick(1, 0.5, -2, "x")],
            ["MGET", key, self.any_key()],
            ["GETEX", key, *self.pick([], ["PERSIST"], ["EX", LATER])],
            ["GETDEL", key],
            ["HSET", key, field, self.value(), self.pick("f", "h"), self.value()],
            ["HDEL", key, field, self.pick("f", "h")],
            ["HGETALL", key],
            ["HMGET", key, field, "none"],
            ["HINCRBY", key, field, self.number()],
            ["HINCRBYFLOAT", key, field, self.pick(1, 0.5, "x")],
            ["HSETNX", key, field, self.value()],
            ["SADD", key, field, self.value()],
            ["SREM", key, field, self.value()],
            ["SMEMBERS", key],
            ["SMISMEMBER", key, field, "none"],
            ["SMOVE", key, self.other(), field],
            [self.pick("SUNIONSTORE", "SINTERSTORE", "SDIFFSTORE"), self.other(), key, self.other()],
            [self.pick("SUNION", "SINTER", "SDIFF"), key, self.other()],
        )

    def plain(self, at_once=True):
        return self.random.choices((lambda: self.on_stream(at_once), self.on_key, self.on_other), (70, 10, 20))[0]()

    def groups(self, key):
        """Groups with all their consumers: what makes consumers, and when, came with Redis 7.2."""
        start = self.pick("0", "$", self.id())
        for group in GROUPS:
            yield ["XGROUP", "CREATE", key, group, start, "MKSTREAM"]
            for consumer in CONSUMERS:
                yield ["XGROUP", "CREATECONSUMER", key, group, consumer]

    def restart(self):
        """What takes keys and groups away, and brings them back."""
        key, group = self.pick(*STREAMS), self.pick(*GROUPS)
        kind = self.random.randint(0, 7)
        if kind == 0:
            yield ["XGROUP", "DESTROY", key, group]
        elif kind == 1:
            yield [self.pick("DEL", "UNLINK"), key, self.any_key()]
        elif kind == 2:
            yield ["RENAME", key, self.any_key()]
        elif kind == 3:
            yield ["XGROUP", "DELCONSUMER", key, group, self.pick(*CONSUMERS)]
        elif kind == 4:
            yield [self.pick("FLUSHALL", "FLUSHDB")]
        elif kind == 5:
            yield ["SET", key, "x"]
            yield ["DEL", key]
        elif kind == 6:
            yield ["SWAPDB", self.database(), self.database()]
        yield from self.groups(key)

    def transaction(self):
        if self.chance(0.4):
            yield ["WATCH", self.any_key(), self.any_key()]
        yield ["MULTI"]
        for _ in range(self.random.randint(1, 5)):
            yield self.read_group(self.chance(0.5)) if self.chance(0.2) else self.plain(at_once=False)
        yield ["EXEC"] if self.chance(0.9) else ["DISCARD"]

    def steps(self):
        """Transactions go on over several turns of a connection, others come in between."""
        waiting = {connection: [] for connection in range(CONNECTIONS)}
        for key in STREAMS:
            yield from ((0, words) for words in self.groups(key))
        for _ in range(STEPS):
            connection = self.random.randrange(CONNECTIONS)
            queue = waiting[connection]
            if not queue:
                queue += self.some()
            yield connection, queue.pop(0)
        for connection, queue in waiting.items():
            yield from ((connection, words) for words in queue)

    def some(self):
        draw = self.random.random()
        if draw < 0.03:
            return list(self.restart())
        if draw < 0.10:
            return list(self.transaction())
        if draw < 0.16:
            return [self.read_group(block=True) if self.chance(0.6) else self.read(block=True)]
        if draw < 0.18:
            return [["SELECT", self.database()]]
        return [self.plain()]
