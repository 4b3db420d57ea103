"""A small blocking RESP2/RESP3 client that keeps every difference the wire makes.

Replies become
    simple string -> SimpleString (a str)      error        -> RespError (a str; never raised)
    bulk string   -> bytes                     verbatim     -> Verbatim (bytes with .format)
    integer       -> int                       double       -> Double (a float that keeps its text in .text)
    boolean       -> bool                      big number   -> BigNumber (an int)
    array         -> list                      set, push    -> RespSet, RespPush (lists)
    map           -> RespMap (a list of (key, value) pairs: order and repeated keys are part of the reply)
    null          -> None, or with typed_nulls=True one of Null.BULK, Null.ARRAY, Null.RESP3
"""

import enum
import select
import socket


class ProtocolError(Exception):
    """The server sent bytes that are no RESP reply."""


class ConnectionClosed(Exception):
    """The server closed the connection where a reply was expected."""


class SimpleString(str):
    pass


class RespError(str):
    @property
    def code(self):
        """The first word, such as ERR or WRONGTYPE."""
        return self.split(" ", 1)[0]


class Double(float):
    def __new__(cls, text):
        value = super().__new__(cls, text)
        value.text = text
        return value


class BigNumber(int):
    pass


class Verbatim(bytes):
    format = ""


class RespSet(list):
    pass


class RespPush(list):
    pass


class RespMap(list):
    def to_dict(self):
        return dict(self)


class Null(enum.Enum):
    BULK = "$-1"
    ARRAY = "*-1"
    RESP3 = "_"


def encode(*args):
    """One command as the bytes of an array of bulk strings; str is sent as UTF-8, numbers as decimal text."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        raw = bytes(arg) if isinstance(arg, (bytes, bytearray, memoryview)) else str(arg).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


class Client:
    """One connection. `port` is a TCP port on `host`, or the path of a unix socket."""

    def __init__(self, port, protocol=2, timeout=10.0, typed_nulls=False, host="127.0.0.1"):
        self.typed_nulls = typed_nulls
        self.pushes = []  # What arrived out of band while call() waited for its reply.
        if isinstance(port, int):
            self.socket = socket.create_connection((host, port), timeout=timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(str(port))
        self._received = bytearray()
        self._start = 0
        if protocol == 3:
            greeting = self.call("HELLO", "3")
            if isinstance(greeting, RespError):
                self.close()
                raise ProtocolError(f"HELLO 3 refused: {greeting}")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.socket.close()

    def info(self, section):
        """The fields of one section of INFO, as text."""
        lines = self.call("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def set_timeout(self, seconds):
        self.socket.settimeout(seconds)

    def call(self, *args):
        """Sends a command and returns its reply. Pushes that come first are put into .pushes, so commands whose
        reply is itself a push (SUBSCRIBE in RESP3) need send() and read()."""
        self.send(*args)
        while True:
            reply = self.read()
            if not isinstance(reply, RespPush):
                return reply
            self.pushes.append(reply)

    def pipeline(self, commands):
        """Sends all commands at once and returns the list of their replies."""
        self.send_raw(b"".join(encode(*command) for command in commands))
        return [self.read() for _ in commands]

    def send(self, *args):
        self.send_raw(encode(*args))

    def send_raw(self, raw):
        self.socket.sendall(raw)

    def read(self):
        """The next reply. Raises TimeoutError after the connection's time-out (what had arrived stays buffered, a
        later read() starts over from it), ConnectionClosed at the end of the stream."""
        start = self._start
        try:
            value = self._value()
        except TimeoutError:
            self._start = start
            raise
        if self._start > 65536:
            del self._received[: self._start]
            self._start = 0
        return value

    def readable(self, seconds):
        """Whether bytes of a reply are here, or arrive within `seconds`; the end of the stream counts as well."""
        return len(self._received) > self._start or bool(select.select([self.socket], [], [], seconds)[0])

    def _fill(self):
        try:
            chunk = self.socket.recv(65536)
        except ConnectionResetError as error:
            raise ConnectionClosed(str(error)) from error
        if not chunk:
            raise ConnectionClosed("the server closed the connection")
        self._received += chunk

    def _line(self):
        searched = self._start
        while (end := self._received.find(b"\r\n", searched)) < 0:
            searched = max(self._start, len(self._received) - 1)
            self._fill()
        line = bytes(self._received[self._start : end])
        self._start = end + 2
        return line

    def _exactly(self, size):
        while len(self._received) - self._start < size + 2:
            self._fill()
        raw = bytes(self._received[self._start : self._start + size])
        if self._received[self._start + size : self._start + size + 2] != b"\r\n":
            raise ProtocolError("a bulk string without CRLF at its end")
        self._start += size + 2
        return raw

    def _null(self, kind):
        return kind if self.typed_nulls else None

    def _value(self):
        line = self._line()
        kind, rest = line[:1], line[1:]
        try:
            if kind in _SCALARS:
                return _SCALARS[kind](rest.decode("utf-8", "surrogateescape"))
            if kind == b"_":
                return self._null(Null.RESP3)
            size = int(rest)
            if kind == b"$":
                return self._null(Null.BULK) if size < 0 else self._exactly(size)
            if kind == b"=":
                raw = self._exactly(size)
                text = Verbatim(raw[4:])
                text.format = raw[:3].decode()
                return text
            return self._aggregate(kind, size, line)
        except (ValueError, KeyError) as error:
            raise ProtocolError(f"not a reply: {line!r}") from error

    def _aggregate(self, kind, size, line):
        if kind == b"*":
            return self._null(Null.ARRAY) if size < 0 else [self._value() for _ in range(size)]
        if kind == b"~":
            return RespSet(self._value() for _ in range(size))
        if kind == b">":
            return RespPush(self._value() for _ in range(size))
        if kind == b"%":
            return RespMap((self._value(), self._value()) for _ in range(size))
        if kind == b"|":  # Attributes describe the value that follows; nothing here depends on them.
            for _ in range(2 * size):
                self._value()
            return self._value()
        raise ProtocolError(f"not a reply: {line!r}")


_SCALARS = {
    b"+": SimpleString,
    b"-": RespError,
    b":": int,
    b",": Double,
    b"(": BigNumber,
    b"#": lambda text: {"t": True, "f": False}[text],
}
