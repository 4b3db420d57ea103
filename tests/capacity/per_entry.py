"""What one more retail event costs: the slope of memory between two lengths of a stream, Leat beside redis-server."""

import dataclasses
import tempfile
import time

import events as retail
import traffic
from large_stream import check, say
from leatlib.server import Server

SMALL_CACHE = 4 << 20
FULL_CACHE_BAR = 1 / 8  # Of redis-server's bytes per entry, for a stream whose cache is full.
SEALED_BAR = 1 / 4  # The same, and the copy of its frames that the system keeps in memory.
RATE = 60_000  # Events a second: at full speed what is not sealed yet would stand in memory for a while.
SETTLE_S = 14  # Freed pages go back to the system some ten seconds later.


@dataclasses.dataclass
class Usage:
    """Bytes; of two servers' states the difference, divided by the entries between them."""

    resident: float
    used: float
    frames: float = 0.0
    hot: float = 0.0  # Of the stream, in wire form.

    def slope(self, before, entries):
        return Usage(*(((now - then) / entries) for now, then in zip(dataclasses.astuple(self), dataclasses.astuple(before))))


def usage(server, client, is_leat, seals):
    time.sleep(SETTLE_S if seals else 1)
    found = Usage(server.memory("VmRSS"), int(client.info("memory")["used_memory"]))
    if is_leat:
        frames = client.info("frames")
        found.frames, found.hot = int(frames["leat_frame_live_bytes"]), int(frames["leat_hot_bytes"])
    return found


def measure(start, counts, is_leat=True, seals=False):
    """Appends up to each of the two counts; what an entry between them takes."""
    events, seen = retail.Events(), []
    with tempfile.TemporaryDirectory(prefix="leat-capacity-", dir="/var/tmp") as directory, start(directory) as server:
        with server.client(timeout=traffic.PATIENCE_S) as client:
            have = 0
            for count in counts:
                traffic.append(server.port, events, traffic.Plan(count - have, RATE, producers=1, first=have))
                have = count
                check(client.call("XLEN", retail.KEY) == count, "XLEN")
                seen.append(usage(server, client, is_leat, seals))
    return seen[1].slope(seen[0], counts[1] - counts[0])


def memory_per_entry(leat, counts):
    def with_cache(size):
        return lambda directory: Server.leat(leat, directory, appendfsync="no", stream_cache_size=size)

    redis = measure(lambda directory: Server.redis(directory, appendonly="no"), counts, is_leat=False)
    full = measure(with_cache(SMALL_CACHE), counts, seals=True)
    everything = measure(with_cache(counts[1] * 2000), counts)
    tell("redis-server", redis, redis)
    tell("leat, its cache full", full, redis)
    tell("leat, nothing sealed", everything, redis)
    sealed = dataclasses.replace(full, resident=full.resident + full.frames)
    say(f"leat, its cache full, with all frames in the system's cache: resident {sealed.resident:.1f}, ratio {sealed.resident / redis.resident:.3f}")
    for what, found, bar in ("RSS, cache full", full.resident / redis.resident, FULL_CACHE_BAR), (
            "used_memory, cache full", full.used / redis.used, FULL_CACHE_BAR), (
            "all sealed and in the system's cache", sealed.resident / redis.resident, SEALED_BAR):
        check(found <= bar, f"{what}: {found:.3f} of redis-server's bytes per entry, the bar is {bar}")


def tell(name, found, redis):
    disk = f", on disk {found.frames:.1f}" if found.frames else ""
    say(f"{name}: bytes per entry resident {found.resident:.1f}, used_memory {found.used:.1f}{disk}; "
        f"ratios {found.resident / redis.resident:.3f} and {found.used / redis.used:.3f}")
