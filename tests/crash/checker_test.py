#!/usr/bin/python3
"""Does the checker bite? A consistent scene is reported clean; each planted violation of it must be named.

The scene is what a correct server would show after the load phase in `_Scene`: three consumers of one group, removals,
a transaction, an XADD and an XREADGROUP without an answer, private keys. Run directly or by run.py.
"""

import copy
import unittest

import workload
from checker import Rules, check
from history import History, id_text
from private_model import PrivateModel
from snapshot import SAMPLE, GroupView, Snapshot, StreamView
from workload import CUT, LOGS, MOVERS, TX_COUNT, TX_HASH, TX_IN, TX_OUT, TX_SET, TX_TWIN

LOG, GROUP = LOGS[0], b"billing"
SPACE = b"own:a:"


def at(number):
    """The stream id number-0."""
    return number << 64


def fields(number):
    return (b"p", b"t.prod-%d" % number, b"h", b"x" * number)


def reply_entries(numbers):
    return [[id_text(at(number)).encode(), list(fields(number))] for number in numbers]


class _Scene:
    """Entries 1 to 3 and deliveries of 1 and 2 are from `before`; 4 to 9 are added in the load phase, 9 without an answer."""

    def __init__(self):
        self.history = History()
        self.before = Snapshot(values={0: {}, 9: {}})
        self.after = Snapshot(values={0: {}, 9: {}})
        self._log()
        self._cut()
        self._transactions()
        self._private()
        self.before = copy.deepcopy(self.before)
        for stream in (*self.before.streams.values(), *self.after.streams.values()):
            settle(stream)

    def do(self, operation, reply=None, answered=True):
        self.history.invoke(operation, "test")
        if answered:
            self.history.answer(operation, reply)
        return operation

    def _log(self):
        old_group = GroupView(last_delivered=at(2), pending=[(at(2), b"c1", 1)], consumers={b"c1": None})
        entries = [(at(number), fields(number)) for number in (1, 2, 3)]
        self.before.streams[LOG] = StreamView(entries=entries, last_id=at(3), entries_added=3, groups={GROUP: old_group})
        for number in (4, 5, 6, 7, 8):
            self.do(workload.xadd(LOG, fields(number)), id_text(at(number)).encode())
        self.do(workload.xadd(LOG, fields(9)), answered=False)
        self.do(workload.xreadgroup(LOG, GROUP, b"c2", 3), [[LOG, reply_entries((3, 4, 5))]])
        self.do(workload.xack(LOG, GROUP, [at(3)]), 1)
        self.do(workload.xclaim(LOG, GROUP, b"c3", [at(4)], False), reply_entries((4,)))
        self.do(workload.xreadgroup(LOG, GROUP, b"c1", 1), answered=False)
        pending = [(at(2), b"c1", 1), (at(4), b"c3", 2), (at(5), b"c2", 1), (at(6), b"c1", 1)]
        group = GroupView(last_delivered=at(6), pending=pending, consumers={b"c1": None, b"c2": None, b"c3": None})
        entries = [(at(number), fields(number)) for number in range(1, 10)]
        self.after.streams[LOG] = StreamView(entries=entries, last_id=at(9), entries_added=9, groups={GROUP: group})

    def _cut(self):
        for number in (11, 12, 13, 14, 15):
            self.do(workload.xadd(CUT, fields(number)), id_text(at(number)).encode())
        self.do(workload.Operation("xdel", CUT, [at(13)], []), 1)
        self.do(workload.Operation("xtrim", CUT, ("MAXLEN", 3), []), 1)
        entries = [(at(number), fields(number)) for number in (12, 14, 15)]
        self.after.streams[CUT] = StreamView(entries=entries, last_id=at(15), entries_added=5, max_deleted=at(13))

    def _transactions(self):
        entry = (b"p", b"t.tx-1", b"h", b"")
        parts = (workload.xadd(TX_IN, entry), workload.Operation("hset", TX_HASH, b"t.tx-1", [()]),
                 workload.Operation("sadd", TX_SET, b"t.tx-1", [()]), workload.xadd(TX_TWIN, entry),
                 workload.Operation("incr", TX_COUNT, None, [()]))
        self.do(workload.Operation("group", TX_IN, (MOVERS,), []), b"OK")
        self.do(workload.Operation("exec", b"tx", b"t.tx-1", [], parts), [b"21-0", 1, 1, b"22-0", 1])
        self.do(workload.xreadgroup(TX_IN, MOVERS, b"mover", 1), [[TX_IN, [[b"21-0", list(entry)]]]])
        moved = (b"p", b"out-21-0", b"src", b"21-0")
        parts = (workload.xack(TX_IN, MOVERS, [at(21)]), workload.xadd(TX_OUT, moved))
        self.do(workload.Operation("exec", b"tx", None, [], parts), [1, b"23-0"])
        group = GroupView(last_delivered=at(21), consumers={b"mover": None})
        self.after.streams[TX_IN] = StreamView(entries=[(at(21), entry)], last_id=at(21), entries_added=1, groups={MOVERS: group})
        self.after.streams[TX_TWIN] = StreamView(entries=[(at(22), entry)], last_id=at(22), entries_added=1)
        self.after.streams[TX_OUT] = StreamView(entries=[(at(23), moved)], last_id=at(23), entries_added=1)
        self.after.values[0][TX_HASH] = (("hash", {b"t.tx-1": b"1"}), None)
        self.after.values[0][TX_SET] = (("set", frozenset([b"t.tx-1"])), None)
        self.after.values[0][TX_COUNT] = (("string", b"1"), None)

    def _private(self):
        model = PrivateModel()
        commands = [(b"SET", SPACE + b"v0", b"1"), (b"HSET", SPACE + b"h0", b"f", b"1"), (b"RENAME", SPACE + b"v0", SPACE + b"v1"),
                    (b"XADD", SPACE + b"s0", b"1-0", b"p", b"1"), (b"XGROUP", b"CREATE", SPACE + b"s0", b"g0", b"0"),
                    (b"PEXPIREAT", SPACE + b"h0", b"4102444800000")]
        for command in commands:
            model.apply(command)
            self.do(workload.private(SPACE, [command]), b"OK")
        pair = [(b"DEL", SPACE + b"v1"), (b"SET", SPACE + b"v2", b"1")]
        self.do(workload.private(SPACE, pair), answered=False)
        for key in model.keys:
            self.after.values[0][key] = model.canonical(key)

    def check(self, rules=Rules()):
        return check(self.before, self.history, self.after, rules)


