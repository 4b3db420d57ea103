"""Judges a restarted server by what its clients were answered before the fault.

check(before, history, after, rules) compares the state that the server held at the start of the load phase, every
operation of that phase and the state after the restart. The server assigns totally ordered ids and every payload is
unique, so one pass over the operations and the state decides everything; no search is needed.

Two kinds of finding:
  violation  must never happen: something invented, reordered, half a transaction, contradictory answers, the loss of
             what had survived an earlier restart, a hole (a lost operation that was answered before a surviving one began).
  loss       an acknowledged effect is gone. A violation when `rules.strict`; otherwise counted, that is what
             `appendfsync everysec` and `no` allow after a power loss.
Operations without an answer may or may not have happened.
"""

import collections
import dataclasses

import check_groups
import check_private
import check_streams
import workload
from history import NEVER, id_text
from snapshot import GroupView, StreamView

VIOLATIONS_KEPT = 30


@dataclasses.dataclass(frozen=True)
class Rules:
    strict: bool = True                       # acknowledged means kept
    exact_lag: bool = True                    # entries-read and lag are known and right, lag after deletions too
    empty_read_creates_consumer: bool = True  # XREADGROUP creates its consumer even when it delivers nothing
    history_read_counts: bool = True          # a history read's delivery count survives a restart

    @classmethod
    def redis(cls, strict=True):
        """What redis-server 7.0 does not promise is not asked of it: its log does not carry entries-read, consumers of
        empty reads and the counts of history reads."""
        return cls(strict, exact_lag=False, empty_read_creates_consumer=False, history_read_counts=False)


class Verdict:
    """Collects the findings of one check."""

    def __init__(self, rules):
        self.rules = rules
        self.violations = []
        self.violation_count = 0
        self.lost = collections.Counter()       # kind of operation -> acknowledged ones that are gone
        self.lost_operations = {}               # id() -> operation
        self._latest_survivor = (0, None)       # by invocation
        self._earliest_lost = (NEVER, None)     # by acknowledgement

    def violation(self, rule, text):
        self.violation_count += 1
        if len(self.violations) < VIOLATIONS_KEPT:
            self.violations.append(f"{rule}: {text}")

    def loss(self, rule, operation, text):
        """An acknowledged effect of `operation` is gone."""
        if self.rules.strict:
            self.violation(rule, text)
        whole = operation.whole
        if id(whole) not in self.lost_operations:
            self.lost_operations[id(whole)] = whole
            self.lost[whole.kind] += 1
        self._earliest_lost = min(self._earliest_lost, (operation.acked, operation), key=lambda pair: pair[0])

    def survival(self, operation):
        if operation.invoked > self._latest_survivor[0]:
            self._latest_survivor = (operation.invoked, operation)

    def check_prefix(self):
        """What survived is a prefix of what was executed: nothing answered before the latest survivor began is lost."""
        (acked, lost), (invoked, survivor) = self._earliest_lost, self._latest_survivor
        if acked < invoked:
            self.violation("L4", f"a hole: {lost} is lost, answered at event {acked}; {survivor}, begun at event {invoked}, survived")

    @property
    def lost_count(self):
        return sum(self.lost.values())

    def lost_seconds(self, history):
        """How far before the fault the earliest lost operation had been acknowledged."""
        acked_at = [operation.acked_at for operation in self.lost_operations.values() if operation.acked_at]
        return max(0.0, history.struck_at - min(acked_at)) if acked_at and history.struck_at else 0.0


def check(before, history, after, rules=Rules()):
    """The verdict over `after`, given what was there `before` and what the clients did in between."""
    verdict = Verdict(rules)
    by_stream, private = _sort_operations(history)
    for key in sorted(set(before.streams) | set(by_stream) | set(after.streams)):
        operations = by_stream.get(key, collections.defaultdict(list))
        old, new = before.streams.get(key), after.streams.get(key)
        if new is None:
            _missing_stream(verdict, key, old, operations)
            continue
        if old is None and not operations:
            verdict.violation("L2", f"stream {key.decode()} was never created")
        facts = check_streams.check(verdict, key, old or StreamView(), operations, new)
        check_groups.check_all(verdict, key, old or StreamView(), operations, new, facts)
    _check_transactions(verdict, after)
    _check_mover(verdict, after)
    check_private.check_all(verdict, before, private, after)
    verdict.check_prefix()
    return verdict


def _sort_operations(history):
    """Operations on shared streams by stream and kind, with the parts of transactions; private ones by namespace."""
    by_stream = collections.defaultdict(lambda: collections.defaultdict(list))
    private = collections.defaultdict(list)
    for operation in history.operations:
        if operation.kind == "private":
            private[operation.key].append(operation)
        for each in operation.parts or (operation,):
            if each.kind not in ("private", "select", "hset", "sadd", "incr", "exec", "xlen"):
                by_stream[each.key][each.kind].append(each)
    return by_stream, private


def _missing_stream(verdict, key, old, operations):
    if old is not None:
        verdict.violation("L1", f"stream {key.decode()} had {len(old.entries)} entries and is gone")
    for group in operations.values():
        for operation in group:
            if operation.is_acked:
                verdict.loss("L1", operation, f"stream {key.decode()} is gone after {operation}")


def _check_transactions(verdict, after):
    """Every token stands in all of the places that its transaction wrote, or in none."""
    places = {}
    for key in (workload.TX_IN, workload.TX_TWIN):
        stream = after.streams.get(key)
        places[key] = {fields[1] for _, fields in stream.entries} if stream else set()
    places[workload.TX_HASH] = set(after.value(workload.TX_HASH, {}))
    places[workload.TX_SET] = set(after.value(workload.TX_SET, ()))
    everywhere = set.intersection(*places.values())
    for key, tokens in places.items():
        for token in sorted(tokens - everywhere)[:5]:
            absent = [other.decode() for other, present in places.items() if token not in present]
            verdict.violation("EXEC", f"half a transaction: {token.decode()} is in {key.decode()} but not in {', '.join(absent)}")
    count = int(after.value(workload.TX_COUNT, b"0"))
    if count != len(everywhere):
        verdict.violation("EXEC", f"half a transaction: {workload.TX_COUNT.decode()} is {count}, {len(everywhere)} tokens are complete")


def _check_mover(verdict, after):
    """An entry that was delivered is either still pending or has its result, never both and never neither."""
    source = after.streams.get(workload.TX_IN, StreamView())
    group = source.groups.get(workload.MOVERS, GroupView())
    pending = {each for each, _, _ in group.pending}
    results = [fields[3].decode() for _, fields in after.streams.get(workload.TX_OUT, StreamView()).entries if len(fields) > 3]
    moved = set(results)
    if len(moved) != len(results):
        verdict.violation("EXEC", f"{len(results) - len(moved)} entries of tx:in were moved twice")
    for entry_id, _ in source.entries:
        if entry_id > group.last_delivered:
            break
        if (entry_id in pending) == (id_text(entry_id) in moved):
            state = "pending and moved" if entry_id in pending else "neither pending nor moved"
            verdict.violation("EXEC", f"half a transaction: entry {id_text(entry_id)} of tx:in is {state}")
