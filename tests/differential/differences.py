"""What may differ between Leat and redis-server 7.0: each with its name and its reason, and how it is taken out of replies.

A rule gets a command and a reply and returns the reply without what may differ. It is applied to the replies of both.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

import random_commands  # noqa: E402
from leatlib.resp import RespError, RespMap  # noqa: E402

ENDED = ("UNBLOCKED the stream key no longer exists", "NOGROUP ", "WRONGTYPE ")


def times_and_counts(command, reply):
    return random_commands.masked(command, reply)


def end_of_a_wait(command, reply):
    blocking = str(command[0]).upper() in ("XREAD", "XREADGROUP") and "BLOCK" in command
    ended = blocking and isinstance(reply, RespError) and reply.startswith(ENDED)
    return RespError("NOGROUP or WRONGTYPE") if ended else reply


def idle_consumers(command, reply):
    if command[:2] == ["XGROUP", "CREATECONSUMER"] and isinstance(reply, int):
        return 1
    return without_idle_consumers(reply) if command[0] == "XINFO" else reply


def without_idle_consumers(value):
    if isinstance(value, RespMap):
        return RespMap((name, busy(item) if name == b"consumers" else without_idle_consumers(item)) for name, item in value)
    return [without_idle_consumers(item) for item in value] if isinstance(value, list) else value


def busy(consumers):
    return [one for one in consumers if dict(one)[b"pel-count"] != 0]


def encodings(command, reply):
    known = {b"hashtable": b"listpack", b"intset": b"listpack", b"raw": b"embstr", b"int": b"embstr"}
    return known.get(reply, reply) if command[:2] == ["OBJECT", "ENCODING"] and isinstance(reply, bytes) else reply


def is_empty_wake(reply):
    """Redis 7.0 wakes an XREAD when the stream's last id is beyond what it asked for, whether or not that entry is there."""
    return isinstance(reply, RespMap) and all(entries == [] for _, entries in reply)


RULES = (
    ("times, counts and newer fields", "the two servers run at different times; XINFO shows what came with 8.6 and 8.8; lag is exact here, entries-read of a group follows it", times_and_counts),
    ("idle consumers", "since 7.2 every XREADGROUP, XCLAIM and XAUTOCLAIM makes its consumer, whatever comes of it", idle_consumers),
    ("encodings", "small sets are listpacks since 7.2; Redis remembers what a set has held, and which command has written a string", encodings),
    ("end of a wait", "since 7.2 a blocked XREADGROUP is planned again and answers as a new one would", end_of_a_wait),
)


def same(command, ours, theirs):
    """Whether the replies are the same but for what may differ."""
    for _, _, rule in RULES:
        ours, theirs = rule(command, ours), rule(command, theirs)
    return ours == theirs and type(ours) is type(theirs)
