"""What the clients do before the fault: one generator per connection, all choices from a seeded random.

Kinds of operation, with the `args` that the checker reads:
    xadd (fields, cap)               cap is the N of MAXLEN = N, or None
    xdel [ids]                       xtrim (strategy, threshold)
    xreadgroup (group, consumer, count, noack)      xhistory (group, consumer)
    xack (group, [ids])              xclaim (group, consumer, [ids], justid)
    xautoclaim (group, consumer, count, justid)
    group (group,)                   consumer (group, consumer)
    exec token, with parts           hset field, sadd member, incr None: only as parts
    private commands                 on keys that this connection alone uses; several are one transaction
    select None
"""

import random
import time

from history import Operation, id_text, parse_id
from private_model import PrivateModel

LOGS = (b"log:0", b"log:1", b"log:2")
CUT = b"cut:0"            # XDEL and XTRIM
CAPPED = b"cut:1"         # every XADD with MAXLEN = CAP
CAP = 500
TX_IN, TX_TWIN, TX_OUT = b"tx:in", b"tx:twin", b"tx:out"
TX_HASH, TX_SET, TX_COUNT = b"tx:hash", b"tx:set", b"tx:count"
MOVERS = b"movers"
NOACK_GROUP = b"noack"    # every read of it is NOACK
GROUPS = (
    (LOGS[0], b"billing"), (LOGS[0], b"audit"), (LOGS[1], b"billing"), (LOGS[2], NOACK_GROUP),
    (CUT, b"billing"), (TX_IN, MOVERS),
)
PRIVATE_SPACES = ((0, b"own:a:"), (0, b"own:b:"), (9, b"own:f:"))
_BLOB = random.Random(1).randbytes(1 << 17).replace(b"\0", b"\1")


def padding(rng):
    """Mostly small; now and then larger than a page or than a whole batch of the server's log."""
    size = rng.choice((8, 8, 30, 100, 200)) if rng.random() < 0.995 else rng.randrange(3000, 70000)
    start = rng.randrange(len(_BLOB) - size)
    return _BLOB[start:start + size]


def xadd(stream, fields, cap=None):
    limit = ("MAXLEN", "=", cap) if cap else ()
    return Operation("xadd", stream, (fields, cap), [("XADD", stream, *limit, "*", *fields)])


def xack(stream, group, ids):
    return Operation("xack", stream, (group, ids), [("XACK", stream, group, *map(id_text, ids))])


def xreadgroup(stream, group, consumer, count, noack=False, block_ms=None):
    options = ("COUNT", count, *(("BLOCK", block_ms) if block_ms is not None else ()), *(("NOACK",) if noack else ()))
    command = ("XREADGROUP", "GROUP", group, consumer, *options, "STREAMS", stream, ">")
    return Operation("xreadgroup", stream, (group, consumer, count, noack), [command])


def xhistory(stream, group, consumer):
    command = ("XREADGROUP", "GROUP", group, consumer, "COUNT", 1000, "STREAMS", stream, "0")
    return Operation("xhistory", stream, (group, consumer), [command])


def xclaim(stream, group, consumer, ids, justid):
    command = ("XCLAIM", stream, group, consumer, 0, *map(id_text, ids), *(("JUSTID",) if justid else ()))
    return Operation("xclaim", stream, (group, consumer, ids, justid), [command])


def xautoclaim(stream, group, consumer, count, justid):
    command = ("XAUTOCLAIM", stream, group, consumer, 0, "0-0", "COUNT", count, *(("JUSTID",) if justid else ()))
    return Operation("xautoclaim", stream, (group, consumer, count, justid), [command])


def private(space, commands):
    wire = [("MULTI",), *commands, ("EXEC",)] if len(commands) > 1 else commands
    return Operation("private", space, commands, wire)


def delivered(operation):
    """[(id, fields)] that an answered XREADGROUP handed out; fields are None for a deleted entry of a history."""
    if not operation.is_acked or not operation.reply:
        return []
    return [(parse_id(entry_id), tuple(fields) if fields else None) for entry_id, fields in operation.reply[0][1]]


def claimed(operation):
    """[(id, fields)] that an answered XCLAIM or XAUTOCLAIM moved; fields are None with JUSTID."""
    if not operation.is_acked:
        return []
    reply, justid = operation.reply, operation.args[3]
    if operation.kind == "xautoclaim":
        reply = reply[1]
    if justid:
        return [(parse_id(entry_id), None) for entry_id in reply]
    return [(parse_id(each[0]), tuple(each[1])) for each in reply if each]


