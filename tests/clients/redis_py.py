"""redis-py as Debian ships it (4.3.4, RESP2): every stream method, and what programs use beside them."""

import asyncio
import threading

import redis
import redis.asyncio
from suite import Skip, Suite, equal

suite = Suite("redis-py")
test = suite.test


def connect(target, **options):
    return redis.Redis(port=target.port, decode_responses=True, socket_timeout=10, **options)


def raises(error, text, function, *args, **kwargs):
    """The call fails with this class of error, and its text starts so."""
    try:
        got = function(*args, **kwargs)
    except error as why:
        if not str(why).startswith(text):
            raise AssertionError(f"error {str(why)!r} does not start with {text!r}") from why
    else:
        raise AssertionError(f"no error but {got!r}")


def three_entries(client, key="s"):
    for number in (1, 2, 3):
        client.xadd(key, {"n": str(number)}, id=f"{number}-1")


def group_with_pending(client):
    """Three entries, two of them delivered to alice and one to bob."""
    three_entries(client)
    client.xgroup_create("s", "g", id="0")
    client.xreadgroup("g", "alice", {"s": ">"}, count=2)
    client.xreadgroup("g", "bob", {"s": ">"}, count=1)


@test("XADD")
def xadd(target):
    client = connect(target)
    equal(client.xadd("s", {"name": "Sara", "surname": "OConnor"}, id="1526919030474-55"), "1526919030474-55")
    equal(client.xadd("s", {"name": "Ann"}, id="1526919030474-*"), "1526919030474-56")
    milliseconds, sequence = client.xadd("s", {"a": 1, "b": 2.5, "c": b"\x00\r\n"}).split("-")
    equal((int(milliseconds) > 1526919030474, sequence), (True, "0"))
    equal(client.xrevrange("s", count=1)[0][1], {"a": "1", "b": "2.5", "c": "\x00\r\n"})
    equal(client.xadd("missing", {"a": 1}, nomkstream=True), None)
    raises(redis.ResponseError, "The ID specified in XADD is equal or smaller", client.xadd, "s", {"a": 1}, id="1-1")
    raises(redis.ResponseError, "The ID specified in XADD must be greater", client.xadd, "t", {"a": 1}, id="0-0")


@test("XADD that trims")
def xadd_trims(target):
    client = connect(target)
    for number in range(1, 6):
        client.xadd("s", {"n": number}, id=f"{number}-0", maxlen=3, approximate=False)
    equal([entry_id for entry_id, _ in client.xrange("s")], ["3-0", "4-0", "5-0"])
    client.xadd("s", {"n": 6}, id="6-0", minid="5-0", approximate=False)
    equal([entry_id for entry_id, _ in client.xrange("s")], ["5-0", "6-0"])
    for number in range(1000):
        client.xadd("long", {"n": number}, maxlen=100, approximate=True)
    equal(100 <= client.xlen("long") <= 200, True)
    client.xadd("long", {"n": 1}, maxlen=1, limit=1000)
    equal(client.xlen("long") <= 100, True)


@test("XLEN")
def xlen(target):
    client = connect(target)
    equal(client.xlen("s"), 0)
    three_entries(client)
    equal(client.xlen("s"), 3)
    client.set("string", "x")
    raises(redis.ResponseError, "WRONGTYPE", client.xlen, "string")


@test("XRANGE")
def xrange_(target):
    client = connect(target)
    equal(client.xrange("s"), [])
    three_entries(client)
    equal(client.xrange("s"), [("1-1", {"n": "1"}), ("2-1", {"n": "2"}), ("3-1", {"n": "3"})])
    equal(client.xrange("s", min="2", max="2"), [("2-1", {"n": "2"})])
    equal(client.xrange("s", min="(1-1", max="+", count=1), [("2-1", {"n": "2"})])
    equal(client.xrange("s", min="5", max="+"), [])


@test("XREVRANGE")
def xrevrange(target):
    client = connect(target)
    three_entries(client)
    equal(client.xrevrange("s", count=2), [("3-1", {"n": "3"}), ("2-1", {"n": "2"})])
    equal(client.xrevrange("s", max="(3-1", min="2-1"), [("2-1", {"n": "2"})])


@test("XDEL")
def xdel(target):
    client = connect(target)
    equal(client.xdel("missing", "1-1"), 0)
    three_entries(client)
    equal(client.xdel("s", "2-1", "9-9"), 1)
    equal([entry_id for entry_id, _ in client.xrange("s")], ["1-1", "3-1"])