def settle(stream):
    """Fills in what follows from the entries and the pending lists."""
    stream.full_entries = list(stream.entries)
    stream.newest = stream.entries[:-SAMPLE - 1:-1]
    stream.length = stream.xlen = len(stream.entries)
    stream.first_id = stream.entries[0][0] if stream.entries else 0
    for group in stream.groups.values():
        owners = {}
        for number, owner, count in group.pending:
            owners.setdefault(owner, []).append((number, count))
        group.consumers = {name: (len(owners.get(name, [])), owners.get(name, [])) for name in group.consumers}
        numbers = [number for number, _, _ in group.pending]
        counts = {owner: len(each) for owner, each in owners.items()}
        group.pel_count = len(numbers)
        group.xpending = (len(numbers), min(numbers, default=None), max(numbers, default=None), counts)
        read = sum(1 for number, _ in stream.entries if number <= group.last_delivered)
        group.entries_read, group.lag = read, len(stream.entries) - read


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.scene = _Scene()
        self.log = self.scene.after.streams[LOG]
        self.group = self.log.groups[GROUP]

    def assert_reported(self, rule, text, rules=Rules()):
        verdict = self.scene.check(rules)
        found = [each for each in verdict.violations if each.startswith(rule + ":") and text in each]
        self.assertTrue(found, f"no `{rule}: ... {text}` among {verdict.violations}")

    def plant_entries(self, key, entries):
        self.scene.after.streams[key].entries = entries
        settle(self.scene.after.streams[key])

    def plant_pending(self, pending):
        self.group.pending = pending
        settle(self.log)

    def test_consistent_scene_is_clean(self):
        self.assertEqual(self.scene.check().violations, [])

    def test_unanswered_operations_may_be_absent(self):
        self.log.entries = self.log.entries[:-1]
        self.log.last_id, self.log.entries_added = at(8), 8
        self.group.last_delivered = at(5)
        self.plant_pending(self.group.pending[:-1])
        self.assertEqual(self.scene.check().violations, [])

    def test_unanswered_transaction_may_have_happened(self):
        self.scene.after.values[0].pop(SPACE + b"v1")
        self.scene.after.values[0][SPACE + b"v2"] = (("string", b"1"), None)
        self.assertEqual(self.scene.check().violations, [])

    # Entries.

    def test_lost_entry(self):
        self.plant_entries(LOG, [each for each in self.log.entries if each[0] != at(7)])
        self.assert_reported("L1", "acknowledged entry 7-0")

    def test_lost_tail(self):
        self.log.last_id, self.log.entries_added = at(7), 7
        self.plant_entries(LOG, self.log.entries[:7])
        self.assert_reported("L1", "acknowledged entry 8-0")

    def test_lost_entry_of_an_earlier_run(self):
        self.plant_entries(LOG, self.log.entries[1:])
        self.assert_reported("L1", "1-0 survived an earlier restart")

    def test_lost_stream(self):
        del self.scene.after.streams[LOG]
        self.assert_reported("L1", "log:0 had 3 entries and is gone")

    def test_invented_entry(self):
        self.plant_entries(LOG, [*self.log.entries, (at(10), (b"p", b"t.prod-99", b"h", b""))])
        self.assert_reported("L2", "nobody sent it")

    def test_entry_with_other_content(self):
        self.log.entries[6] = (at(7), (b"p", b"t.prod-7", b"h", b"xxxxxxX"))
        self.plant_entries(LOG, self.log.entries)
        self.assert_reported("L2", "7-0 came back with other content")

    def test_entry_twice(self):
        self.plant_entries(LOG, [*self.log.entries, (at(10), fields(8))])
        self.assert_reported("L2", "its content belongs to another id")

    def test_refused_entry_is_there(self):
        refused = workload.xadd(LOG, fields(10))
        self.scene.history.invoke(refused, "test")
        self.scene.history.answer(refused, workload_error())
        self.plant_entries(LOG, [*self.log.entries, (at(10), fields(10))])
        self.assert_reported("L2", "answered with an error")

    def test_reordered_ids(self):
        entries = self.log.entries
        entries[4], entries[5] = entries[5], entries[4]
        self.plant_entries(LOG, entries)
        self.assert_reported("L3", "5-0 stands after 6-0")

    def test_ids_against_the_order_of_answers(self):
        adds = [each for each in self.scene.history.operations if each.kind == "xadd" and each.key == LOG]
        adds[0].reply, adds[1].reply = adds[1].reply, adds[0].reply
        self.log.entries[3:5] = [(at(4), fields(5)), (at(5), fields(4))]
        self.plant_entries(LOG, self.log.entries)
        self.assert_reported("L3", "t.prod-4 was answered before t.prod-5 was sent")
        self.assert_reported("L3", "of the same producer")

    def test_last_id_goes_back(self):
        self.log.last_id = at(8)
        self.assert_reported("L5", "last-generated-id 8-0 went back")

    def test_entries_added_goes_back(self):
        self.log.entries_added = 8
        self.assert_reported("L5", "entries-added is 8")

    def test_id_assigned_twice(self):
        self.scene.do(workload.xadd(LOG, fields(20)), b"3-0")
        self.assert_reported("L5", "3-0 was assigned twice")

    def test_max_deleted_goes_back(self):
        self.scene.after.streams[CUT].max_deleted = 0
        self.assert_reported("L5", "max-deleted-entry-id is 0-0")

    def test_deleted_entry_is_back(self):
        self.plant_entries(CUT, [(at(number), fields(number)) for number in (12, 13, 14, 15)])
        self.assert_reported("L1", "deleted entry 13-0 is back")

    def test_trim_is_undone(self):
        self.plant_entries(CUT, [(at(number), fields(number)) for number in (11, 12, 14, 15)])
        self.assert_reported("L1", "2 entries were removed, but only 1 are gone")

    def test_trimmed_too_much(self):
        self.plant_entries(CUT, [(at(number), fields(number)) for number in (14, 15)])
        self.assert_reported("L1", "3 entries are gone, at most 2 were removed")

    def test_readings_disagree(self):
        self.log.xlen = 8
        self.assert_reported("L6", "lengths disagree")

    # Groups.

    def test_resurrected_pending_entry(self):
        self.plant_pending([(at(2), b"c1", 1), (at(3), b"c2", 1), *self.group.pending[1:]])
        self.assert_reported("G3", "acknowledged entry 3-0 is pending again")

    def test_resurrected_pending_entry_of_an_earlier_run(self):
        self.plant_pending([(at(1), b"c1", 1), *self.group.pending])
        self.assert_reported("G3", "1-0 is pending again")

    def test_redelivered_after_acknowledgement(self):
        self.scene.do(workload.xhistory(LOG, GROUP, b"c2"), [[LOG, reply_entries((3, 5))]])
        self.assert_reported("G3", "3-0, which had been acknowledged")

    def test_lost_pending_entry(self):
        self.plant_pending([each for each in self.group.pending if each[0] != at(5)])
        self.assert_reported("G2", "pending entry 5-0 is lost")

    def test_skipped_entry(self):
        self.group.last_delivered = at(8)
        settle(self.log)
        self.assert_reported("G2", "handed to nobody")

    def test_double_owner(self):
        count, entries = self.group.consumers[b"c1"]
        self.group.consumers[b"c1"] = (count, [*entries, (at(4), 2)])
        self.assert_reported("G4", "4-0 has two owners")

    def test_claim_is_undone(self):
        self.plant_pending([(number, b"c2" if number == at(4) else owner, count) for number, owner, count in self.group.pending])
        self.assert_reported("G4", "4-0 belongs to c2, but was given to c3")

    def test_delivery_count_goes_back(self):
        self.plant_pending([(number, owner, 1) for number, owner, _ in self.group.pending])
        self.assert_reported("G4", "delivery count of 4-0 is 1, expected 2")

    def test_handed_out_twice(self):
        self.scene.do(workload.xreadgroup(LOG, GROUP, b"c3", 1), [[LOG, reply_entries((5,))]])
        self.assert_reported("G1", "5-0 was handed out twice")

    def test_last_delivered_goes_back(self):
        self.group.last_delivered = at(1)
        self.plant_pending([])
        self.assert_reported("G5", "last-delivered-id 1-0 went back below 2-0")

    def test_forgotten_delivery(self):
        self.group.last_delivered = at(3)
        self.plant_pending(self.group.pending[:1])
        self.assert_reported("G5", "delivery of 5-0 is forgotten")

    def test_entries_read(self):
        self.log.max_deleted = 0
        self.log.entries_added = len(self.log.entries)
        self.group.entries_read = None
        self.assert_reported("G5", "entries-read is None, expected")

    def test_lag(self):
        self.group.lag = 0
        self.assert_reported("G5", "lag is 0, expected 3")

    def test_lost_group_and_consumer(self):
        del self.group.consumers[b"c3"]
        self.group.pending = [each for each in self.group.pending if each[1] != b"c3"]
        settle(self.log)
        self.assert_reported("G7", "consumer c3 is gone")
        del self.log.groups[GROUP]
        self.assert_reported("G7", "group log:0/billing survived an earlier restart")

    # Transactions and private keys.

    def test_half_a_transaction(self):
        self.scene.after.streams[TX_TWIN].entries = []
        settle(self.scene.after.streams[TX_TWIN])
        self.assert_reported("EXEC", "t.tx-1 is in tx:hash but not in tx:twin")

    def test_half_a_transaction_in_the_counter(self):
        self.scene.after.values[0][TX_COUNT] = (("string", b"2"), None)
        self.assert_reported("EXEC", "tx:count is 2")

    def test_moved_but_still_pending(self):
        group = self.scene.after.streams[TX_IN].groups[MOVERS]
        group.pending = [(at(21), b"mover", 1)]
        settle(self.scene.after.streams[TX_IN])
        self.assert_reported("EXEC", "21-0 of tx:in is pending and moved")

    def test_private_command_lost(self):
        (form, _) = self.scene.after.values[0][SPACE + b"h0"]
        self.scene.after.values[0][SPACE + b"h0"] = (form, None)
        self.assert_reported("L1", "own:a:*: state after 5 commands, 6 were acknowledged")

    def test_private_state_that_never_was(self):
        self.scene.after.values[0][SPACE + b"v1"] = (("string", b"2"), None)
        self.assert_reported("L2", "own:a:v1")

    def test_half_a_private_transaction(self):
        self.scene.after.values[0][SPACE + b"v2"] = (("string", b"1"), None)
        self.assert_reported("L2", "own:a:v2")

    def test_expired_and_not_yet_expired_keys(self):
        key = SPACE + b"t1"
        self.scene.history.operations.pop()   # The transaction without an answer ends the connection's sequence.
        self.scene.do(workload.private(SPACE, [(b"SET", key, b"1", b"PXAT", b"5000")]), b"OK")
        self.scene.after.read_from_ms, self.scene.after.read_until_ms = 4000, 4100
        self.assert_reported("L1", "own:a:*: state after 6 commands, 7 were acknowledged")
        self.scene.after.values[0][key] = (("string", b"1"), 5000)
        self.assertEqual(self.scene.check().violations, [])
        self.scene.after.read_from_ms, self.scene.after.read_until_ms = 6000, 6100
        self.assert_reported("L2", "these differ: own:a:t1")

    def test_invented_key(self):
        self.scene.after.values[9][b"own:a:v0"] = (("string", b"1"), None)
        self.assert_reported("L2", "in database 9 was never written")

    # Without the promise of `always`: losses are counted, but what is left must be a prefix.

    def test_lost_tail_is_counted_when_allowed(self):
        self.scene = _Scene()
        after = self.scene.after
        after.streams = {LOG: after.streams[LOG]}
        after.values[0].clear()
        log = after.streams[LOG]
        log.entries, log.last_id, log.entries_added = log.entries[:5], at(5), 5
        log.groups[GROUP].last_delivered = at(2)
        log.groups[GROUP].pending = log.groups[GROUP].pending[:1]
        log.groups[GROUP].consumers = {b"c1": None}
        settle(log)
        verdict = self.scene.check(Rules(strict=False))
        self.assertEqual(verdict.violations, [])
        self.assertEqual((verdict.lost["xadd"], verdict.lost["exec"], verdict.lost["private"]), (3 + 5, 2, 6))

    def test_hole_is_reported_even_when_losses_are_allowed(self):
        self.log.entries_added = 8
        self.plant_entries(LOG, [each for each in self.log.entries if each[0] != at(7)])
        self.assert_reported("L4", "a hole", Rules(strict=False))

    def test_hole_across_streams(self):
        self.log.last_id, self.log.entries_added = at(7), 7
        self.plant_entries(LOG, self.log.entries[:7])
        self.assert_reported("L4", "is lost, answered at event", Rules(strict=False))


def workload_error():
    from wire import ErrorReply
    return ErrorReply("MISCONF no space left")


if __name__ == "__main__":
    unittest.main()
