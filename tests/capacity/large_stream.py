"""A stream that is much larger than the memory of its server: appended to at a fixed rate, and replayed from its first entry meanwhile."""

import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import pathlib
import shutil
import tempfile
import time

import events as retail
import traffic
from leatlib.resp import RespError
from leatlib.server import Server
from memory_group import MemoryGroup

RATE = 0.3  # Of the most that an empty server takes.
MEASURED_S = 3  # How long an empty server is measured for its rate, and for its latency.
WARM_UP = 20_000
FULL_SPEED = 6  # How many times the memory producers append that nobody paces.
REPLAY_FROM = 0.25  # Part of the entries that are there when the replay begins.
LATE_MAX_S = 2.0  # By which the last reply may come after the last event was due.
LOOK_S = 0.2
READY_S = 120
MEGABYTE = 1 << 20


@dataclasses.dataclass
class Sizes:
    wire_bytes: int
    memory: int
    appendfsync: str
    directory: str


class Failed(Exception):
    pass


def check(condition, why):
    if not condition:
        raise Failed(why)


def say(text):
    print(f"# {text}", flush=True)


@dataclasses.dataclass
class Machine:
    """One server in a group of its own."""

    server: Server
    group: MemoryGroup
    anonymous: int = 0  # The most that was seen.

    def look(self):
        check(self.server.process.poll() is None, f"the server ended with {self.server.process.returncode}: {self.ended()}")
        check(self.group.kills() == 0, "the limit of memory has killed")
        self.anonymous = max(self.anonymous, self.group.anonymous())

    def ended(self):
        return f"{self.group.kills()} killed by the limit\n{self.server.log_text()[-2000:]}"


@contextlib.contextmanager
def machine(leat, sizes, **directives):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="leat-capacity-", dir=sizes.directory))
    try:
        with MemoryGroup(sizes.memory) as group:
            options = {"appendfsync": sizes.appendfsync, **directives}
            with Server.leat(leat, directory, prefix=group.prefix(), ready_seconds=READY_S, **options) as server:
                yield Machine(server, group)
    finally:
        shutil.rmtree(directory)


def the_cache_follows_the_limit(leat, sizes):
    """Unless told otherwise, streams keep a quarter of what the server may use, and the limit of its group is that."""
    with machine(leat, sizes) as one:
        if not one.group.shows_itself(one.server.process.pid):
            return "the path of the group is hidden from its processes"
        with one.server.client() as client:
            limit = int(client.info("memory")["total_system_memory"])
            check(limit == sizes.memory, f"total_system_memory is {limit}, the limit {sizes.memory}")
            cache = int(client.info("frames")["leat_frame_cache_limit"])
            check(cache <= sizes.memory / 4, f"opened frames may take {cache} bytes, the limit is {sizes.memory}")
    return None


