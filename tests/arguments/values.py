"""The words of values: those that calls succeed with on the data of prepared.py, and those that they must survive."""

from grammar import INDEX

# By command and name of the argument, else by name alone; `{i}` counts from 0 where the argument is repeated, `{i1}` from 1, `{p}` with
# seven digits.
# Behind `|` stands what is said from the second time on. `<...>` is known by who plays the call (argument_player.py).
VALID = {
    "arg": "stream|k{i}",
    "bytes": "1000000",
    "category": "stream",
    "channel": "channel{i}",
    "client-id": "<control>",
    "clientname": "me",
    "command": "xadd|x{i}",
    "command-name": "get|x{i}",
    "connection-name": "me",
    "consumer": "c",
    "consumername": "c",
    "count": "2",
    "cursor": "0",
    "db": "1",
    "decrement": "2",
    "destination": "other",
    "destination-db": "1",
    "duration": "7d",
    "end": "+",
    "entries_added": "20",
    "entries_read": "1",
    "event": "command|x{i}",
    "field": "f{i}",
    "frequency": "1",
    "group": "g",
    "groupname": "g",
    "id": "{i1}-0",
    "idempotent-id": "i",
    "increment": "2",
    "index": "1",
    "index1": "0",
    "index2": "1",
    "ip:port": "<victim>",
    "lastid": "8-0",
    "last-id": "20-0",
    "libname": "name",
    "libver": "1",
    "library-name-pattern": "*",
    "limit": "1",
    "max_deleted_entry_id": "5-0",
    "member": "m{i}",
    "message": "hello",
    "milliseconds": "100000",
    "min-idle-time": "0",
    "module-name": "none",
    "ms": "10",
    "newkey": "other",
    "numlocal": "0",
    "numreplicas": "0",
    "offset": "3",
    "parameter": "maxmemory-samples|x{i}",
    "password": "any",
    "pattern": "*|p{i}*",
    "prefix": "{p}",
    "producer-id": "p",
    "protover": "3",
    "seconds": "100",
    "section": "server|x{i}",
    "serialized-value": "<payload>",
    "sha1": "{p}0123456789abcdef0123456789abcdef0",
    "shardchannel": "channel{i}",
    "source": "stream",
    "start": "-",
    "subcommand": "DIGEST-VALUE",
    "threshold": "5",
    "timeout": "1",
    "ttl": "0",
    "type": "stream",
    "unix-time-milliseconds": "33177117420000",
    "unix-time-seconds": "33177117420",
    "username": "default",
    "value": "v{i}",
    ("command|getkeys", "command"): "DEL",
    ("command|getkeysandflags", "command"): "DEL",
    ("config|set", "value"): "5",
    ("getrange", "end"): "-1",
    ("getrange", "start"): "0",
    ("hincrby", "field"): "n",
    ("hincrbyfloat", "field"): "n",
    ("msetnx", "key"): "new{i}",
    ("restore", "key"): "other",
    ("restore", "seconds"): "0",
    ("setnx", "key"): "other",
    ("smove", "source"): "set",
    ("substr", "end"): "-1",
    ("substr", "start"): "0",
    ("xadd", "id"): "100-0",
    ("xautoclaim", "start"): "0-0",
    ("xclaim", "unix-time-milliseconds"): "1700000000000",
    ("xgroup|create", "groupname"): "new",
    ("xgroup|create", "id"): "0-0",
    ("xgroup|createconsumer", "consumername"): "new",
    ("xgroup|setid", "id"): "0-0",
    ("xidmprecord", "id"): "3-0",
    ("xidmprecord", "idempotent-id"): "new",
    ("xread", "id"): "0-0",
    ("xread", "key"): "stream|none{i}",
    ("xread", "milliseconds"): "1",
    ("xreadgroup", "id"): ">",
    ("xreadgroup", "milliseconds"): "1",
}
# The key that holds what commands of a group want, and what those want that need another.
KEYS = {"hash": "hash|none{i}", "set": "set|none{i}", "string": "string|none{i}", "stream": "stream", "generic": "stream|none{i}"}
NUMBERS = ("decr", "decrby", "incr", "incrby", "incrbyfloat")

INTEGERS = [
    "0", "1", "-1", "01", "+1", "-0", "", "x", "1e300", "nan", "inf",
    *map(str, (2**31 - 1, 2**31, -(2**31), 2**32, 2**62, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64)),
]
LAST = "18446744073709551615"
IDS = [
    "-", "+", "$", ">", "*", "0-0", "0-1", "1-*", "5-0", "(1", "(-", "(0-0", f"({LAST}-{LAST}", f"{LAST}-{LAST}", f"{LAST}-*", f"1-{2**64}",
    "007-08", "+5", "5-+6", "9--0", "9--01", "5-", "-5", "--", "6-1-1", "abc", "1" * 128,
]
NAMES = ["STREAMS", "GROUP", "BLOCK", "IDS", "*", "$", ">", "", b"\x00\r\n\xff-ERR {}", "n" * 65536]
ID_ARGUMENTS = ("id", "start", "end", "lastid", "last-id", "max_deleted_entry_id", "threshold")
COUNTED = ("numids", "numkeys")


class Values:
    """The words of values of one command. `times` is how often a repeated argument stands there; numbers that say so are wrong
    by `off`. What `instead` has for an argument is its word."""

    def __init__(self, command, times=1, off=0, instead=()):
        self.command, self.times, self.off, self.instead = command, times, off, dict(instead)

    def __call__(self, argument, index):
        if argument in self.instead:
            return self.instead[argument]
        if argument.name in COUNTED:
            return str(self.times + self.off)
        first, _, later = self.template(argument).partition("|")
        text = later if index and later else first
        if index == INDEX:
            return text.format(i=INDEX, i1=INDEX, p=INDEX)
        return text.format(i=index, i1=index + 1, p=f"{index:07}")

    def template(self, argument):
        found = VALID.get((self.command.name, argument.name)) or VALID.get(argument.name)
        if found:
            return found
        if argument.kind == "key":
            return "number" if self.command.name in NUMBERS else KEYS.get(self.command.group, "stream|none{i}")
        return argument.name