@test("XTRIM")
def xtrim(target):
    client = connect(target)
    equal(client.xtrim("missing", maxlen=1), 0)
    three_entries(client)
    equal(client.xtrim("s", maxlen=2, approximate=False), 1)
    equal(client.xtrim("s", minid="3-0", approximate=False), 1)
    equal(client.xrange("s"), [("3-1", {"n": "3"})])
    equal(client.xtrim("s", maxlen=0, approximate=False), 1)
    equal((client.xlen("s"), client.exists("s"), client.type("s")), (0, 1, "stream"))
    for number in range(1000):
        client.xadd("long", {"n": number})
    removed = client.xtrim("long", maxlen=500, approximate=True)
    equal((removed, client.xlen("long")), (500, 500))
    equal(client.xtrim("long", maxlen=100, approximate=True, limit=100), 100)


@test("XREAD")
def xread(target):
    client = connect(target)
    three_entries(client)
    client.xadd("t", {"a": "b"}, id="7-0")
    equal(client.xread({"s": "2-1", "t": "0"}), [["s", [("3-1", {"n": "3"})]], ["t", [("7-0", {"a": "b"})]]])
    equal(client.xread({"s": "0"}, count=1), [["s", [("1-1", {"n": "1"})]]])
    equal(client.xread({"s": "$"}), [])
    equal(client.xread({"missing": "0"}), [])


@test("XREAD that blocks")
def xread_blocks(target):
    client = connect(target)
    equal(client.xread({"s": "$"}, block=20), [])
    answer, reader = in_background(lambda: connect(target).xread({"s": "$"}, block=5000))
    await_blocked(target, 1)
    client.xadd("s", {"a": "b"}, id="5-5")
    reader.join(10)
    equal(answer, [[["s", [("5-5", {"a": "b"})]]]])


@test("XGROUP CREATE, SETID, DESTROY")
def xgroup(target):
    client = connect(target)
    raises(redis.ResponseError, "The XGROUP subcommand requires the key to exist", client.xgroup_create, "s", "g")
    equal(client.xgroup_create("s", "g", id="$", mkstream=True), True)
    raises(redis.ResponseError, "BUSYGROUP Consumer Group name already exists", client.xgroup_create, "s", "g")
    three_entries(client)
    equal(client.xgroup_setid("s", "g", "2-1"), True)
    equal(client.xreadgroup("g", "c", {"s": ">"}), [["s", [("3-1", {"n": "3"})]]])
    equal(client.xgroup_destroy("s", "g"), 1)
    equal(client.xgroup_destroy("s", "g"), 0)
    equal(client.xgroup_create("s", "h", id="2-1", entries_read=2), True)
    equal(client.xinfo_groups("s")[0]["lag"], 1)


@test("XGROUP CREATECONSUMER, DELCONSUMER")
def xgroup_consumers(target):
    client = connect(target)
    group_with_pending(client)
    equal(client.xgroup_createconsumer("s", "g", "carol"), 1)
    equal(client.xgroup_createconsumer("s", "g", "carol"), 0)
    equal(client.xgroup_delconsumer("s", "g", "alice"), 2)
    equal(client.xgroup_delconsumer("s", "g", "nobody"), 0)
    equal([consumer["name"] for consumer in client.xinfo_consumers("s", "g")], ["bob", "carol"])


@test("XREADGROUP")
def xreadgroup(target):
    client = connect(target)
    three_entries(client)
    raises(redis.ResponseError, "NOGROUP", client.xreadgroup, "g", "c", {"s": ">"})
    client.xgroup_create("s", "g", id="0")
    equal(client.xreadgroup("g", "alice", {"s": ">"}, count=1), [["s", [("1-1", {"n": "1"})]]])
    equal(client.xreadgroup("g", "bob", {"s": ">"}), [["s", [("2-1", {"n": "2"}), ("3-1", {"n": "3"})]]])
    equal(client.xreadgroup("g", "bob", {"s": ">"}), [])
    equal(client.xreadgroup("g", "alice", {"s": "0"}), [["s", [("1-1", {"n": "1"})]]])
    client.xdel("s", "1-1")
    equal(client.xreadgroup("g", "alice", {"s": "0"}), [["s", [("1-1", {})]]])
    equal(client.xreadgroup("g", "bob", {"s": "3-1"}), [["s", []]])
    client.xadd("s", {"n": "4"}, id="4-1")
    equal(client.xreadgroup("g", "bob", {"s": ">"}, noack=True), [["s", [("4-1", {"n": "4"})]]])
    equal(client.xpending("s", "g")["pending"], 3)