def stream_larger_than_memory(leat, sizes):
    events = retail.Events()
    cache = {"stream_cache_size": sizes.memory // 4}
    # Forked before there are connections; they end with the servers that they talk to.
    with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as workers:
        with machine(leat, sizes, **cache) as one:
            rate = RATE * highest_rate(workers, one, events)
        with machine(leat, sizes, **cache) as one:
            empty = run(one, workers.submit(traffic.append, one.server.port, events, traffic.Plan(round(MEASURED_S * rate), rate)))
        with machine(leat, sizes, **cache) as one:
            hold(workers, one, events, sizes, rate, empty)


def producers_at_full_speed(leat, sizes):
    """Nobody paces them, and nothing waits for the disk: they are held back before what is not sealed yet fills the memory."""
    events = retail.Events()
    directives = {"stream_cache_size": sizes.memory // 4, "appendfsync": "no"}
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as workers, machine(leat, sizes, **directives) as one:
        plan = traffic.Plan(FULL_SPEED * sizes.memory // len(events.requests(0, 0, 1)))
        outcome = run(one, workers.submit(traffic.append, one.server.port, events, plan))
        with one.server.client(timeout=traffic.PATIENCE_S) as client:
            check(client.call("XLEN", retail.KEY) == plan.entries, "XLEN")
        one.look()
        say(f"{outcome.served / outcome.seconds:,.0f} XADD/s, appendfsync no, anonymous memory {one.anonymous / MEGABYTE:.0f} MB at most")


def highest_rate(workers, one, events):
    """Events a second."""
    run(one, workers.submit(traffic.append, one.server.port, events, traffic.Plan(WARM_UP)))
    entries = WARM_UP
    while True:
        outcome = run(one, workers.submit(traffic.append, one.server.port, events, traffic.Plan(entries)))
        rate = outcome.served / outcome.seconds
        if outcome.seconds >= MEASURED_S / 2:
            say(f"an empty server takes {rate:,.0f} XADD/s at most")
            return rate
        entries = max(2 * entries, round(rate * MEASURED_S))


def run(one, *jobs):
    """Waits for all of them, while the server lives; returns the result of the first."""
    waiting = set(jobs)
    try:
        while waiting:
            done, waiting = concurrent.futures.wait(waiting, LOOK_S, concurrent.futures.FIRST_COMPLETED)
            for job in done:
                explained(one, job)
            one.look()
    except BaseException:
        one.server.kill()  # So that the others end as well.
        raise
    return jobs[0].result()


def explained(one, job):
    try:
        job.result()
    except Exception as error:
        with contextlib.suppress(Exception):
            one.server.process.wait(1)
        raise Failed(f"{error}\n{one.ended() if one.server.process.poll() is not None else ''}") from error


def hold(workers, one, events, sizes, rate, empty):
    size = len(events.requests(0, 0, traffic.BURST_MAX)) / traffic.BURST_MAX
    plan = traffic.Plan(round(sizes.wire_bytes / size), rate)
    say(f"{plan.entries:,} events of {size:.0f} bytes at {rate:,.0f}/s, appendfsync {sizes.appendfsync}, limit {sizes.memory // MEGABYTE} MB")
    with one.server.client(timeout=traffic.PATIENCE_S) as client:
        appending = workers.submit(traffic.append, one.server.port, events, plan)
        while not appending.done() and client.call("XLEN", retail.KEY) < REPLAY_FROM * plan.entries:
            one.look()
            time.sleep(LOOK_S)
        replaying = workers.submit(traffic.replay, one.server.port, events, plan)
        outcome = run(one, appending, replaying)
        tell(client, one, outcome, replaying.result(), empty)
        check_served(outcome, plan)
        check_stream(client, plan)
    one.server.kill()
    one.server.start()
    with one.server.client(timeout=traffic.PATIENCE_S) as client:
        check_stream(client, plan)
        one.look()


def tell(client, one, outcome, replayed, empty):
    for part in (0.5, 0.99, 0.999):
        before, now = 1000 * empty.percentile(part), 1000 * outcome.percentile(part)
        say(f"append p{100 * part:g}: {now:.2f} ms, on an empty server {before:.2f} ms, ratio {now / before:.2f}")
    say(f"appended {outcome.wire_bytes / MEGABYTE:,.0f} MB in {outcome.seconds:.1f} s, the last reply {outcome.late_s:.2f} s after the last was due; "
        f"replayed {replayed.entries:,} entries in {replayed.seconds:.1f} s, {replayed.entries / replayed.seconds:,.0f}/s")
    frames = client.info("frames")
    say(f"anonymous memory {one.anonymous / MEGABYTE:.0f} MB at most, used_memory {int(client.info('memory')['used_memory']) / MEGABYTE:.0f} MB; "
        f"{int(frames['leat_frame_live_bytes']) / outcome.served:.1f} bytes of frames per entry, "
        f"longest turn {int(client.info('stats')['leat_longest_turn_usec']) / 1000:.1f} ms, "
        f"frames read on the spot {frames['leat_cold_reads_blocking']}")


def check_served(outcome, plan):
    check(outcome.served == plan.entries, f"{outcome.served} of {plan.entries} XADD were served")
    check(outcome.late_s <= LATE_MAX_S, f"the last reply came {outcome.late_s:.2f} s after the last event was due")


def check_stream(client, plan):
    length = client.call("XLEN", retail.KEY)
    check(length == plan.entries, f"XLEN is {length}, {plan.entries} were appended")
    flat = client.call("XINFO", "GROUPS", retail.KEY)[0]
    facts = dict(zip(flat[::2], flat[1::2]))
    wanted = {b"pending": 0, b"entries-read": plan.entries, b"lag": 0}
    found = {name: facts[name] for name in wanted}
    check(found == wanted, f"the group has {found}")
    for command in ("XRANGE", "-", "+"), ("XREVRANGE", "+", "-"):
        entries = client.call(command[0], retail.KEY, *command[1:], "COUNT", "1")
        check(not isinstance(entries, RespError) and len(entries[0][1]) == retail.PARTS, f"{command[0]}: {entries}")
