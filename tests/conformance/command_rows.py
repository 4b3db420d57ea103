"""Compares the command table that a server shows with that of the oracle, row by row.

Wrong arities and flags are the classic drift of a compatible server: clients route, retry and pipeline by them. Rows
that both have must be equal but for what PERMITTED names; what the oracle lacks (newer commands) is held by the
transcripts.
"""

import pathlib

from leatlib.resp import RespError

REDIS_COMMANDS = pathlib.Path(__file__).with_name("redis_commands.txt")  # The names in the oracle's table.

FIELDS = ("arity", "flags", "first key", "last key", "key step", "categories", "tips", "key specifications")
SUBCOMMANDS = 9
NEWER = "has options that came after 7.0"
ALL_FILTERS = "the oracle nests the filters, and repeats all of them"
UNDESCRIBED = "the oracle's row does not describe its words"
PERMITTED = {
    ("client|kill", "syntax"): ALL_FILTERS,
    ("client|list", "syntax"): "TYPE and ID exclude each other; the oracle's row does not say so",
    ("command|getkeys", "syntax"): UNDESCRIBED,
    ("command|getkeysandflags", "syntax"): UNDESCRIBED,
    ("debug", "doc_flags"): "its summary says that it is for tests",
    ("debug", "syntax"): UNDESCRIBED,
    ("xadd", "syntax"): NEWER,
    ("xclaim", "syntax"): "two of the oracle's words are called id",
    ("xread", "syntax"): NEWER,
    ("xreadgroup", "syntax"): NEWER,
    ("xtrim", "syntax"): NEWER,
}
# Words that make keys, where letters at the places of the words do not.
KEY_CALLS = (
    "copy a b replace",
    "set a b",
    "set a b get",
    "set a b ex 1 GET",
    "sintercard 2 a b",
    "sintercard 1 a limit 1",
    "sintercard 3 a b",
    "sintercard 0 a",
    "sintercard x a",
    "xread streams a b 0 0",
    "xread count 1 block 1 streams a 0",
    "xread count 1 a 0",
    "xreadgroup group g c streams a b > >",
    "xreadgroup group g c count 1 noack streams a >",
    "xadd s maxlen 1 * f v",
    "get",
    "nosuch a",
)


def plain(value):
    """The reply as values that compare: sets of texts, dicts, lists."""
    if isinstance(value, bytes):
        return value.decode()
    if type(value).__name__ == "RespMap":
        return {plain(key): plain(one) for key, one in value}
    if type(value).__name__ == "RespSet" and not any(isinstance(one, list) for one in value):
        return frozenset(map(plain, value))
    return [plain(one) for one in value] if isinstance(value, list) else value


def call(client, *words):
    reply = client.call(*words)
    if isinstance(reply, RespError):
        raise ValueError(f"{' '.join(words)}: {reply}")
    return plain(reply)


def key_specification(spec):
    """As text, without its notes, which are for humans."""
    text = " ".join(sorted(spec["flags"]))
    for part in (spec["begin_search"], spec["find_keys"]):
        text += f"; {part['type']} " + " ".join(f"{name}={value}" for name, value in sorted(part["spec"].items()))
    return text


def syntax(arguments, separator=" "):
    """The arguments of COMMAND DOCS as redis-cli shows them."""
    return separator.join(map(syntax_of, arguments))


def syntax_of(argument):
    flags, token = argument.get("flags", ()), argument.get("token", "")
    kind = argument["type"]
    if kind == "pure-token":
        token, part = "", token
    elif kind in ("oneof", "block"):
        part = syntax(argument["arguments"], "|" if kind == "oneof" else " ")
        if kind == "oneof" and (token or "optional" not in flags):
            part = f"<{part}>"
    else:
        part = argument["name"]
    token += " " if token else ""
    text = token + part
    if "multiple" in flags:
        text += f" [{token if 'multiple_token' in flags else ''}{part} ...]"
    return f"[{text}]" if "optional" in flags else text


def rows(client):
    """name -> {field: value} of every command and subcommand, from COMMAND and COMMAND DOCS."""
    found = {}
    pending = call(client, "COMMAND")
    while pending:
        row = pending.pop()
        found[row[0]] = dict(zip(FIELDS, row[1:], strict=False))
        found[row[0]]["key specifications"] = list(map(key_specification, row[len(FIELDS)]))
        pending += row[SUBCOMMANDS]
    docs = list(call(client, "COMMAND", "DOCS").items())
    while docs:
        name, doc = docs.pop()
        found[name] |= {field: doc.get(field) for field in ("since", "group", "doc_flags", "deprecated_since")}
        found[name]["syntax"] = syntax(doc.get("arguments", []))
        docs += doc.get("subcommands", {}).items()
    return found


def key_calls(names, oracle):
    """Calls of GETKEYSANDFLAGS: letters at the places of the words of every command that has keys, one to three more
    than there must be, and KEY_CALLS."""
    for name in names:
        row = oracle[name]
        if row["key specifications"] and "movablekeys" not in row["flags"]:
            least = abs(row["arity"]) - 1
            for more in range(3):
                yield [*name.split("|"), *"abcdefgh"[name.count("|") : least + more]]
    yield from (text.split() for text in KEY_CALLS)


def why_different(name, ours, theirs):
    lines = []
    for field, want in theirs.items():
        equal, permitted = ours[field] == want, PERMITTED.get((name, field))
        if equal and permitted:
            lines.append(f"{field}: is equal, so PERMITTED need not name it")
        if not equal and not permitted:
            lines.append(f"{field}: want {shown(want)}, got {shown(ours[field])}")
    return "\n".join(lines)


def shown(value):
    return " ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)


def differences(server, oracle):
    """Yields (name, why) for every row of the server that the oracle has as well; why is "" for equal rows."""
    with server.client(protocol=3, timeout=30.0) as us, oracle.client(protocol=3, timeout=30.0) as them:
        ours, theirs = rows(us), rows(them)
        yield REDIS_COMMANDS.name, "" if sorted(theirs) == REDIS_COMMANDS.read_text().split() else "want the oracle's names"
        both = sorted(ours.keys() & theirs.keys())
        for name in both:
            yield name, why_different(name, ours[name], theirs[name])
        for words in key_calls(both, theirs):
            for subcommand in ("GETKEYS", "GETKEYSANDFLAGS"):
                want, got = (plain(client.call("COMMAND", subcommand, *words)) for client in (them, us))
                yield f"{subcommand} {' '.join(words)}", "" if got == want else f"want {want}, got {got}"
