"""Who appends and who reads: raw sockets, pipelines, bytes that are compared and not parsed, because the load generator has a core
of its own at best and must be several times as fast as what it measures."""

import collections
import dataclasses
import random
import select
import socket
import time

import events as retail
from leatlib.resp import Client, RespError, encode

TICK_S = 0.001  # At each one producer appends a burst.
BURST_MAX = 250  # Events; larger requests cost the generator ten times as much for each of them.
RECEIVED_MAX = 1 << 16
WINDOW = 1000  # Events of a producer that may be unanswered when there is no rate.
PATIENCE_S = 60  # A server that answers nothing for so long has failed.

GROUP = b"replay"
MARK = b"$4\r\nmark\r\n"
ECHO_MARK = b"*2\r\n$4\r\nECHO\r\n" + MARK
COUNTS = (100, 1000)


class Refused(Exception):
    """The server answered something else than it should."""


@dataclasses.dataclass(frozen=True)
class Plan:
    entries: int
    rate: float = 0  # Events a second; 0: as fast as they are answered.
    producers: int = 4
    first: int = 0  # With which of its events each producer begins.


@dataclasses.dataclass
class Outcome:
    served: int = 0
    seconds: float = 0.0  # First request to last reply.
    late_s: float = 0.0  # By which the last reply came after the last event was due.
    wire_bytes: int = 0
    latencies: list = dataclasses.field(default_factory=list)  # (seconds from due to answered, events)

    def percentile(self, part):
        """Seconds that this part of the events took at most."""
        left = part * sum(count for _, count in self.latencies)
        for seconds, count in sorted(self.latencies):
            left -= count
            if left <= 0:
                return seconds
        return 0.0


class _Producer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.made = 0  # Events, so far.
        self.unanswered = 0
        self.unsent = b""
        self._bursts = collections.deque()  # [due, events that are unanswered, events]
        self._line = b""

    def fileno(self):
        return self.socket.fileno()

    def offer(self, request, count, due):
        self.made += count
        self.unanswered += count
        self._bursts.append([due, count, count])
        self.unsent += request
        self.flush()

    def flush(self):
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent) :]
        except BlockingIOError:
            pass

    def receive(self, latencies):
        """Takes the replies that are here; returns how many."""
        received = self.socket.recv(RECEIVED_MAX)
        if not received:
            raise Refused("the server closed the connection of a producer")
        text = self._line + received
        end = text.rfind(b"\n") + 1
        lines, self._line = text[:end], text[end:]
        if lines.startswith(b"-") or b"\n-" in lines:
            raise Refused("XADD: " + next(line for line in lines.split(b"\r\n") if line.startswith(b"-")).decode())
        answered, now = lines.count(b"$"), time.monotonic()
        self.unanswered -= answered
        left = answered
        while left > 0:
            burst = self._bursts[0]
            taken = min(left, burst[1])
            burst[1] -= taken
            left -= taken
            if burst[1] == 0:
                latencies.append((now - burst[0], burst[2]))
                self._bursts.popleft()
        return answered


def append(port, events, plan):
    """Appends what the plan says. A refused XADD ends it. An event that is sent late counts from when it was due."""
    return _Appending(port, events, plan).run()


class _Appending:
    def __init__(self, port, events, plan):
        self._events, self._plan = events, plan
        self._producers = [_Producer(port) for _ in range(plan.producers)]
        self._burst = min(BURST_MAX, max(1, round(plan.rate * TICK_S) if plan.rate else BURST_MAX))
        self._interval = self._burst / plan.rate if plan.rate else 0.0
        self._offered = self._bursts = 0
        self._outcome = Outcome()

    def run(self):
        outcome, entries = self._outcome, self._plan.entries
        self._begin = answered_at = time.monotonic()
        while outcome.served < entries:
            self._offer_due(time.monotonic())
            answered = self._exchange(self._wait_s(time.monotonic()))
            outcome.served += answered
            now = time.monotonic()
            answered_at = now if answered or outcome.served == self._offered else answered_at
            if now > answered_at + PATIENCE_S:
                raise Refused(f"no reply for {PATIENCE_S} s after {outcome.served} events")
        outcome.seconds = time.monotonic() - self._begin
        outcome.late_s = outcome.seconds - (self._bursts - 1) * self._interval
        for producer in self._producers:
            producer.socket.close()
        return outcome

    def _offer_due(self, now):
        while self._offered < self._plan.entries:
            number = self._bursts % len(self._producers)
            producer, due = self._producers[number], self._begin + self._bursts * self._interval
            if due > now or (not self._plan.rate and producer.unanswered >= WINDOW):
                return
            count = min(self._burst, self._plan.entries - self._offered)
            request = self._events.requests(number, self._plan.first + producer.made, count)
            producer.offer(request, count, due if self._plan.rate else now)
            self._offered += count
            self._bursts += 1
            self._outcome.wire_bytes += len(request)

    def _wait_s(self, now):
        if self._offered == self._plan.entries or not self._plan.rate:
            return 1.0
        return max(0.0, self._begin + self._bursts * self._interval - now)

    def _exchange(self, wait_s):
        unsent = [producer for producer in self._producers if producer.unsent]
        readable, writable, _ = select.select(self._producers, unsent, [], wait_s)
        for producer in writable:
            producer.flush()
        return sum(producer.receive(self._outcome.latencies) for producer in readable)


