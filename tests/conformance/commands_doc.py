#!/usr/bin/python3
"""Writes docs/commands.md: what COMMAND DOCS of a started Leat says. run.py fails when they differ.

What differs from Redis is looked up in docs/differences.md: the rows that name the command in their first column.
"""

import argparse
import itertools
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "lib"))
import command_rows  # noqa: E402
import reply_schema  # noqa: E402
from leatlib.server import Server  # noqa: E402

PATH = ROOT / "docs/commands.md"
DIFFERENCES = ROOT / "docs/differences.md"
REGENERATE = "./dev docs"
WIDTH = 120

GROUPS = {
    "stream": "Streams",
    "generic": "Keys",
    "string": "Strings",
    "hash": "Hashes",
    "set": "Sets",
    "pubsub": "Publish and subscribe",
    "transactions": "Transactions",
    "connection": "Connection",
    "server": "Server",
    "scripting": "Scripts",
    "cluster": "Cluster",
}
HEAD = f"""# Commands

Written by `{REGENERATE}` from the command table, as `COMMAND DOCS` replies it; a test fails when they differ.
"Since" is the version of Redis. "Differs" quotes the rows of [differences.md](differences.md) that name the command; those about more
than some commands are only there.

"Replies" tells the types of RESP3: `count` is an integer from 0, `id` and `digits` are bulk strings as `17-0` and `42`, `1` and `'text'` just this
integer and this bulk string, `+OK` just this simple string. `[a, b]` is an array of these, `[a ...]` one of any length, `~[a ...]` a set, `>[a, b]` a
push; `{{name: a, other?: b}}` a map of these fields, of which `other` may be missing, `{{*: a}}` a map of any names, `@{{*: a}}` one that RESP2 shows as
an array of pairs; `a|b` is one of these. Of a stream, `entry` is `[id, [bulk ...]]`, and `command` is a row of the command table.
"""


def differing():
    """(what, how Leat is) of the rows of docs/differences.md."""
    lines = DIFFERENCES.read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| ")]
    return [(row[1], row[3]) for row in rows[1:]]


def names_of(commands):
    """name -> docs of all commands and subcommands; those of a container stand behind it."""
    for name, docs in sorted(commands.items()):
        yield name, docs
        yield from sorted(docs.get("subcommands", {}).items())


def differences_of(name, siblings, rows):
    """What of the rows names the command; a container's are those that name none of its subcommands."""
    words = name.upper().replace("|", " ")
    others = "|".join(s.split("|")[1].upper() for s in siblings)
    pattern = rf"(?<![A-Z] )\b{re.escape(words)}\b" + (rf"(?! (?:{others})\b)" if others else "")
    return [ours if what == words else what for what, ours in rows if re.search(pattern, what)]


def entry(name, docs, rows):
    words = command_rows.syntax(docs.get("arguments", []))
    call = " ".join(filter(None, (name.upper().replace("|", " "), words)))
    facts = f"{docs['summary']} Since {docs['since']}."
    if docs.get("complexity"):
        facts += f" {docs['complexity']}."
    if "deprecated_since" in docs:
        facts += f" Deprecated since {docs['deprecated_since']}: {docs['replaced_by']}."
    lines = [f"- `{call}`", facts]
    if "reply_schema" in docs:
        lines.append(f"Replies `{reply_schema.text(docs['reply_schema'])}`.")
    if found := differences_of(name, docs.get("subcommands", ()), rows):
        lines.append("Differs: " + "; ".join(found) + ".")
    return "  \n  ".join(lines)


def missing(ours):
    """Names of Redis 7.0 that are not here; a container stands for its subcommands."""
    theirs = command_rows.REDIS_COMMANDS.read_text().split()
    names = [n for n in theirs if n not in ours and ("|" not in n or n.split("|")[0] in ours)]
    return [n.upper().replace("|", " ") for n in names]


def wrapped(words):
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def text(client):
    """What docs/commands.md has to be."""
    commands = command_rows.call(client, "COMMAND", "DOCS")
    differences = differing()
    rows = dict(names_of(commands))
    lines = [HEAD]
    for group, title in GROUPS.items():
        entries = [entry(name, docs, differences) for name, docs in rows.items() if docs["group"] == group]
        lines += [f"## {title}", "", *entries, ""]
    unknown = {docs["group"] for docs in rows.values()} - GROUPS.keys()
    if unknown:
        raise ValueError(f"commands_doc.py has no title for the groups {', '.join(sorted(unknown))}")
    lines += ["## Not there", "", "What Redis 7.0 has beyond these, and Leat answers with an unknown command or subcommand:", ""]
    lines += wrapped(f"{name}," for name in missing(rows))
    lines[-1] = lines[-1].removesuffix(",") + "."
    return "\n".join(lines) + "\n"


def difference(server):
    """Why docs/commands.md is not what the server says, or ""."""
    with server.client(protocol=3, timeout=30.0) as client:
        want = text(client).splitlines()
    have = PATH.read_text().splitlines() if PATH.exists() else []
    for number, (got, wanted) in enumerate(itertools.zip_longest(have, want, fillvalue="nothing"), 1):
        if got != wanted:
            return f"line {number} is not what the server says; `{REGENERATE}` writes it anew\nwant {wanted}\ngot {got}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leat", default=ROOT / "build/release/leat", metavar="PATH", help="the server binary")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leat-commands-") as directory:
        with Server.leat(options.leat, directory) as server, server.client(protocol=3, timeout=30.0) as client:
            PATH.write_text(text(client))
    return 0


if __name__ == "__main__":
    sys.exit(main())
