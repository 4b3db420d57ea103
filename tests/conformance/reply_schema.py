"""Checks replies against the schemas that COMMAND DOCS replies, and writes these in the notation of the command table.

A schema is JSON schema as nested dicts, lists, texts and numbers; src/command/reply_schema.h describes the notation. Types
are those of RESP3. `format` tells what JSON can't: simple strings, verbatim strings, pushes, and maps that RESP2 shows as
pairs.
"""

import collections
import copy
import dataclasses
import re

import notation
from leatlib.resp import Double, Null, RespError, RespMap, RespPush, RespSet, SimpleString, Verbatim

SHOWN_MAX = 300  # Characters of a schema in a message, and of a reply.
GOT_SHOWN_MAX = 2000
PUSH_NAMES = re.compile(rb"[ps]?message|[ps]?(un)?subscribe")
ONLY_REDIS = r"history|notes|db\.\d+"  # Fields that Leat never has: of COMMAND and of MEMORY STATS.
# Fields that came after the oldest oracle: older servers do not have them.
NEWER_FIELDS = {
    "active-time": (7, 2),
    "inactive": (7, 2),
    "idmp-duration": (8, 6),
    "idmp-maxsize": (8, 6),
    "pids-tracked": (8, 6),
    "iids-tracked": (8, 6),
    "iids-added": (8, 6),
    "iids-duplicates": (8, 6),
    "nacked-count": (8, 8),
}
# Choices that no transcript shows, and why not.
UNSEEN = {
    ("client|kill", "+OK"): "needs the address of a connection",
    ("config|rewrite", "+OK"): "needs a server with a configuration file",
    ("latency|graph", "verbatim"): "needs a slow command",
    ("shutdown", "+OK"): "needs a shutdown that waits",
    ("waitaof", "0"): "needs a disk that is behind, which it is by chance",
}


@dataclasses.dataclass(frozen=True)
class Fields:
    """How the fields of a server may differ from a schema: the names that it may lack, a pattern of those that it may have."""

    may_lack: frozenset = frozenset()
    may_have: str = r"(?!)"


EXACT = Fields()


class Schemas:
    """The schemas of all commands, from `docs`, the reply to COMMAND DOCS as dicts."""

    def __init__(self, docs):
        self.fields = EXACT
        self.seen = set()  # Keys of promises() that replies have kept.
        self.commands = {}
        for name, command in docs.items():
            self.commands[name] = command.get("reply_schema")
            for subname, subcommand in command.get("subcommands", {}).items():
                self.commands[subname] = subcommand.get("reply_schema")

    def as_of(self, version):
        """The same for a Redis of this version."""
        older = copy.copy(self)
        older.fields = Fields(frozenset(name for name, since in NEWER_FIELDS.items() if version < since), ONLY_REDIS)
        return older

    def of(self, words):
        """The schema of the command that `words` are, None if there is none."""
        name, second = (word.lower().decode("utf-8", "replace") for word in (*words, b"")[:2])
        return self.commands.get(f"{name}|{second}", self.commands.get(name))

    def why_wrong(self, words, value, protocol):
        """Where the reply to `words` is not what the schema says, and the schema; "" for errors and if it is."""
        schema = self.of(words)
        if schema is None or isinstance(value, RespError):
            return ""
        where = Checker(protocol, self.fields, self.seen).mismatch(schema, value)
        self.seen.add(id(schema))
        return where and f"not what COMMAND DOCS says, {where}\nwant  {shown(schema)}\ngot   {cut(notation.render(value), GOT_SHOWN_MAX)}"

    @staticmethod
    def is_push(schema):
        return bool(schema) and schema.get("format") == "push"

    def push_wrong(self, push, protocol):
        """The same for a push, by its first element. Those that no command asks for, such as messages, have no schema."""
        return self.why_wrong(push[:1], push, protocol) if self.is_push(self.of(push[:1])) else ""

    def unseen(self):
        """(name, what no reply was or had) of all commands: a reply at all, a choice, a field that may be missing."""
        for name, schema in sorted(self.commands.items()):
            if schema is not None and "not" not in schema:
                yield from ((name, words) for key, words in promises(schema) if key not in self.seen)

    def why_unproved(self):
        """The same as text, without those of UNSEEN: what a row promises and no server was seen to do."""
        return "\n".join(f"{name}: no transcript shows {what}" for name, what in self.unseen() if (name, what) not in UNSEEN)


