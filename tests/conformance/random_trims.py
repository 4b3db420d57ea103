"""Random trimming for Leat and for the oracle: XADD, XDEL and XTRIM with every option, on nodes of changing size.

After every command the whole stream is compared: which entries are left, the counters, and where nodes end. A seed
repeats its commands exactly.
"""

import random

import notation
import random_commands
from leatlib.resp import RespMap

COMMANDS_PER_SEED = 400
KEY = "s"
HIDDEN = {b"radix-tree-nodes"} | random_commands.NEWER_FIELDS


class Generator:
    """Deletes much, so that nodes have holes, lose their first or last entry, and go."""

    def __init__(self, seed):
        self.random = random.Random(f"trim {seed}")
        self.top = 0  # The newest millisecond of an added entry.
        self.bottom = 0  # About where the stream begins.

    def chance(self, probability):
        return self.random.random() < probability

    def id(self):
        ms = self.random.randint(max(0, self.bottom - 2), self.top + 1)
        return self.random.choice((str(ms), f"{ms}-{self.random.randint(0, 2)}"))

    def trim(self):
        by = self.random.choice(("MAXLEN", "MINID"))
        sign = self.random.choice(([], ["="], ["~"], ["~"], ["~"]))
        limit = ["LIMIT", self.random.choice((0, 1, 2, 3, 4, 5, 7, 9, 20, 100))] if sign == ["~"] and self.chance(0.5) else []
        if by == "MAXLEN":
            return [by, *sign, self.random.choice((0, 1, 2, 3, 5, 8, 13, 20, 21, 22, 30, 50)), *limit]
        if self.chance(0.7):
            self.bottom = min(self.top, self.bottom + self.random.randint(0, 6))
            return [by, *sign, f"{self.bottom}-{self.random.randint(0, 2)}", *limit]
        return [by, *sign, self.id(), *limit]

    def add(self):
        self.top += self.random.choice((0, 1, 1))
        fields = ["f", "v" * self.random.choice((0, 1, 1, 7, 40, 90))] * self.random.randint(1, 2)
        return ["XADD", KEY, *(self.trim() if self.chance(0.1) else []), f"{self.top}-*", *fields]

    def delete(self):
        return ["XDEL", KEY, *(self.id() for _ in range(self.random.randint(1, 5)))]

    def node_size(self):
        return ["CONFIG", "SET", "stream-node-max-entries", self.random.choice((0, 1, 2, 3, 5, 8)), "stream-node-max-bytes", self.random.choice((0, 0, 100, 300))]

    def commands(self):
        kinds = ((50, self.add), (22, self.delete), (12, lambda: ["XTRIM", KEY, *self.trim()]), (1, self.node_size), (0.3, lambda: ["DEL", KEY]))
        weights = [weight for weight, _ in kinds]
        yield self.node_size()
        for _ in range(COMMANDS_PER_SEED):
            yield self.random.choices(kinds, weights)[0][1]()


def nodes(client):
    """How many nodes the stream has; 0 without one."""
    info = client.call("XINFO", "STREAM", KEY)
    return dict(info)[b"radix-tree-keys"] if isinstance(info, RespMap) else 0


def leaves_empty_nodes(command):
    """docs/differences.md, "Stream nodes": redis keeps a node whose last entry was deleted when this trims all others of it."""
    return "MINID" in command and "~" not in command


def state(client):
    """What is left of the stream, its counters and its nodes."""
    info = client.call("XINFO", "STREAM", KEY)
    counters = [pair for pair in info if pair[0] not in HIDDEN] if isinstance(info, RespMap) else info
    return [client.call("XRANGE", KEY, "-", "+"), counters]


def difference(seed, server, oracle):
    """Plays one seed on both servers. Returns where they first differ, or ""."""
    with server.client(3, typed_nulls=True) as ours, oracle.client(3, typed_nulls=True) as theirs:
        clients = (ours, theirs)
        for client in clients:
            client.call("FLUSHALL")
        for number, command in enumerate(Generator(seed).commands(), 1):
            got, want = (client.call(*command) for client in clients)
            if leaves_empty_nodes(command) and got == want and nodes(theirs) > nodes(ours):
                for client in clients:
                    client.call("DEL", KEY)
            got, want = ([reply, *state(client)] for reply, client in zip((got, want), clients))
            if got != want:
                return f"command {number}: {' '.join(map(str, command))}\nwant  {notation.render(want)}\ngot   {notation.render(got)}"
    return ""
