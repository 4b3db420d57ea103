"""Plays a transcript against a server and says block by block whether every reply was as written."""

import re
import time

import notation
import reply_schema
from leatlib.resp import Client, ConnectionClosed, ProtocolError, RespError, encode

REPLY_SECONDS = 10.0
SILENCE_SECONDS = 0.02
SETTLE_SECONDS = 0.1
WAIT_MS_MAX = 200


class Mismatch(Exception):
    """What is reported as the reason of a failed block."""


class Connection:
    def __init__(self, port, protocol, schemas):
        self.client = Client(port, protocol, timeout=REPLY_SECONDS, typed_nulls=True)
        self.protocol = protocol
        self.asked = reply_schema.Asked(schemas or reply_schema.Schemas({}))

    def send(self, words, answered_next):
        self.asked.sent(words, answered_next)
        self.client.send(*words)


class Player:
    """Plays one transcript. `server` is a leatlib Server, `name` "leat" or "redis".

    Every reply has to be what `schemas` say of its command as well, if they are given."""

    def __init__(self, server, name, protocol, schemas=None):
        self.server = server
        self.name = name
        self.protocol = protocol
        self.connections = {}
        self.captured = {}
        self.control = Client(server.port, timeout=REPLY_SECONDS)
        if "requirepass" in server.directives:
            self.control.call("AUTH", server.directives["requirepass"])
        self.control.call("FLUSHALL")
        self.version = self.server_version()
        self.schemas = schemas.as_of(self.version) if schemas and name == "redis" else schemas

    def server_version(self):
        """(major, minor) that the server reports, which decides about `# since` blocks for the oracle."""
        reply = self.control.call("INFO", "server")
        found = re.search(rb"redis_version:(\d+)\.(\d+)", reply) if isinstance(reply, bytes) else None
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def close(self):
        for name in list(self.connections):
            self.drop(name)
        self.control.close()

    def play(self, transcript):
        """Yields (block, outcome, why) with outcome ok, fail or skip."""
        for block in transcript.blocks:
            if self.name == "redis" and block.since and self.version < block.since:
                wanted = ".".join(map(str, block.since))
                yield block, "skip", f"since {wanted}, the oracle is {'.'.join(map(str, self.version))}"
                continue
            if self.name == "redis" and block.ours:
                yield block, "skip", "Redis does not have it"
                continue
            why = []
            for step in block.steps:
                try:
                    self.perform(step)
                except Mismatch as mismatch:
                    why.append(f"line {step.line}: {step.text}\n{mismatch}")
                except (OSError, ConnectionClosed, ProtocolError) as error:
                    why.append(f"line {step.line}: {step.text}\n{type(error).__name__}: {error}")
                    self.drop(step.connection)
            if block is transcript.blocks[-1]:
                why += self.unread()
            yield block, "fail" if why else "ok", "\n".join(why)

    def drop(self, name):
        """After a failure that leaves a connection out of step, the next step opens another."""
        connection = self.connections.pop(name, None)
        if connection:
            connection.client.close()

    def unread(self):
        """A reply that no step asked for is an error of the server or of the transcript."""
        self.control.call("PING")
        why = []
        for name, connection in self.connections.items():
            if connection.client.readable(0):
                try:
                    left = notation.render(connection.client.read())
                except ConnectionClosed:
                    left = "the end of the connection"
                why.append(f"connection {name or '(unnamed)'}: not asked for: {left}")
        return why

    def connection(self, name):
        if name not in self.connections:
            self.connections[name] = Connection(self.server.port, self.protocol, self.schemas)
        return self.connections[name]

    def perform(self, step):
        if step.kind.startswith("!"):
            getattr(self, "do_" + step.kind[1:])(*step.words)
            return
        connection = self.connection(step.connection)
        if step.kind == "raw":
            connection.asked.lost = True
            connection.client.send_raw(b"".join(step.words))
        elif step.kind == "read":
            self.expect(connection, step)
        else:
            self.command(connection, step)

    def command(self, connection, step):
        words = [self.fill_in(word) for word in step.words]
        if step.connection and not step.replies:
            self.send_and_settle(connection, words)
            return
        connection.send(words, answered_next=True)
        self.expect(connection, step, self.protocol_after(words))

    def protocol_after(self, words):
        """The protocol that the reply of this command is in, when the command switches it."""
        name = words[0].upper()
        if name == b"HELLO" and words[1:2] in ([b"2"], [b"3"]):
            return int(words[1])
        return 2 if name == b"RESET" else 0

    def fill_in(self, word):
        def replace(found):
            value = self.captured.get(found[1].decode())
            if value is None:
                return found[0]
            return value if isinstance(value, bytes) else str(value).encode()

        return re.sub(rb"<([a-z]\w*)>", replace, word)

    def expect(self, connection, step, switches_to=0):
        value = connection.client.read()
        protocol = connection.protocol
        if switches_to and not isinstance(value, RespError):
            protocol = connection.protocol = switches_to
        wrong = connection.asked.why_wrong(value, protocol)
        reply = step.reply_for(self.name, protocol)
        if reply is None:
            raise Mismatch(f"no reply given for {self.name}, RESP{protocol}; got\n{notation.render(value)}")
        pattern = reply.pattern_of(self.version) if self.name == "redis" else reply.pattern
        where = notation.match(pattern, value, protocol, self.captured)
        if where:
            raise Mismatch(f"want  {reply.text}\ngot   {notation.render(value)}\nat    {where}")
        if wrong and reply.servers != "redis":  # Where the oracle differs deliberately, it may do so in its shape.
            raise Mismatch(wrong)

    # A command without a reply below it may block. What follows must come after it, so the player waits until the
    # server counts one more blocked client, or something arrives (a reply, for a later `<`).

    def send_and_settle(self, connection, words):
        before = self.blocked_clients()
        connection.send(words, answered_next=False)
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            if connection.client.readable(0) or self.blocked_clients() > before:
                return
            time.sleep(0.001)

    def blocked_clients(self):
        reply = self.control.call("INFO", "clients")
        found = re.search(rb"blocked_clients:(\d+)", reply) if isinstance(reply, bytes) else None
        return int(found[1]) if found else 0

    # Instructions.

    def do_wait(self, milliseconds):
        if int(milliseconds) > WAIT_MS_MAX:
            raise Mismatch(f"a transcript waits for at most {WAIT_MS_MAX} ms at a time")
        time.sleep(int(milliseconds) / 1000)

    def do_repeat(self, times, *words):
        connection = self.connection("")
        client = connection.client
        commands = [[w.replace(b"<i>", b"%d" % i) for w in words] for i in range(1, int(times) + 1)]
        client.send_raw(b"".join(encode(*command) for command in commands))
        replies = [client.read() for _ in commands]
        errors = [reply for reply in replies if isinstance(reply, RespError)]
        if errors:
            raise Mismatch(f"{len(errors)} errors, the first: {errors[0]}")
        for command, reply in zip(commands, replies):
            connection.asked.sent(command, answered_next=True)
            if wrong := connection.asked.why_wrong(reply, connection.protocol):
                raise Mismatch(wrong)

    def do_connect(self, name, protocol):
        self.drop(name.decode())
        self.connections[name.decode()] = Connection(self.server.port, int(protocol), self.schemas)

    def do_close(self, name=b""):
        self.drop(name.decode())

    def do_closed(self, name=b""):
        """The server has closed, or closes, this connection."""
        try:
            value = self.connection(name.decode()).client.read()
        except (ConnectionClosed, ConnectionError):
            self.drop(name.decode())
            return
        raise Mismatch(f"the connection should be closed; got {notation.render(value)}")

    def do_silent(self, *names):
        """Nothing has come, and everything the server did before a PING that starts now is done."""
        self.control.call("PING")
        for name in names or [b""]:
            client = self.connection(name.decode()).client
            if client.readable(SILENCE_SECONDS):
                raise Mismatch(f"{name.decode()} should wait; got {notation.render(client.read())}")

