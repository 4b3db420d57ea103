"""Plays calls against a server and checks what comes back: one whole reply to each, in its connection's protocol."""

import itertools
import time

from grammar import INDEX, Repeated
from leatlib.report import Failed
from leatlib.resp import (BigNumber, ConnectionClosed, Double, Null, ProtocolError, RespError, RespMap, RespPush, RespSet, SimpleString, Verbatim,
                          encode)
from prepared import Prepared

BATCH_BYTES = 32 << 10  # Sent before replies are read; no more than sockets hold.
# Kinds of replies that only RESP3, or only RESP2, has.
ONLY_3 = (RespMap, RespSet, RespPush, Double, BigNumber, Verbatim, bool)
NULLS = {2: (Null.BULK, Null.ARRAY), 3: (Null.RESP3,)}
# What a subscribed client, or one in a transaction, is answered to PING.
QUEUED = SimpleString("QUEUED")

# Commands that change or end their connection: each call has one of its own. Some need another command first.
ALONE = {
    "auth", "client|caching", "client|getredir", "client|kill", "client|no-evict", "client|no-touch", "client|reply", "client|setinfo",
    "client|setname", "client|tracking", "client|trackinginfo", "discard", "exec", "hello", "monitor", "multi", "psubscribe", "punsubscribe", "quit",
    "reset", "select", "ssubscribe", "subscribe", "sunsubscribe", "unsubscribe", "unwatch", "watch",
}
BEFORE = {
    "client|caching YES": [("CLIENT", "TRACKING", "ON", "OPTIN")],
    "client|caching NO": [("CLIENT", "TRACKING", "ON", "OPTOUT")],
    "discard": [("MULTI",), ("XADD", "stream", "*", "f", "v")],
    "exec": [("MULTI",), ("XADD", "stream", "*", "f", "v"), ("XLEN", "stream")],
    "punsubscribe": [("PSUBSCRIBE", "p0*")],
    "sunsubscribe": [("SSUBSCRIBE", "channel0")],
    "unsubscribe": [("SUBSCRIBE", "channel0")],
}
CLOSES = {"client|kill", "quit"}
SWITCHES = {"hello"}  # The protocol.


def bulk(word):
    """One word as a request has it."""
    return encode(word)[len(b"*1\r\n"):]


def repeated(words, count):
    """The words `count` times, with numbers of seven digits from 0 in the places of INDEX."""
    text = b""
    indexes = 0
    for word in words:
        parts = word.split(INDEX)
        indexes += len(parts) - 1
        text += bulk("0000000".join(parts)).replace(b"%", b"%%").replace(b"0000000", b"%07d") if len(parts) > 1 else bulk(word).replace(b"%", b"%%")
    return b"".join(text % ((i,) * indexes) for i in range(count))


class Broken(Failed):
    """The server is not to be trusted any more: it has gone, hangs, or answered what can't be read."""


def shown(words):
    """The call, shortened."""
    texts = [word.decode(errors="backslashreplace") if isinstance(word, bytes) else str(word) for word in words[:12]]
    texts = [text if len(text) <= 60 else f"{text[:40]}...({len(text)})" for text in texts]
    return " ".join(repr(text) if not text or " " in text else text for text in texts) + (f" ... {len(words)} words" if len(words) > 12 else "")


def check_reply(reply, protocol):
    """That `reply` has nothing in it that only the other protocol has; `protocol` 0: either."""
    if isinstance(reply, (RespError, SimpleString)):
        if "\r" in reply or "\n" in reply:
            raise Broken(f"a line end within {reply!r}")
        if isinstance(reply, RespError) and not reply.code.isupper():
            raise Broken(f"an error without a code: {reply!r}")
    elif isinstance(reply, Null):
        if protocol and reply not in NULLS[protocol]:
            raise Broken(f"{reply} in RESP{protocol}")
    elif protocol == 2 and isinstance(reply, ONLY_3):
        raise Broken(f"{type(reply).__name__} in RESP2")
    elif isinstance(reply, RespMap):
        for key, value in reply:
            check_reply(key, protocol)
            check_reply(value, protocol)
    elif isinstance(reply, list):
        for item in reply:
            check_reply(item, protocol)


