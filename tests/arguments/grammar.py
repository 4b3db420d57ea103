"""The grammar of all commands, as COMMAND DOCS replies it, and the calls that it allows."""

import dataclasses
import itertools


@dataclasses.dataclass(eq=False)
class Argument:
    """One argument of a command; `parts` are the alternatives of a "oneof", or what stands in a "block"."""

    kind: str
    name: str
    token: str
    flags: frozenset
    parent: "Argument"
    parts: list = dataclasses.field(default_factory=list)

    optional = property(lambda self: "optional" in self.flags)
    multiple = property(lambda self: "multiple" in self.flags)
    is_value = property(lambda self: self.kind not in ("pure-token", "oneof", "block"))

    def with_parents(self):
        return {self} | (self.parent.with_parents() if self.parent else set())

    def __str__(self):
        return self.token or (str(self.parts[0]) if self.kind == "block" else self.name)


@dataclasses.dataclass(eq=False)
class Command:
    name: str  # "xadd", "xgroup|create".
    group: str
    flags: frozenset  # As COMMAND shows them.
    arguments: list

    writes = property(lambda self: "write" in self.flags)
    words = property(lambda self: self.name.upper().split("|"))

    def nodes(self):
        """All arguments, each before what it consists of."""
        pending = list(reversed(self.arguments))
        while pending:
            argument = pending.pop()
            yield argument
            pending += reversed(argument.parts)

    def branches(self):
        """What a call may have or leave out: options, and the choices of a "oneof"."""
        return [node for node in self.nodes() if node.optional or (node.parent and node.parent.kind == "oneof")]


def read_commands(client):
    """Every command and subcommand of the server, sorted by name; a container that is none is left out. Needs RESP3."""
    flags = command_flags(client.call("COMMAND"))
    found, docs = [], [(name, doc.to_dict()) for name, doc in client.call("COMMAND", "DOCS")]
    for name, doc in docs:
        inner = doc.get(b"subcommands", [])
        docs += [(sub, text.to_dict()) for sub, text in inner]
        if not inner or name == b"command":
            arguments = [read_argument(argument, None) for argument in doc.get(b"arguments", [])]
            found.append(Command(name.decode(), doc[b"group"].decode(), flags[name.decode()], arguments))
    return sorted(found, key=lambda command: command.name)


def command_flags(rows):
    found = {}
    for row in rows:
        found[row[0].decode()] = frozenset(map(str, row[2]))
        found |= command_flags(row[9])
    return found


def read_argument(reply, parent):
    fields = reply.to_dict()
    flags = frozenset(map(str, fields.get(b"flags", [])))
    argument = Argument(fields[b"type"].decode(), fields[b"name"].decode(), fields.get(b"token", b"").decode(), flags, parent)
    argument.parts = [read_argument(part, argument) for part in fields.get(b"arguments", [])]
    return argument


class Repeated(list):
    """Words that stand in a call more often than anybody wants to write; INDEX within them counts."""


INDEX = "\0"


class Call:
    """What a call has of its command's grammar: `chosen` options and choices, or with `everything` all options.

    What may be repeated stands there `times` times, or once and as Repeated. `value(argument, index)` says the words of values.
    """

    def __init__(self, command, value, chosen=frozenset(), everything=False, times=1, repeated=False):
        self.command, self.value, self.chosen, self.everything = command, value, chosen, everything
        self.indexes = [INDEX] if repeated else range(times)
        self.index = 0

    def words(self):
        return [*self.command.words, *self.all_of(self.command.arguments)]

    def has(self):
        """The options and choices that stand in the call."""
        return {node for node in self.command.branches() if all(map(self.stands, node.with_parents()))}

    def stands(self, node):
        if node.parent and node.parent.kind == "oneof":
            return node is self.choice(node.parent)
        return not node.optional or self.everything or node in self.chosen

    def choice(self, argument):
        return next((part for part in argument.parts if part in self.chosen), argument.parts[0])

    def all_of(self, arguments):
        return list(itertools.chain.from_iterable(map(self.argument, arguments)))

    def argument(self, argument):
        if argument.optional and not self.stands(argument):
            return []
        token = [argument.token] if argument.token else []
        if not argument.multiple:
            return token + self.once(argument)
        again = token if "multiple_token" in argument.flags else []
        words = []
        for self.index in self.indexes:
            words += again + self.once(argument)
        self.index = 0
        words = [Repeated(words)] if self.indexes == [INDEX] else words
        return words if again else token + words

    def once(self, argument):
        if argument.kind == "pure-token":
            return []
        if argument.kind == "oneof":
            return self.argument(self.choice(argument))
        if argument.kind == "block":
            return self.all_of(argument.parts)
        return [self.value(argument, self.index)]


def choices(command):
    """Sets of what calls have: nothing, every one, two and three options and choices that go together."""
    branches = command.branches()
    yield frozenset()
    for count in (1, 2, 3):
        for some in itertools.combinations(branches, count):
            chosen = frozenset().union(*(branch.with_parents() for branch in some))
            if not any(excludes(node, chosen) for node in chosen):
                yield chosen


def excludes(node, chosen):
    """Whether `chosen` has two choices of a "oneof"."""
    return node.kind == "oneof" and sum(part in chosen for part in node.parts) > 1
