"""Compares the command table that a server shows with that of the oracle, row by row.

Wrong arities and flags are the classic drift of a compatible server: clients route, retry and pipeline by them. Only
rows that both have are compared; what the oracle lacks (newer commands) is held by the transcripts.
"""

from leatlib.resp import RespError

FIELDS = ("name", "arity", "flags", "first key", "last key", "key step", "categories")
SUBCOMMANDS = 9


def rows(server):
    """name -> (arity, flags, first, last, step, categories) of every command and subcommand."""
    with server.client(timeout=30.0) as client:
        reply = client.call("COMMAND")
    if isinstance(reply, RespError):
        raise ValueError(f"COMMAND: {reply}")
    found = {}
    pending = list(reply)
    while pending:
        row = pending.pop()
        name = row[0].decode().lower()
        found[name] = tuple(frozenset(map(str, v)) if isinstance(v, list) else v for v in row[1 : len(FIELDS)])
        pending += row[SUBCOMMANDS] if len(row) > SUBCOMMANDS else []
    return found


def shown(value):
    return " ".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)


def differences(server, oracle):
    """Yields (name, why) for every row of the server that the oracle has as well; why is "" for equal rows."""
    ours, theirs = rows(server), rows(oracle)
    for name in sorted(ours.keys() & theirs.keys()):
        why = [
            f"{field}: want {shown(want)}, got {shown(got)}"
            for field, got, want in zip(FIELDS[1:], ours[name], theirs[name])
            if got != want
        ]
        yield name, "\n".join(why)