@dataclasses.dataclass
class Replayed:
    entries: int = 0
    seconds: float = 0.0


def replay(port, events, plan):
    """A group reads all that the plan appends, from the first entry on, and acknowledges it. Whatever is not there exactly once,
    in order and with its own fields, raises Refused."""
    return _Replay(port, events, plan).run()


class _Replay:
    def __init__(self, port, events, plan):
        self._client = Client(port, timeout=PATIENCE_S)
        self._socket = self._client.socket
        self._entries = plan.entries
        self._expected = [_fields_of(events, producer, plan.first) for producer in range(plan.producers)]
        self._seen = 0
        self._last = (0, 0)
        self._random = random.Random(1)

    def run(self):
        created = self._client.call("XGROUP", "CREATE", retail.KEY, GROUP, "0")
        if isinstance(created, RespError):
            raise Refused(f"XGROUP CREATE: {created}")
        begin = time.monotonic()
        ids = []
        self._ask(ids)
        while ids or self._seen < self._entries:
            entries = self._answer(len(ids))
            ids = [entry[0] for entry in entries]
            if ids or self._seen < self._entries:
                self._ask(ids)
            # Meanwhile the server goes on.
            self._check(entries)
        self._client.close()
        return Replayed(self._seen, time.monotonic() - begin)

    def _ask(self, ids):
        """Acknowledges `ids` (bulk strings but for their `$`) and reads on."""
        acknowledge = b""
        if ids:
            head = b"*%d\r\n$4\r\nXACK\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n$" % (3 + len(ids), len(retail.KEY), retail.KEY, len(GROUP), GROUP)
            acknowledge = head + b"\r\n$".join(ids) + b"\r\n"
        count = self._random.randint(*COUNTS)
        read = encode("XREADGROUP", "GROUP", GROUP, "c", "COUNT", count, "BLOCK", 1000, "STREAMS", retail.KEY, ">")
        self._socket.sendall(acknowledge + read + ECHO_MARK)

    def _answer(self, acknowledged):
        """The entries of the reply, each (id, _, fields); none when there was nothing to read."""
        chunks, tail = [], b""
        while tail != MARK:
            chunk = self._socket.recv(RECEIVED_MAX)
            if not chunk:
                raise Refused("the server closed the connection of the reader")
            chunks.append(chunk)
            tail = (tail + chunk[-len(MARK) :])[-len(MARK) :]
        reply = b"".join(chunks)[: -len(MARK)]
        if acknowledged:
            number, _, reply = reply.partition(b"\r\n")
            if number != b":%d" % acknowledged:
                raise Refused(f"XACK of {acknowledged} entries: {number.decode()}")
        if reply == b"*-1\r\n":
            return []
        head, *entries = reply.removeprefix(b"*1\r\n" + retail.ENTRY).split(retail.ENTRY)
        if head != b"%d\r\n%s\r\n*%d\r\n" % (len(retail.KEY), retail.KEY, len(entries)):
            raise Refused(f"XREADGROUP: {reply[:200]!r}")
        return [entry.partition(retail.FIELDS) for entry in entries]

    def _check(self, entries):
        for text, _, fields in entries:
            ms, _, seq = text[text.index(b"\n") + 1 :].partition(b"-")
            id_ = (int(ms), int(seq))
            if id_ <= self._last:
                raise Refused(f"entry {id_} came after {self._last}")
            self._last = id_
            wanted = next(self._expected[retail.producer_of(fields)])
            if fields != wanted:
                raise Refused(f"entry {id_} is {fields!r} instead of {wanted!r}")
        self._seen += len(entries)


def _fields_of(events, producer, first):
    while True:
        yield from events.fields(producer, first, BURST_MAX)
        first += BURST_MAX
