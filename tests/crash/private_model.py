"""An exact model of keys that one connection owns: what the server's answer OK must have left behind.

One connection's commands are executed in order, so after a crash its keys must be in the state after some prefix of
what it sent. The model is a plain interpreter of the commands that the workload uses; it does not judge arguments, the
workload sends only commands that succeed.
"""


class _Stream:
    def __init__(self):
        self.entries = {}      # id -> fields; ids are appended in order
        self.last_id = 0
        self.entries_added = 0
        self.max_deleted = 0
        self.groups = {}       # name -> _Group

    def copy(self):
        twin = _Stream()
        twin.__dict__.update(self.__dict__)
        twin.entries = dict(self.entries)
        twin.groups = {name: group.copy() for name, group in self.groups.items()}
        return twin

    def canonical(self):
        groups = {name: group.canonical() for name, group in self.groups.items()}
        return ("stream", list(self.entries.items()), self.last_id, self.entries_added, self.max_deleted, groups)


class _Group:
    def __init__(self, last_delivered):
        self.last_delivered = last_delivered
        self.pending = {}      # id -> [consumer, delivery count]
        self.consumers = set()

    def copy(self):
        twin = _Group(self.last_delivered)
        twin.pending = {each: list(state) for each, state in self.pending.items()}
        twin.consumers = set(self.consumers)
        return twin

    def canonical(self):
        pending = sorted((each, consumer, count) for each, (consumer, count) in self.pending.items())
        return (self.last_delivered, pending, sorted(self.consumers))


