#!/usr/bin/python3
"""How long nobody is served while the server is busy with something large: a checkpoint, a trim, ageing, freeing.

By default small and judged by counts only: the work is done, its result is right, and it took many turns, not one. With
`--scale` it is a measurement: the longest turn (`leat_longest_turn_usec`), the processor time of one
(`leat_longest_turn_cpu_usec`), what a client that pings all the time saw, and the same for redis-server with `--redis`.
A turn also lasts while the system runs others, and while a hypervisor runs nobody here: with `--prefer`, as root, the
former comes last (nice -20); the latter is in no processor time. `--limit-ms` makes a turn with more of that a failure.
"""

import dataclasses
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from leatlib import report  # noqa: E402
from leatlib.resp import RespError, encode  # noqa: E402
from leatlib.server import Server  # noqa: E402

BATCH = 2000
WAIT_S = 600
REAPED_PER_TURN = 1000  # At most; the server frees less.
PENDING_SWEPT_PER_TURN = 16_000  # At most, with those that are of others.


class Pinger:
    """Pings without a pause beside what is measured; `longest_ms` is the longest wait for an answer."""

    def __init__(self, server):
        self.longest_ms = 0.0
        self._client = server.client(timeout=60)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._over.is_set():
            begin = time.perf_counter()
            self._client.call("PING")
            self.longest_ms = max(self.longest_ms, 1000 * (time.perf_counter() - begin))
            time.sleep(0.0005)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._over.set()
        self._thread.join()
        self._client.close()


@dataclasses.dataclass
class Stall:
    turns: int
    turn_ms: float  # This and the next one of Leat; redis-server does not tell.
    cpu_ms: float
    ping_ms: float


def check(condition, why):
    if not condition:
        raise AssertionError(why)


def fill(client, requests):
    """Sends the encoded requests in batches; every reply is read, and none may be an error."""
    pending = []

    def flush():
        client.send_raw(b"".join(pending))
        for _ in pending:
            reply = client.read()
            check(not isinstance(reply, RespError), reply)
        pending.clear()

    for request in requests:
        pending.append(request)
        if len(pending) == BATCH:
            flush()
    flush()


def wait_until(condition, what):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        check(time.monotonic() < deadline, f"{what}: not within {WAIT_S} s")
        time.sleep(0.01)


def sets(key, members):
    for first in range(0, members, 100):
        yield encode("SADD", key, *(f"member:{i:012}" for i in range(first, min(first + 100, members))))


def entries(key, count):
    return (encode("XADD", key, f"{i + 1}-0", "item", f"{i:08}", "price", f"{i % 997}") for i in range(count))