def promises(schema, is_choice=True):
    """(key in `seen`, as text) of the schema itself, and of choices and optional fields anywhere in it."""
    if is_choice:
        yield id(schema), text(schema)
    properties, items = schema.get("properties", {}), schema.get("items", [])
    yield from ((field_key(schema, name), f"{name}?") for name in properties if name not in schema["required"])
    for choice in schema.get("anyOf", ()):
        yield from promises(choice)
    parts = [*properties.values(), *(items if isinstance(items, list) else [items])]
    if isinstance(schema.get("additionalProperties"), dict):
        parts.append(schema["additionalProperties"])
    for part in parts:
        yield from promises(part, is_choice=False)


def field_key(schema, name):
    return id(schema), name


def pushed(value):
    """The value if it is a push; RESP2 has arrays for these."""
    if isinstance(value, RespPush):
        return value
    named = type(value) is list and value and type(value[0]) is bytes and PUSH_NAMES.fullmatch(value[0])
    return value if named and len(value) == (4 if value[0] == b"pmessage" else 3) else None


class Asked:
    """What one connection has asked for and not got yet: tells which command a reply belongs to.

    Behind raw bytes, and once CLIENT REPLY has switched replies off, that is not known until a command is sent whose reply
    comes next."""

    def __init__(self, schemas):
        self.schemas = schemas
        self.commands = collections.deque()
        self.queued = []  # Since MULTI; an empty command is not known.
        self.lost = False

    def sent(self, words, answered_next):
        """`answered_next`: whatever comes next, but for pushes, is its reply."""
        if answered_next:
            self.lost = False
            self.commands.clear()
        if not self.schemas.is_push(self.schemas.of(words)):
            self.commands.append(words)
        self.lost = self.lost or b" ".join(words).upper() in (b"CLIENT REPLY OFF", b"CLIENT REPLY SKIP")

    def why_wrong(self, value, protocol):
        """Takes a reply. "" or why it is not what its command replies."""
        if push := pushed(value):
            return self.schemas.push_wrong(push, protocol)
        words = self.commands.popleft() if self.commands and not self.lost else []
        if value == SimpleString("QUEUED"):
            self.queued.append(words)
            return ""
        queued = []
        if words and words[0].upper() in (b"EXEC", b"DISCARD", b"RESET"):
            queued, self.queued = self.queued, queued
        return words and self.schemas.why_wrong(words, value, protocol) or self.why_exec_wrong(queued, value, protocol)

    def why_exec_wrong(self, queued, values, protocol):
        mixed = any(words and words[0].upper() == b"HELLO" for words in queued)  # Replies of two protocols.
        if mixed or type(values) is not list or len(values) != len(queued):
            return ""
        wrongs = (words and self.schemas.why_wrong(words, value, protocol) for words, value in zip(queued, values))
        return next(filter(None, wrongs), "")