@test("XREADGROUP that blocks, two workers share")
def xreadgroup_blocks(target):
    client = connect(target)
    client.xgroup_create("s", "g", mkstream=True)
    equal(client.xreadgroup("g", "c", {"s": ">"}, block=20), [])
    read = lambda name: lambda: connect(target).xreadgroup("g", name, {"s": ">"}, count=1, block=5000)  # noqa: E731
    first, first_reader = in_background(read("alice"))
    await_blocked(target, 1)
    second, second_reader = in_background(read("bob"))
    await_blocked(target, 2)
    client.xadd("s", {"n": "1"}, id="1-0")
    first_reader.join(10)
    equal(first, [[["s", [("1-0", {"n": "1"})]]]])
    equal(second, [])
    client.xadd("s", {"n": "2"}, id="2-0")
    second_reader.join(10)
    equal(second, [[["s", [("2-0", {"n": "2"})]]]])


@test("XREADGROUP blocked on a group that goes")
def xreadgroup_loses_group(target):
    client = connect(target)
    client.xgroup_create("s", "g", mkstream=True)
    errors, reader = in_background(lambda: connect(target).xreadgroup("g", "c", {"s": ">"}, block=5000))
    await_blocked(target, 1)
    client.xgroup_destroy("s", "g")
    reader.join(10)
    equal((len(errors), str(errors[0]).split()[0]), (1, "NOGROUP"))


@test("XACK")
def xack(target):
    client = connect(target)
    equal(client.xack("missing", "g", "1-1"), 0)
    group_with_pending(client)
    equal(client.xack("s", "g", "1-1", "3-1", "9-9"), 2)
    equal(client.xack("s", "g", "1-1"), 0)
    equal(client.xpending("s", "g")["pending"], 1)


@test("XPENDING")
def xpending(target):
    client = connect(target)
    three_entries(client)
    client.xgroup_create("s", "g", id="0")
    equal(client.xpending("s", "g"), {"pending": 0, "min": None, "max": None, "consumers": []})
    client.delete("s")
    group_with_pending(client)
    consumers = [{"name": "alice", "pending": 2}, {"name": "bob", "pending": 1}]
    equal(client.xpending("s", "g"), {"pending": 3, "min": "1-1", "max": "3-1", "consumers": consumers})
    records = client.xpending_range("s", "g", min="-", max="+", count=10)
    equal([record.pop("time_since_delivered") >= 0 for record in records], [True] * 3)
    want = [("1-1", "alice"), ("2-1", "alice"), ("3-1", "bob")]
    equal(records, [{"message_id": i, "consumer": name, "times_delivered": 1} for i, name in want])
    of_alice = client.xpending_range("s", "g", min="(1-1", max="+", count=10, consumername="alice")
    equal([record["message_id"] for record in of_alice], ["2-1"])
    equal(client.xpending_range("s", "g", min="-", max="+", count=10, idle=3600000), [])


@test("XCLAIM")
def xclaim(target):
    client = connect(target)
    group_with_pending(client)
    equal(client.xclaim("s", "g", "bob", 3600000, ["1-1"]), [])
    equal(client.xclaim("s", "g", "bob", 0, ["1-1", "9-9"]), [("1-1", {"n": "1"})])
    equal(client.xclaim("s", "g", "carol", 0, ["1-1", "2-1"], justid=True), ["1-1", "2-1"])
    client.xclaim("s", "g", "carol", 0, ["2-1"], idle=60000, retrycount=7)
    client.xadd("s", {"n": "4"}, id="4-1")
    equal(client.xclaim("s", "g", "carol", 0, ["4-1"], force=True), [("4-1", {"n": "4"})])
    records = client.xpending_range("s", "g", min="-", max="+", count=10, consumername="carol")
    counts = [(record["message_id"], record["times_delivered"]) for record in records]
    equal(counts, [("1-1", 2), ("2-1", 7), ("4-1", 2)])
    equal(records[1]["time_since_delivered"] >= 60000, True)
    raises(redis.ResponseError, "NOGROUP", client.xclaim, "s", "other", "c", 0, ["1-1"])


