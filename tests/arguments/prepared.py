"""The data that calls find: made by commands once, and put back by RESTORE before every call that writes."""

from leatlib.resp import RespError, encode

COMMANDS = """
XADD stream 1-0 f v n 1
XIDMPRECORD stream p i 1-0
XADD stream 2-0 f v
XADD stream 3-0 f v
XADD stream 4-0 f v
XADD stream 5-0 f v
XADD stream 6-0 f v
XADD stream 7-0 f v
XADD stream 8-0 f v
XADD stream 9-0 f v
XADD stream 10-0 f v
XADD stream 11-0 f v
XADD stream 12-0 f v
XGROUP CREATE stream g 0
XGROUP CREATE stream h 0
XGROUP CREATECONSUMER stream g d
XREADGROUP GROUP g c COUNT 8 STREAMS stream >
XREADGROUP GROUP h e COUNT 2 STREAMS stream >
XNACK stream g FAIL IDS 2 6-0 7-0
XDEL stream 5-0
XADD limited 1-0 f v
XADD limited 2-0 f v
XCFGSET limited MAXLEN 100 MAXAGE 36500d RETAIN UNACKED WHENFULL REJECT
SET string Hello
SET number 10
HSET hash f0 v n 10 f1 w
SADD set m0 m1 m2
SADD others m1 m3
"""
KEYS = ("stream", "limited", "string", "number", "hash", "set", "others")


class Prepared:
    """`requests` drop all data and put the prepared data in its place; `replies` are as many."""

    def __init__(self, client):
        for line in COMMANDS.strip().splitlines():
            reply = client.call(*line.split())
            if isinstance(reply, RespError):
                raise ValueError(f"{line}: {reply}")
        self.payloads = {key: client.call("DUMP", key) for key in KEYS}
        calls = [("FLUSHALL",), *(("RESTORE", key, 0, payload) for key, payload in self.payloads.items())]
        self.requests = b"".join(encode(*call) for call in calls)
        self.replies = len(calls)
