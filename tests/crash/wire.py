"""RESP2 bytes for the load driver: encoding of commands and a parser that never blocks.

The driver multiplexes many connections in one thread, so it parses whatever has arrived and keeps the rest.
Blocking clients (tests/lib/leatlib/resp.py) are used everywhere else.
"""


class ErrorReply(str):
    """An error that the server answered, as a value."""


class _Incomplete(Exception):
    pass


def encode(command):
    """One command, a sequence of bytes, str or int, as a RESP array."""
    parts = [b"*%d\r\n" % len(command)]
    for part in command:
        if not isinstance(part, bytes):
            part = str(part).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(parts)


def _parse(buffer, position):
    end = buffer.find(b"\r\n", position)
    if end < 0:
        raise _Incomplete
    kind = buffer[position]
    if kind == 0x24:  # $
        length = int(buffer[position + 1:end])
        if length < 0:
            return None, end + 2
        stop = end + 2 + length
        if len(buffer) < stop + 2:
            raise _Incomplete
        return buffer[end + 2:stop], stop + 2
    line = buffer[position + 1:end]
    position = end + 2
    if kind == 0x3A:  # :
        return int(line), position
    if kind == 0x2B:  # +
        return line, position
    if kind == 0x2D:  # -
        return ErrorReply(line.decode("utf-8", "replace")), position
    if kind == 0x2A:  # *
        if line == b"-1":
            return None, position
        values = []
        for _ in range(int(line)):
            value, position = _parse(buffer, position)
            values.append(value)
        return values, position
    raise ValueError(f"not a RESP2 reply: {buffer[position - 20:position + 20]!r}")


class ReplyParser:
    """Turns chunks of bytes into replies; what is incomplete waits for the next chunk."""

    def __init__(self):
        self._buffer = b""

    def feed(self, chunk):
        """The replies that are complete once `chunk` has arrived."""
        buffer = self._buffer + chunk if self._buffer else chunk
        replies, position = [], 0
        try:
            while position < len(buffer):
                reply, position = _parse(buffer, position)
                replies.append(reply)
        except _Incomplete:
            pass
        self._buffer = buffer[position:]
        return replies