@test("XAUTOCLAIM")
def xautoclaim(target):
    client = connect(target)
    group_with_pending(client)
    entries = [("1-1", {"n": "1"}), ("2-1", {"n": "2"})]
    equal(client.xautoclaim("s", "g", "carol", 0, count=2), ["3-1", entries, []])
    equal(client.xautoclaim("s", "g", "carol", 0, start_id="3-1"), ["0-0", [("3-1", {"n": "3"})], []])
    equal(client.xautoclaim("s", "g", "carol", 3600000), ["0-0", [], []])
    equal(client.xautoclaim("s", "g", "dora", 0, justid=True), ["1-1", "2-1", "3-1"])
    client.xdel("s", "2-1")
    equal(client.xautoclaim("s", "g", "dora", 0)[2], ["2-1"])
    counts = client.xpending_range("s", "g", min="-", max="+", count=10)
    equal([(record["message_id"], record["times_delivered"]) for record in counts], [("1-1", 3), ("3-1", 3)])


@test("XINFO STREAM")
def xinfo_stream(target):
    client = connect(target)
    raises(redis.ResponseError, "no such key", client.xinfo_stream, "s")
    group_with_pending(client)
    client.xdel("s", "3-1")
    got = client.xinfo_stream("s")
    got = {name: value for name, value in got.items() if not name.startswith("radix-tree")}
    want = {"length": 2, "last-generated-id": "3-1", "max-deleted-entry-id": "3-1", "entries-added": 3}
    want.update({"recorded-first-entry-id": "1-1", "groups": 1})
    if target.streams >= (8, 6):
        want.update({"idmp-duration": 100, "idmp-maxsize": 100, "pids-tracked": 0})
        want.update({"iids-tracked": 0, "iids-added": 0, "iids-duplicates": 0})
    equal(got, {**want, "first-entry": ("1-1", {"n": "1"}), "last-entry": ("2-1", {"n": "2"})})


@test("XINFO STREAM FULL")
def xinfo_stream_full(target):
    client = connect(target)
    group_with_pending(client)
    full = client.xinfo_stream("s", full=True)
    equal(full["entries"], {"1-1": {"n": "1"}, "2-1": {"n": "2"}, "3-1": {"n": "3"}})
    group = full["groups"][0]
    facts = dict(zip(group[::2], group[1::2])) if isinstance(group, list) else group
    names = ("name", "last-delivered-id", "entries-read", "lag", "pel-count")
    equal([facts[name] for name in names], ["g", "3-1", 3, 0, 3])
    equal([(entry_id, name, count) for entry_id, name, _, count in facts["pending"]][0], ("1-1", "alice", 1))
    alice = dict(zip(facts["consumers"][0][::2], facts["consumers"][0][1::2]))
    equal((alice["name"], alice["pel-count"], len(alice["pending"])), ("alice", 2, 2))


@test("XINFO GROUPS")
def xinfo_groups(target):
    client = connect(target)
    group_with_pending(client)
    client.xgroup_create("s", "late", id="2-1", entries_read=2)
    want = {"name": "g", "consumers": 2, "pending": 3, "last-delivered-id": "3-1", "entries-read": 3, "lag": 0}
    late = {"name": "late", "consumers": 0, "pending": 0, "last-delivered-id": "2-1", "entries-read": 2, "lag": 1}
    equal(client.xinfo_groups("s"), [want, late])


@test("XINFO CONSUMERS")
def xinfo_consumers(target):
    client = connect(target)
    group_with_pending(client)
    consumers = client.xinfo_consumers("s", "g")
    equal([(c["name"], c["pending"], c["idle"] >= 0) for c in consumers], [("alice", 2, True), ("bob", 1, True)])


@test("XINFO CONSUMERS, inactive", since="7.2")
def xinfo_consumers_inactive(target):
    client = connect(target)
    group_with_pending(client)
    client.xgroup_createconsumer("s", "g", "carol")
    inactive = [consumer["inactive"] for consumer in client.xinfo_consumers("s", "g")]
    equal((inactive[0] >= 0, inactive[2]), (True, -1))


@test("XSETID")
def xsetid(target):
    client = connect(target)
    three_entries(client)
    command = ("XSETID", "s", "10-0", "ENTRIESADDED", 12, "MAXDELETEDID", "9-0")
    equal(client.execute_command(*command) in (True, "OK"), True)
    stream = client.xinfo_stream("s")
    equal((stream["last-generated-id"], stream["entries-added"], stream["max-deleted-entry-id"]), ("10-0", 12, "9-0"))
    raises(redis.ResponseError, "The ID specified in XSETID is smaller", client.execute_command, "XSETID", "s", "1-0")