class Checker:
    """mismatch() is "" if a value is what a schema says, else where and how it is not."""

    def __init__(self, protocol, fields=EXACT, seen=None):
        self.protocol = protocol
        self.fields = fields
        self.seen = set() if seen is None else seen

    def mismatch(self, schema, value):
        if "anyOf" in schema:
            return self.none_of(schema, value)
        if "const" in schema:
            return self.constant(schema, value)
        if "not" in schema:
            return "here: it should be an error"
        kind = schema.get("type")
        if kind == "array":
            return self.array(schema, value)
        if kind == "object":
            return self.object(schema, value)
        return "" if kind is None or self.plain(kind, schema, value) else f"here: no {shown(schema)}"

    def none_of(self, schema, value):
        """The mismatch of the only collection that it could be says more than that none fits."""
        found = [self.mismatch(one, value) for one in schema["anyOf"]]
        if "" in found:
            self.seen.update(id(one) for one, where in zip(schema["anyOf"], found) if not where)
            return ""
        deeper = [where for where in found if not where.startswith("here")]
        return deeper[0] if len(deeper) == 1 else f"here: no {shown(schema)}"

    def constant(self, schema, value):
        want = schema["const"]
        if isinstance(want, str):
            fits = type(value) is (SimpleString if schema.get("format") == "simple" else bytes) and text_of(value) == want
        else:
            fits = type(value) is int and value == want
        return "" if fits else f"here: not {shown(schema)}"

    def plain(self, kind, schema, value):
        resp3 = self.protocol == 3
        if kind == "null":
            return value is Null.RESP3 if resp3 else value in (Null.BULK, Null.ARRAY)
        if kind == "integer":
            return type(value) is int and value >= schema.get("minimum", value)
        if kind == "boolean":
            return type(value) is bool if resp3 else type(value) is int and value in (0, 1)
        if kind == "number":
            return isinstance(value, Double) if resp3 else type(value) is bytes and is_number(value)
        wanted = {"simple": SimpleString, "verbatim": Verbatim if resp3 else bytes}.get(schema.get("format"), bytes)
        return type(value) is wanted and re.search(schema.get("pattern", ""), text_of(value)) is not None

    def array(self, schema, value):
        is_set, is_push = schema.get("uniqueItems"), schema.get("format") == "push"
        if type(value) is not (list if self.protocol == 2 else RespSet if is_set else RespPush if is_push else list):
            return f"here: no {shown(schema)}"
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"here: {schema['maxItems']} elements expected, got {len(value)}"
        if is_set and len(set(map(repr, value))) < len(value):
            return "here: a set with the same twice"
        items = schema.get("items", {})
        schemas = items if isinstance(items, list) else [items] * len(value)
        return first(f"[{i}] " + where for i, (s, v) in enumerate(zip(schemas, value)) if (where := self.mismatch(s, v)))

    def object(self, schema, value):
        pairs = notation.elements("pairs" if schema.get("format") == "pairs" else "map", value, self.protocol)
        if pairs is None:
            return f"here: no {shown(schema)}"
        if "properties" in schema:
            return self.named(schema, pairs)
        return first(f"[{text_of(k)}] " + where for k, v in pairs if (where := self.mismatch(schema["additionalProperties"], v)))

    def named(self, schema, pairs):
        """The names in the order of the schema, all that are required, no others."""
        pairs = [pair for pair in pairs if not re.fullmatch(self.fields.may_have, text_of(pair[0]))]
        names, properties = [text_of(name) for name, _ in pairs], schema["properties"]
        wanted = [name for name in properties if name in names]
        if names != wanted or any(type(name) is not bytes for name, _ in pairs):
            return f"here: fields {' '.join(map(str, names))} instead of {' '.join(properties)}"
        if lacking := set(schema["required"]) - set(names) - self.fields.may_lack:
            return f"here: without {' '.join(sorted(lacking))}"
        self.seen.update(field_key(schema, name) for name in names)
        return first(f"[{name}] " + where for name, (_, v) in zip(names, pairs) if (where := self.mismatch(properties[name], v)))


def first(wheres):
    return next(iter(wheres), "")


def is_number(raw):
    try:
        float(raw)
    except ValueError:
        return False
    return True


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def shown(schema):
    return cut(text(schema), SHOWN_MAX)


def cut(words, size):
    return words if len(words) <= size else words[:size] + "..."


def text(schema):
    """The schema in the notation of the command table."""
    if "title" in schema:
        return schema["title"]
    if "anyOf" in schema:
        return "|".join(map(text, schema["anyOf"]))
    if "const" in schema:
        return constant_text(schema)
    if "not" in schema:
        return "error"
    kind, form = schema.get("type", "any"), schema.get("format")
    if kind == "array":
        return array_text(schema)
    if kind == "object":
        return ("@" if form == "pairs" else "") + object_text(schema)
    if kind == "string":
        return {"^[0-9]+$": "digits", "^[0-9]+-[0-9]+$": "id"}.get(schema.get("pattern"), form or "bulk")
    return "count" if "minimum" in schema else {"number": "double"}.get(kind, kind)


def constant_text(schema):
    value, sign = schema["const"], "+" if schema.get("format") == "simple" else ""
    return sign + (f"'{value}'" if not sign or " " in value else value) if isinstance(value, str) else str(value)


def array_text(schema):
    sign = "~" if schema.get("uniqueItems") else ">" if schema.get("format") == "push" else ""
    items = schema.get("items", [])
    if isinstance(items, dict):
        return f"{sign}[{text(items)} ...]"
    return f"{sign}[{', '.join((i['description'] + ': ' if 'description' in i else '') + text(i) for i in items)}]"


def object_text(schema):
    if "properties" not in schema:
        return "{*: " + text(schema["additionalProperties"]) + "}"
    required = schema["required"]
    fields = (f"{name}{'' if name in required else '?'}: {text(one)}" for name, one in schema["properties"].items())
    return "{" + ", ".join(fields) + "}"