class Player:
    """Connections to one server in one protocol, and the data that calls find."""

    def __init__(self, server, protocol, seconds):
        """No reply may take longer than `seconds`."""
        self.server, self.protocol, self.seconds = server, protocol, seconds
        self.marks = 0
        self.open()
        self.control.call("FLUSHALL")
        self.prepared = Prepared(self.control)

    def connect(self):
        return self.server.client(self.protocol, timeout=self.seconds, typed_nulls=True)

    def open(self):
        self.control, self.client = self.connect(), self.connect()

    def reopen(self):
        """CLIENT KILL closes connections of all players."""
        self.control.close()
        self.client.close()
        self.open()

    def check_alive(self):
        """The server answers a client that has nothing to do with what was played."""
        with self.server.client(timeout=self.seconds) as client:
            if client.call("PING") != "PONG":
                raise Broken("PING is not answered by PONG")

    # ---- Calls on a connection that they share

    def play(self, command, calls, fresh, before=()):
        """The replies to `calls`, lists of words; each finds the prepared data as it was if `fresh`, else all share it. `before` has
        for each of them what is sent first; its replies do not count."""
        self.reopen()
        if command.name in ALONE:
            return [self.play_alone(command, words) for words in calls]
        replies, batch, size = [], [], 0
        self.restore()
        for words, first in itertools.zip_longest(calls, before, fillvalue=()):
            request = b"".join(encode(*call) for call in (*first, self.known(words)))
            batch.append((words, request, len(first)))
            size += len(request) + (len(self.prepared.requests) if fresh else 0)
            if size > BATCH_BYTES:
                replies += self.play_batch(batch, fresh)
                batch, size = [], 0
        replies += self.play_batch(batch, fresh)
        self.check_alive()
        return replies

    def restore(self):
        self.client.send_raw(self.prepared.requests)
        self.take_prepared("")

    def known(self, words):
        """The words with what only the player knows."""
        if not any(isinstance(word, str) and word.startswith("<") for word in words):
            return words
        return [self.placeholder(word) if isinstance(word, str) and word.startswith("<") else word for word in words]

    def placeholder(self, word):
        if word == "<payload>":
            return self.prepared.payloads["stream"]
        if word == "<control>":
            return self.control.call("CLIENT", "ID")
        return "{}:{}".format(*self.control.socket.getsockname())

    def play_batch(self, batch, fresh):
        parts = []
        for mark, (_, request, _) in enumerate(batch, self.marks):
            parts += [self.prepared.requests if fresh else b"", request, encode("PING", mark)]
        self.client.send_raw(b"".join(parts))
        replies = []
        for words, _, before in batch:
            if fresh:
                self.take_prepared(words)
            for _ in range(before):
                self.read(self.client, words)
            replies.append(self.read(self.client, words))
            mark = self.read(self.client, words)
            if mark != b"%d" % self.marks:
                raise Broken(f"another reply to {shown(words)}: {mark!r} behind {str(replies[-1])[:200]}")
            self.marks += 1
        return replies

    def take_prepared(self, words):
        for _ in range(self.prepared.replies):
            reply = self.read(self.client, words)
            if reply != "OK":
                raise Broken(f"the data could not be put back before {shown(words)}: {reply!r}")

    def read(self, client, words, protocol=None):
        begun = time.monotonic()
        try:
            reply = client.read()
            check_reply(reply, self.protocol if protocol is None else protocol)
        except TimeoutError:
            raise Broken(f"no reply in {self.seconds} s to {shown(words)}") from None
        except (ProtocolError, ConnectionClosed, OSError, Broken) as error:
            raise Broken(f"{error}; {shown(words)}") from None
        if time.monotonic() - begun > self.seconds:  # Which has come bit by bit.
            raise Broken(f"no whole reply in {self.seconds} s to {shown(words)}")
        return reply

    def play_repeated(self, command, words, count):
        """The reply to one call whose Repeated words stand there `count` times; of the SUBSCRIBE family the last one."""
        plain = sum(len(word) * count if isinstance(word, Repeated) else 1 for word in words)
        parts = [b"*%d\r\n" % plain]
        for word in self.known(words):
            parts.append(repeated(word, count) if isinstance(word, Repeated) else bulk(word))
        self.restore()
        with self.connect() as client:
            client.send_raw(b"".join(parts))
            for _ in range(count - 1 if command.name.endswith("subscribe") else 0):
                self.read(client, words)
            reply = self.after(client, command, words, self.read(client, words), self.protocol)
        self.check_alive()
        return reply

    # ---- Calls that have a connection of their own

    def play_alone(self, command, words):
        """The first reply; how many there must be depends on the command."""
        with self.connect() as client:
            for before in BEFORE.get(command.name, BEFORE.get(f"{command.name} {words[-1]}", ())):
                client.send(*before)
                self.read(client, before)
            client.send(*self.known(words))
            replies = self.read_alone(client, command, words)
        if command.name == "client|kill":
            self.reopen()
        self.check_alive()
        return replies

    def read_alone(self, client, command, words):
        protocol = 0 if command.name in SWITCHES else self.protocol
        reply = self.read(client, words, protocol)
        if isinstance(reply, RespError) or command.name == "monitor":
            return self.after(client, command, words, reply, protocol)
        if command.name.endswith("subscribe"):
            for _ in range(len(words) - 2):
                self.read(client, words)
        return self.after(client, command, words, reply, protocol)

    def after(self, client, command, words, reply, protocol):
        """Nothing but the reply has come: that to PING is next."""
        try:
            client.send("PING", "mark")
            mark = client.read()
            while isinstance(mark, RespPush):
                mark = client.read()
        except (ConnectionClosed, OSError) as error:
            if command.name in CLOSES:
                return reply
            raise Broken(f"{error} behind {shown(words)}") from None
        if command.name != "monitor" and mark not in (b"mark", [b"pong", b"mark"], QUEUED):
            raise Broken(f"another reply to {shown(words)}: {mark!r} behind {str(reply)[:200]}")
        check_reply(mark, protocol)
        return reply