class Measured:
    """A server, one of its kinds, and what is measured on it."""

    def __init__(self, server, is_leat):
        self.server = server
        self.is_leat = is_leat
        self.client = server.client(timeout=WAIT_S)

    def stall(self, work):
        """Runs `work` while somebody pings."""
        self.client.call("CONFIG", "RESETSTAT")
        with Pinger(self.server) as pinger:
            work()
        if not self.is_leat:
            return Stall(0, 0.0, 0.0, pinger.longest_ms)
        stats = self.client.info("stats")
        turn_ms, cpu_ms = (int(stats[f"leat_longest_turn_{name}"]) / 1000 for name in ("usec", "cpu_usec"))
        return Stall(int(stats["eventloop_cycles"]), turn_ms, cpu_ms, pinger.longest_ms)

    def freed(self, keys=0):
        """What was dropped is gone from memory as well."""
        if self.is_leat:
            wait_until(lambda: self.client.info("memory")["lazyfree_pending_objects"] == "0", "freeing")
        check(self.client.call("DBSIZE") == keys, "keys are left")

    def freeing_a_set(self, scale):
        fill(self.client, sets("large", 50_000 * scale))

        def work():
            check(self.client.call("UNLINK", "large") == 1, "UNLINK")
            self.freed()

        return self.stall(work), 50_000 * scale // REAPED_PER_TURN

    def flushing_keys(self, scale):
        fill(self.client, (encode("SET", f"key:{i}", "value") for i in range(20_000 * scale)))

        def work():
            check(self.client.call("FLUSHALL") == "OK", "FLUSHALL")
            self.freed()

        return self.stall(work), 20_000 * scale // REAPED_PER_TURN

    def trimming(self, scale):
        fill(self.client, entries("s", 100_000 * scale))

        def work():
            check(self.client.call("XTRIM", "s", "MAXLEN", "0") == 100_000 * scale, "XTRIM")
            check(self.client.call("XLEN", "s") == 0, "XLEN")

        stall = self.stall(work)
        self.client.call("DEL", "s")
        return stall, 1

    def ageing(self, scale):
        if not self.is_leat:
            return None, 0
        fill(self.client, entries("s", 100_000 * scale))

        def work():
            # The ids are of 1970.
            check(self.client.call("XCFGSET", "s", "MAXAGE", "1h") == "OK", "XCFGSET")
            wait_until(lambda: self.client.call("XLEN", "s") == 0, "ageing")

        stall = self.stall(work)
        self.client.call("DEL", "s")
        return stall, 1

    def deleting_a_consumer(self, scale):
        """What is pending to it lies among what is pending to another one."""
        count = 20_000 * scale
        fill(self.client, entries("s", count))
        self.client.call("XGROUP", "CREATE", "s", "g", "0")
        fill(self.client, (encode("XREADGROUP", "GROUP", "g", f"c{i % 2}", "COUNT", "10", "STREAMS", "s", ">") for i in range(count // 10)))

        def work():
            check(self.client.call("XGROUP", "DELCONSUMER", "s", "g", "c0") == count // 2, "DELCONSUMER")
            check(self.client.call("XPENDING", "s", "g")[:2] == [count // 2, b"11-0"], "XPENDING")
            self.freed(keys=1)
            check(self.client.call("XPENDING", "s", "g")[0] == count // 2, "XPENDING when it is swept")

        stall = self.stall(work)
        self.client.call("DEL", "s")
        return stall, count // PENDING_SWEPT_PER_TURN

    def saving(self, scale):
        count = 10_000 * scale
        fill(self.client, (encode("SET", f"key:{i}", "v" * 200) for i in range(count)))
        fill(self.client, (encode("HSET", f"hash:{i % 97}", f"field:{i}", "v" * 100) for i in range(count)))
        fill(self.client, entries("s", count))
        self.client.call("XGROUP", "CREATE", "s", "g", "0")
        fill(self.client, (encode("XREADGROUP", "GROUP", "g", f"c{i % 8}", "COUNT", "100", "STREAMS", "s", ">") for i in range(count // 100)))

        def work():
            reply = self.client.call("BGSAVE")
            check(not isinstance(reply, RespError), reply)
            # Meanwhile what is being written down changes.
            for i in range(count // 100):
                self.client.call("SET", f"key:{i * 7 % count}", "changed")
                self.client.call("HSET", f"hash:{i % 97}", f"field:{i}", "changed")
                self.client.call("XACK", "s", "g", f"{i * 3 % count + 1}-0")
            wait_until(lambda: self.client.info("persistence")["rdb_bgsave_in_progress"] == "0", "BGSAVE")
            check(self.client.info("persistence")["rdb_last_bgsave_status"] == "ok", "BGSAVE failed")

        stall = self.stall(work)
        self.client.call("FLUSHALL")
        self.freed()
        return stall, count // 500


CASES = (
    ("freeing a large set", Measured.freeing_a_set),
    ("flushing many keys", Measured.flushing_keys),
    ("trimming a long stream", Measured.trimming),
    ("ageing out a long stream", Measured.ageing),
    ("deleting a consumer", Measured.deleting_a_consumer),
    ("making a checkpoint", Measured.saving),
)


def measure(results, case, measured, options):
    name, run = case
    try:
        stall, least_turns = run(measured, options.scale)
        if stall is None:
            return
        turn = f"longest turn {stall.turn_ms:.2f} ms of {stall.turns}, most processor time {stall.cpu_ms:.2f} ms, " if measured.is_leat else ""
        print(f"# {name} ({'leat' if measured.is_leat else 'redis'}): {turn}longest ping {stall.ping_ms:.2f} ms", flush=True)
        if not measured.is_leat:
            return
        check(stall.turns >= least_turns, f"{stall.turns} turns, at least {least_turns} were due")
        check(not options.limit_ms or stall.cpu_ms <= options.limit_ms, f"a turn with {stall.cpu_ms:.2f} ms of processor time")
    except (AssertionError, OSError) as wrong:
        return results.fail(name, wrong)
    results.ok(name)


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--scale", type=int, default=1, metavar="N", help="multiplies the amount of data (100: 5 M members, 10 M entries)")
    parser.add_argument("--limit-ms", type=float, default=0, metavar="MS", help="a turn with more processor time is a failure")
    parser.add_argument("--redis", action="store_true", help="redis-server beside it")
    parser.add_argument("--prefer", action="store_true", help="the server runs with nice -20")
    options = parser.parse_args()
    prefix = ("nice", "-n", "-20") if options.prefer else ()
    results = report.Report(options.only)
    chosen = [case for case in CASES if results.selected(case[0])]
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        directory = pathlib.Path(folder) / "leat"
        with Server.leat(options.leat, directory, prefix=prefix, appendfsync="no", checkpoint_log_size="0") as server:
            for case in chosen:
                measure(results, case, Measured(server, True), options)
        if options.redis:
            with Server.redis(pathlib.Path(folder) / "redis", prefix=prefix) as server:
                for case in chosen:
                    measure(results, case, Measured(server, False), options)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
