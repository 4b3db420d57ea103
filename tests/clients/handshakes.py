"""Replays the first exchanges of client libraries that can't be installed here (handshakes/README.md)."""

import pathlib
import re
import shlex

from leatlib.resp import Client, ConnectionClosed, RespError, RespMap, RespPush, SimpleString, encode
from suite import Suite, equal, version_tuple

FOLDER = pathlib.Path(__file__).resolve().parent / "handshakes"

suite = Suite("handshake")


class Exchange:
    """One file: directives of the server, preparation, and rounds of ([command, ...], [form, ...])."""

    def __init__(self, path):
        self.name = path.stem
        self.directives, self.preparation, self.rounds = {}, [], []
        for line in path.read_text().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "!":
                name, value = rest.split(" ", 1)
                self.directives[name] = value
            elif kind == "$":
                self.preparation.append(shlex.split(rest))
            elif kind == ">":
                if not self.rounds or self.rounds[-1][1]:
                    self.rounds.append(([], []))
                self.rounds[-1][0].append(rest.split(" "))
            elif kind == "<":
                self.rounds[-1][1].append(rest)
        for commands, forms in self.rounds:
            equal(len(forms), len(commands), f"{path.name}: forms for {commands}")


def replay(exchange, target, chunk_size):
    """Sends each round in pieces of chunk_size bytes (0: in one piece) and checks its replies."""
    for command in exchange.preparation:
        target.control(*command)
    with Client(target.port) as client:
        for commands, forms in exchange.rounds:
            raw = b"".join(encode(*command) for command in commands)
            for start in range(0, len(raw), chunk_size or len(raw)):
                client.send_raw(raw[start : start + (chunk_size or len(raw))])
            for command, form in zip(commands, forms):
                check(" ".join(command), read(client), form, target.version)
        client.send("PING")
        equal(read(client), "PONG", "PING at the end")


def read(client):
    try:
        return client.read()
    except ConnectionClosed as error:
        raise AssertionError("the connection was closed") from error
    except TimeoutError as error:
        raise AssertionError("no reply came") from error


def check(command, reply, form, version):
    since = re.fullmatch(r"(.*) since ([\d.]+)", form)
    if since:
        form = since[1] if version >= version_tuple(since[2]) else "error ERR"
    kind, _, rest = form.partition(" ")
    if not (fixed(reply, form) if form[0] in '+":' else FORMS[kind](reply, rest)):
        raise AssertionError(f"{command} was answered by {reply!r}, not by {form}")


def fixed(reply, form):
    if form[0] == "+":
        return isinstance(reply, SimpleString) and reply == form[1:]
    if form[0] == ":":
        return isinstance(reply, int) and reply == int(form[1:])
    return isinstance(reply, bytes) and reply == form[1:-1].encode()


def has_pairs(pairs, wanted):
    found = {text_of(name): text_of(value) for name, value in pairs}
    for want in wanted.split():
        name, is_valued, value = want.partition("=")
        if name not in found or (is_valued and found[name] != value):
            return False
    return True


def text_of(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def is_text(reply, parts):
    return isinstance(reply, bytes) and all(part.encode() in reply for part in parts.split())


def is_plain_array(reply):
    return type(reply) is list


FORMS = {
    "int": lambda reply, _: isinstance(reply, int),
    "null": lambda reply, _: reply is None,
    "any": lambda reply, _: True,
    "array": lambda reply, size: is_plain_array(reply) and (not size or len(reply) == int(size)),
    "text": is_text,
    "map": lambda reply, wanted: isinstance(reply, RespMap) and has_pairs(reply, wanted),
    "flat": lambda reply, wanted: is_plain_array(reply) and has_pairs(zip(reply[::2], reply[1::2]), wanted),
    "push": lambda reply, wanted: isinstance(reply, RespPush) and [text_of(value) for value in reply] == wanted.split(),
    "error": lambda reply, start: isinstance(reply, RespError) and reply.startswith(start),
}


def register():
    for path in sorted(FOLDER.glob("*.txt")):
        exchange = Exchange(path)
        for name, chunk_size in (("", 0), (", byte by byte", 1)):
            suite.test(exchange.name + name, directives=exchange.directives)(
                lambda target, exchange=exchange, chunk_size=chunk_size: replay(exchange, target, chunk_size)
            )


register()