@test("XCFGSET, and a producer that is pushed back")
def xcfgset(target):
    client = connect(target)
    if "leat_version" not in client.info("server"):
        raise Skip("the options are Leat's own")
    client.xgroup_create("jobs", "g", id="0", mkstream=True)
    equal(client.execute_command("XCFGSET", "jobs", "MAXLEN", 3, "RETAIN", "UNACKED", "WHENFULL", "REJECT"), "OK")
    three_entries(client, "jobs")
    raises(redis.ResponseError, "STREAMFULL Stream 'jobs' is at its limit of MAXLEN 3", client.xadd, "jobs", {"n": 4})
    client.xreadgroup("g", "alice", {"jobs": ">"}, count=1)
    client.xack("jobs", "g", "1-1")
    client.xadd("jobs", {"n": 4}, id="4-1")
    equal([entry_id for entry_id, _ in client.xrange("jobs")], ["2-1", "3-1", "4-1"])
    info = client.xinfo_stream("jobs")
    equal((info["length"], info["first-entry"][0], info["last-entry"][0]), (3, "2-1", "4-1"))
    equal((info["retention-maxlen"], info["retention-retain"], info["bytes"]), (3, "unacked", 42))
    equal(client.xinfo_stream("jobs", full=True)["retention-whenfull"], "reject")


@test("HELP of XGROUP and XINFO")
def help_texts(target):
    client = connect(target)
    equal(client.execute_command("XGROUP HELP")[0].startswith("XGROUP <subcommand>"), True)
    equal(client.execute_command("XINFO HELP")[0].startswith("XINFO <subcommand>"), True)


@test("pipeline")
def pipeline(target):
    client = connect(target)
    with client.pipeline(transaction=False) as batch:
        for number in range(1, 501):
            batch.xadd("s", {"n": number}, id=f"{number}-0")
        batch.xlen("s").xadd("s", {"n": 0}, id="1-0").xlen("s")
        replies = batch.execute(raise_on_error=False)
    equal(replies[499:501], ["500-0", 500])
    equal(isinstance(replies[501], redis.ResponseError), True)
    equal(replies[502], 500)


@test("MULTI and EXEC")
def transaction(target):
    client = connect(target)
    group_with_pending(client)
    with client.pipeline() as batch:
        batch.xadd("dead", {"origin": "1-1"}, id="1-0").xack("s", "g", "1-1").hincrby("sums", "g", 5)
        equal(batch.execute(), ["1-0", 1, 5])
    with client.pipeline() as batch:
        batch.xadd("s", {"a": 1}, id="1-0")
        batch.set("k", "v")
        replies = batch.execute(raise_on_error=False)
    equal((isinstance(replies[0], redis.ResponseError), replies[1], client.get("k")), (True, True, "v"))


@test("WATCH")
def watch(target):
    client, other = connect(target), connect(target)
    three_entries(client)
    with client.pipeline() as guarded:
        guarded.watch("s")
        equal(guarded.xlen("s"), 3)
        other.xadd("s", {"n": 4}, id="4-1")
        guarded.multi()
        guarded.xadd("s", {"n": 5}, id="5-1")
        raises(redis.WatchError, "", guarded.execute)
        guarded.watch("s")
        equal(other.xlen("s"), 4)  # Reading does not disturb who watches.
        guarded.multi()
        guarded.xadd("s", {"n": 5}, id="5-1")
        equal(guarded.execute(), ["5-1"])


@test("pub/sub")
def pub_sub(target):
    client = connect(target)
    with client.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe("news")
        listener.psubscribe("log.*")
        await_that(lambda: client.pubsub_numsub("news") == [("news", 1)] and client.pubsub_numpat() == 1)
        equal(client.publish("news", "hello"), 1)
        equal(client.publish("log.disk", "full"), 1)
        equal(client.pubsub_channels(), ["news"])
        messages = [next_message(listener) for _ in range(2)]
    want = [("message", None, "news", "hello"), ("pmessage", "log.*", "log.disk", "full")]
    equal([tuple(message[field] for field in ("type", "pattern", "channel", "data")) for message in messages], want)