class Workload:
    """The actors of one load phase. `label` makes the payloads of this phase unique, `before` is what the server held."""

    def __init__(self, seed, label, before, big_entries=False):
        self._seed = seed
        self._label = label.encode()
        self._before = before
        self._big = big_entries
        self._appended = {stream: [] for stream in (*LOGS, CUT, CAPPED)}   # acknowledged ids
        self._open = {pair: set() for pair in GROUPS}                       # delivered, not yet acknowledged

    def setup(self):
        """An actor that creates the groups which do not exist yet."""
        missing = [pair for pair in GROUPS
                   if pair[0] not in self._before.streams or pair[1] not in self._before.streams[pair[0]].groups]
        for stream, group in missing:
            command = ("XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
            yield [Operation("group", stream, (group,), [command])]

    def actors(self):
        """[(name, generator)] for the load phase."""
        plan = [(f"prod{number}", self._producer, depth) for number, depth in enumerate((64, 16, 1, 1))]
        for stream, group in GROUPS[:3] + GROUPS[4:5]:
            for number in (1, 2):
                plan.append((f"{group.decode()}{number}@{stream.decode()}", self._worker, (stream, group)))
        plan += [("noack", self._noack_reader, None), ("janitor", self._janitor, None), ("tx1", self._transactor, 4),
                 ("tx2", self._transactor, 1), ("mover", self._mover, None)]
        plan += [(f"own{database}{space.decode()}", self._private, (database, space)) for database, space in PRIVATE_SPACES]
        return [(name, make(name, random.Random(f"{self._seed}/{self._label}/{name}"), argument))
                for name, make, argument in plan]

    def _fields(self, name, number, rng):
        pad = padding(rng) if not self._big else _BLOB[number % 1000:number % 1000 + 4000]
        return (b"p", b"%s.%s-%d" % (self._label, name.encode(), number), b"h", pad)

    def _producer(self, name, rng, depth):
        number = 0
        streams = (*LOGS, CUT, CAPPED)
        while True:
            batch = []
            for _ in range(depth if depth < 3 else rng.randrange(depth // 2, depth + 1)):
                number += 1
                stream = rng.choice(streams)
                cap = CAP if stream == CAPPED else None
                batch.append(xadd(stream, self._fields(name, number, rng), cap))
            for operation in (yield batch):
                if operation.is_acked:
                    self._appended[operation.key].append(parse_id(operation.reply))

    def _worker(self, name, rng, pair):
        """A consumer: first its own pending entries, then new ones; acknowledges most, claims from its peers."""
        stream, group = pair
        consumer = name.partition("@")[0].encode()
        unacked = self._open[pair]
        (history,) = yield [xhistory(stream, group, consumer)]
        unacked.update(each for each, _ in delivered(history))
        extra = b"idle-" + self._label
        yield [Operation("consumer", stream, (group, extra), [("XGROUP", "CREATECONSUMER", stream, group, extra)])]
        while True:
            choice = rng.random()
            if choice < 0.75:
                block_ms = 20 if rng.random() < 0.5 else None
                operations = [xreadgroup(stream, group, consumer, rng.choice((1, 10, 60)), block_ms=block_ms)]
            elif choice < 0.85 and unacked:
                ids = rng.sample(sorted(unacked), min(len(unacked), rng.randrange(1, 6)))
                operations = [xclaim(stream, group, consumer, ids, rng.random() < 0.3)]
            elif choice < 0.9:
                operations = [xhistory(stream, group, consumer)]
            else:
                operations = [xautoclaim(stream, group, consumer, rng.randrange(1, 30), rng.random() < 0.3)]
            (operation,) = yield operations
            moved = claimed(operation) if operation.kind in ("xclaim", "xautoclaim") else delivered(operation)
            mine = [each for each, _ in moved]
            unacked.update(mine)
            keep = 0.1 if len(unacked) < 300 else 0.0
            done = [each for each in mine if rng.random() >= keep]
            yield from self._acknowledge(rng, pair, done)

    def _acknowledge(self, rng, pair, ids):
        if not ids:
            return
        size = 1 if rng.random() < 0.5 else 20
        batch = [xack(*pair, ids[start:start + size]) for start in range(0, len(ids), size)]
        self._open[pair].difference_update(ids)
        yield batch

    def _noack_reader(self, name, rng, _):
        while True:
            yield [xreadgroup(LOGS[2], NOACK_GROUP, name.encode(), rng.choice((1, 20, 100)), noack=True, block_ms=20)]

    def _janitor(self, _name, rng, _argument):
        while True:
            ids = self._appended[CUT]
            if len(ids) < 20:
                yield [Operation("xlen", CUT, None, [("XLEN", CUT)])]
                continue
            choice = rng.random()
            if choice < 0.8:
                chosen = rng.sample(ids[-400:], rng.randrange(1, 4))
                yield [Operation("xdel", CUT, chosen, [("XDEL", CUT, *map(id_text, chosen))])]
            elif choice < 0.9:
                threshold, mode = rng.randrange(300, 600), rng.choice("=~")
                yield [Operation("xtrim", CUT, ("MAXLEN", threshold), [("XTRIM", CUT, "MAXLEN", mode, threshold)])]
            else:
                lowest = ids[max(0, len(ids) - rng.randrange(300, 600))]
                yield [Operation("xtrim", CUT, ("MINID", lowest), [("XTRIM", CUT, "MINID", "=", id_text(lowest))])]

    def _transactor(self, name, rng, depth):
        """All-or-nothing groups over two streams, a hash, a set and a counter."""
        number = 0
        while True:
            batch = []
            for _ in range(depth):
                number += 1
                token = b"%s.%s-%d" % (self._label, name.encode(), number)
                entry = (b"p", token, b"h", padding(rng))
                batch.append(self._transaction(token, (
                    xadd(TX_IN, entry), Operation("hset", TX_HASH, token, [("HSET", TX_HASH, token, "1")]),
                    Operation("sadd", TX_SET, token, [("SADD", TX_SET, token)]), xadd(TX_TWIN, entry),
                    Operation("incr", TX_COUNT, None, [("INCRBY", TX_COUNT, "1")]))))
            yield batch

    @staticmethod
    def _transaction(token, parts):
        commands = [("MULTI",), *(part.commands[0] for part in parts), ("EXEC",)]
        return Operation("exec", b"tx", token, commands, parts)

    def _mover(self, name, rng, _):
        """Consume, transform, produce: the acknowledgement and the result are one transaction."""
        consumer = name.encode()
        (found,) = yield [xhistory(TX_IN, MOVERS, consumer)]
        while True:
            batch = []
            for each, _fields in delivered(found):
                source = id_text(each).encode()
                batch.append(self._transaction(None, (
                    xack(TX_IN, MOVERS, [each]), xadd(TX_OUT, (b"p", b"out-" + source, b"src", source)))))
            if batch:
                yield batch
            (found,) = yield [xreadgroup(TX_IN, MOVERS, consumer, rng.randrange(1, 8), block_ms=20)]

    def _private(self, name, rng, argument):
        """Keys of its own, tracked exactly."""
        database, space = argument
        model = PrivateModel.from_canonical(self._before.namespace(database, space))
        if database:
            yield [Operation("select", space, None, [("SELECT", database)])]
        step = 0
        while True:
            batch = []
            for _ in range(1 if self._big else rng.choice((1, 1, 4, 12))):
                step += 1
                unique = b"%s.%d" % (self._label, step)
                commands = []
                for _ in range(1 if rng.random() < 0.9 else rng.randrange(2, 6)):
                    commands.append(_private_command(model, rng, space, unique, bool(database)))
                    model.apply(commands[-1])
                batch.append(private(space, commands))
            results = yield batch
            if any(operation.refused for operation in results):
                return    # The model is ahead of the server now.


def _private_command(model, rng, space, unique, may_flush):
    """A command that succeeds in the model's present state."""
    streams = [key for key, value in model.keys.items() if hasattr(value, "groups")]
    if may_flush and rng.random() < 0.004:
        return (b"FLUSHDB",)
    if rng.random() < 0.6:
        return _stream_command(model, rng, rng.choice(streams) if streams else space + b"s0", space, unique)
    return _plain_command(model, rng, space, unique)


def _plain_command(model, rng, space, unique):
    choice = rng.random()
    slot = b"%d" % rng.randrange(4)
    names = sorted(key for key in model.keys if not key.startswith(space + b"t"))
    if choice < 0.1 or not names:
        return (b"SET", space + b"v" + slot, unique)
    if choice < 0.15:
        return (b"MSET", *(part for number in range(4) for part in (space + b"v%d" % number, unique)))
    if choice < 0.18:
        # A name of its own, never used again: it ends before, during or after the fault.
        return (b"SET", space + b"t" + unique, unique, b"PXAT", b"%d" % (time.time() * 1000 + rng.randrange(20, 3000)))
    if choice < 0.24:
        return (b"INCRBY", space + b"n" + slot, b"%d" % rng.randrange(1, 9))
    if choice < 0.45:
        key, field = space + b"h" + slot, b"f%d" % rng.randrange(6)
        if field in model.keys.get(key, {}) and rng.random() < 0.5:
            return (b"HDEL", key, field)
        return (b"HSET", key, field, unique, b"last", unique)
    if choice < 0.65:
        key, member = space + b"e" + slot, b"m%d" % rng.randrange(8)
        if member in model.keys.get(key, ()) and rng.random() < 0.5:
            return (b"SREM", key, member)
        return (b"SADD", key, member)
    source = rng.choice(names)
    if choice < 0.75:
        return (b"PEXPIREAT", source, b"%d" % (4102444800000 + rng.randrange(10**9)))
    if choice < 0.8:
        return (b"PERSIST", source)
    # Names end in a type letter and a slot, so that a renamed key keeps its type.
    target = source[:-1] + b"%d" % rng.randrange(4)
    if choice < 0.88 or source == target:
        return (b"DEL", source)
    if choice < 0.95:
        return (b"RENAME", source, target)
    return (b"COPY", source, target, b"REPLACE")


def _stream_command(model, rng, key, space, unique):
    stream = model.keys.get(key)
    if stream is None or rng.random() < 0.3:
        key = space + b"s%d" % rng.randrange(4) if stream is None else key
        stream = model.keys.get(key)
        following = (stream.last_id >> 64) + rng.randrange(1, 4) if stream else 1
        return (b"XADD", key, b"%d-0" % following, b"p", unique)
    if len(stream.entries) > 40:
        return (b"XTRIM", key, b"MAXLEN", b"=", b"10")
    if not stream.groups or rng.random() < 0.1:
        return _group_command(stream, rng, key)
    if stream.entries and rng.random() < 0.08:
        return (b"XDEL", key, id_text(rng.choice(list(stream.entries))).encode())
    return _consumer_command(stream, rng, key) or (b"XADD", key, b"%d-0" % ((stream.last_id >> 64) + 1), b"p", unique)


def _group_command(stream, rng, key):
    group = b"g%d" % rng.randrange(3)
    position = rng.choice((b"$", b"0", id_text(rng.choice(list(stream.entries) or [0])).encode()))
    if group not in stream.groups:
        return (b"XGROUP", b"CREATE", key, group, position)
    choice = rng.random()
    if choice < 0.2:
        return (b"XGROUP", b"DESTROY", key, group)
    if choice < 0.5:
        return (b"XGROUP", b"SETID", key, group, position)
    verb = b"CREATECONSUMER" if choice < 0.8 else b"DELCONSUMER"
    return (b"XGROUP", verb, key, group, b"c%d" % rng.randrange(4))


def _consumer_command(stream, rng, key):
    """A read, acknowledgement or claim that has something to work on, or None."""
    name = rng.choice(sorted(stream.groups))
    group = stream.groups[name]
    fresh = any(each > group.last_delivered for each in stream.entries)
    choice = rng.random()
    if fresh and choice < 0.5:
        consumer, count = b"c%d" % rng.randrange(4), b"%d" % rng.randrange(1, 5)
        return (b"XREADGROUP", b"GROUP", name, consumer, b"COUNT", count, b"STREAMS", key, b">")
    if not group.pending:
        return None
    ids = rng.sample(sorted(group.pending), min(len(group.pending), rng.randrange(1, 4)))
    texts = tuple(id_text(each).encode() for each in ids)
    if choice < 0.8:
        return (b"XACK", key, name, *texts)
    justid = (b"JUSTID",) if rng.random() < 0.3 else ()
    return (b"XCLAIM", key, name, rng.choice(sorted(group.consumers)), b"0", *texts, *justid)