class PrivateModel:
    """The keys of one namespace. `apply` returns the keys that the command touched."""

    def __init__(self):
        self.keys = {}         # name -> bytes | dict | set | _Stream
        self.deadlines = {}    # name -> unix ms

    @classmethod
    def from_canonical(cls, values):
        model = cls()
        for name, (value, deadline) in values.items():
            model.keys[name] = _from_canonical(value)
            if deadline is not None:
                model.deadlines[name] = deadline
        return model

    def canonical(self, name):
        """(value, deadline) in a form that compares equal to what snapshot.py read, None for a missing key."""
        value = self.keys.get(name)
        if value is None:
            return None
        if isinstance(value, _Stream):
            form = value.canonical()
        elif isinstance(value, dict):
            form = ("hash", dict(value))
        elif isinstance(value, set):
            form = ("set", frozenset(value))
        else:
            form = ("string", value)
        return (form, self.deadlines.get(name))

    def apply(self, command):
        return getattr(self, "_" + command[0].lower().decode())(*command[1:])

    # Strings, hashes, sets.

    def _set(self, key, value, *options):
        self.keys[key] = value
        self.deadlines.pop(key, None)
        if options:  # PXAT deadline
            self.deadlines[key] = int(options[1])
        return (key,)

    def _mset(self, *pairs):
        for key, value in zip(pairs[::2], pairs[1::2]):
            self._set(key, value)
        return pairs[::2]

    def _append(self, key, value):
        self.keys[key] = self.keys.get(key, b"") + value
        return (key,)

    def _incrby(self, key, amount):
        self.keys[key] = b"%d" % (int(self.keys.get(key, b"0")) + int(amount))
        return (key,)

    def _hset(self, key, *pairs):
        self.keys.setdefault(key, {}).update(zip(pairs[::2], pairs[1::2]))
        return (key,)

    def _hdel(self, key, *fields):
        for field in fields:
            self.keys[key].pop(field, None)
        return self._drop_if_empty(key)

    def _sadd(self, key, *members):
        self.keys.setdefault(key, set()).update(members)
        return (key,)

    def _srem(self, key, *members):
        self.keys[key].difference_update(members)
        return self._drop_if_empty(key)

    # Keyspace.

    def _drop_if_empty(self, key):
        if not self.keys[key]:
            self._del(key)
        return (key,)

    def _del(self, *keys):
        for key in keys:
            self.keys.pop(key, None)
            self.deadlines.pop(key, None)
        return keys

    def _rename(self, source, target):
        value, deadline = self.keys.get(source), self.deadlines.get(source)
        self._del(source, target)
        self.keys[target] = value
        if deadline is not None:
            self.deadlines[target] = deadline
        return (source, target)

    def _copy(self, source, target, _replace):
        value, deadline = self.keys[source], self.deadlines.get(source)
        self._del(target)
        self.keys[target] = value.copy() if hasattr(value, "copy") else value
        if deadline is not None:
            self.deadlines[target] = deadline
        return (target,)

    def _pexpireat(self, key, deadline):
        self.deadlines[key] = int(deadline)
        return (key,)

    def _persist(self, key):
        self.deadlines.pop(key, None)
        return (key,)

    def _flushdb(self):
        touched = tuple(self.keys)
        self.keys.clear()
        self.deadlines.clear()
        return touched

    # Streams. Ids are explicit and of the form n-0.

    def _xadd(self, key, entry_id, *fields):
        stream = self.keys.setdefault(key, _Stream())
        number = int(entry_id.partition(b"-")[0]) << 64
        stream.entries[number] = fields
        stream.last_id = number
        stream.entries_added += 1
        return (key,)

    def _xdel(self, key, *entry_ids):
        stream = self.keys[key]
        for text in entry_ids:
            number = int(text.partition(b"-")[0]) << 64
            if stream.entries.pop(number, None) is not None:
                stream.max_deleted = max(stream.max_deleted, number)
        return (key,)

    def _xtrim(self, key, _maxlen, _equals, length):
        entries = self.keys[key].entries
        for number in list(entries)[:max(0, len(entries) - int(length))]:
            del entries[number]
        return (key,)

    def _xgroup(self, verb, key, group, *rest):
        stream = self.keys.get(key)
        if stream is None:
            stream = self.keys[key] = _Stream()
        verb = verb.upper()
        if verb == b"CREATE":
            stream.groups[group] = _Group(self._group_position(stream, rest[0]))
        elif verb == b"SETID":
            stream.groups[group].last_delivered = self._group_position(stream, rest[0])
        elif verb == b"DESTROY":
            del stream.groups[group]
        elif verb == b"CREATECONSUMER":
            stream.groups[group].consumers.add(rest[0])
        else:
            members = stream.groups[group]
            members.consumers.discard(rest[0])
            members.pending = {each: state for each, state in members.pending.items() if state[0] != rest[0]}
        return (key,)

    @staticmethod
    def _group_position(stream, text):
        return stream.last_id if text == b"$" else int(text.partition(b"-")[0]) << 64

    def _xreadgroup(self, _group_word, group, consumer, _count_word, count, _streams, key, _new):
        stream = self.keys[key]
        members = stream.groups[group]
        fresh = [each for each in stream.entries if each > members.last_delivered][:int(count)]
        members.consumers.add(consumer)
        for each in fresh:
            members.pending[each] = [consumer, 1]
            members.last_delivered = each
        return (key,)

    def _xack(self, key, group, *entry_ids):
        pending = self.keys[key].groups[group].pending
        for text in entry_ids:
            pending.pop(int(text.partition(b"-")[0]) << 64, None)
        return (key,)

    def _xclaim(self, key, group, consumer, _idle, *rest):
        stream = self.keys[key]
        members = stream.groups[group]
        just_id = rest[-1] == b"JUSTID"
        members.consumers.add(consumer)
        for text in rest[:-1] if just_id else rest:
            number = int(text.partition(b"-")[0]) << 64
            if number not in members.pending:
                continue
            if number not in stream.entries:
                del members.pending[number]
                continue
            members.pending[number][0] = consumer
            members.pending[number][1] += 0 if just_id else 1
        return (key,)


def _from_canonical(value):
    kind = value[0]
    if kind == "hash":
        return dict(value[1])
    if kind == "set":
        return set(value[1])
    if kind == "string":
        return value[1]
    stream = _Stream()
    _, entries, stream.last_id, stream.entries_added, stream.max_deleted, groups = value
    stream.entries = dict(entries)
    for name, (last_delivered, pending, consumers) in groups.items():
        group = stream.groups[name] = _Group(last_delivered)
        group.pending = {each: [consumer, count] for each, consumer, count in pending}
        group.consumers = set(consumers)
    return stream