@test("SCAN")
def scan(target):
    client = connect(target)
    streams = {f"stream:{number}" for number in range(300)}
    with client.pipeline(transaction=False) as batch:
        for key in streams:
            batch.xadd(key, {"a": "b"})
        for number in range(300):
            batch.set(f"string:{number}", "x")
        batch.execute()
    equal(set(client.scan_iter(count=50)), streams | {f"string:{number}" for number in range(300)})
    equal(set(client.scan_iter(match="stream:1*", count=50)), {key for key in streams if key.startswith("stream:1")})
    equal(set(client.scan_iter(_type="STREAM", count=50)), streams)


@test("hashes and sets beside streams")
def companions(target):
    client = connect(target)
    equal(client.hset("h", mapping={"a": 1, "b": 2}), 2)
    equal((client.hincrby("h", "a", 4), client.hgetall("h")), (5, {"a": "5", "b": "2"}))
    equal((client.sadd("set", "x", "y"), client.sismember("set", "x"), client.smembers("set")), (2, True, {"x", "y"}))
    equal(client.smismember("set", ["x", "z"]), [1, 0])
    equal((client.set("k", "v", ex=100, nx=True), client.set("k", "w", nx=True), client.ttl("k")), (True, None, 100))
    equal(dict(client.hscan_iter("h")), {"a": "5", "b": "2"})


@test("connections, name, database, RESP2 greeting")
def connections(target):
    client = connect(target, client_name="tester", db=3)
    equal(client.client_getname(), "tester")
    client.xadd("s", {"a": "b"})
    equal((client.dbsize(), connect(target).dbsize()), (1, 0))
    equal([entry["db"] for entry in client.client_list() if entry["name"] == "tester"], ["3"])
    equal(client.info("server")["redis_version"], target.version_text)
    equal(client.config_get("appendfsync").keys(), {"appendfsync"})


@test("asyncio, a producer and a group of workers")
def with_asyncio(target):
    equal(asyncio.run(asyncio_job(target)), 50)


async def asyncio_job(target):
    """50 entries; three workers that block until each has seen the end. Returns how many entries were handled."""
    client = redis.asyncio.Redis(port=target.port, decode_responses=True)
    await client.xgroup_create("s", "g", id="0", mkstream=True)
    handled = []

    async def work(name):
        connection = redis.asyncio.Redis(port=target.port, decode_responses=True)
        while len(handled) < 50:
            for _, entries in await connection.xreadgroup("g", name, {"s": ">"}, count=5, block=100):
                for entry_id, fields in entries:
                    handled.append(fields["n"])
                    await connection.xack("s", "g", entry_id)
        await connection.close()

    async def produce():
        for number in range(50):
            await client.xadd("s", {"n": number})

    await asyncio.wait_for(asyncio.gather(produce(), work("a"), work("b"), work("c")), 20)
    equal(sorted(handled, key=int), [str(number) for number in range(50)])
    equal((await client.xpending("s", "g"))["pending"], 0)
    async with client.pipeline(transaction=True) as batch:
        equal(await batch.xlen("s").xlen("none").execute(), [50, 0])
    await client.close()
    return len(handled)


@test("asyncio, pub/sub")
def pub_sub_asyncio(target):
    async def listen():
        client = redis.asyncio.Redis(port=target.port, decode_responses=True)
        listener = client.pubsub(ignore_subscribe_messages=True)
        await listener.subscribe("news")
        while await client.publish("news", "hello") == 0:
            await asyncio.sleep(0.01)
        while not (message := await listener.get_message(timeout=5)):
            pass
        await listener.close()
        await client.close()
        return message["data"]

    equal(asyncio.run(asyncio.wait_for(listen(), 20)), "hello")


def in_background(call):
    """Runs call() in a thread. Returns the list into which its result, or its error, will be put, and the thread."""
    outcome = []

    def run():
        try:
            outcome.append(call())
        except redis.RedisError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return outcome, thread


def await_that(condition):
    """Waits until the server shows a state that this client can't be told of."""
    done = threading.Event()
    for _ in range(1000):
        if condition():
            return
        done.wait(0.01)
    raise AssertionError("the expected state never came")


def await_blocked(target, count):
    await_that(lambda: b"blocked_clients:%d\r" % count in target.control("INFO", "clients"))


def next_message(listener):
    for _ in range(100):
        if message := listener.get_message(timeout=0.1):
            return message
    raise AssertionError("no message came")
