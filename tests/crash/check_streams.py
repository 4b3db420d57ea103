"""Rules L1 to L6: the entries and counters of one shared stream.

L1 acknowledged entries are there, unless removed      L4 no hole (with the prefix rule of checker.py)
L2 nothing is there that was not sent                  L5 ids and counters never go back
L3 ids increase, in the order of sending               L6 all ways of reading agree
"""

import dataclasses

from history import NEVER, id_text, parse_id
from snapshot import SAMPLE
from workload import claimed, delivered


@dataclasses.dataclass
class Facts:
    """What check_groups needs to know about the stream."""

    ids: set            # every id that the stream ever held during this phase, as far as known
    present: set        # ids that are there after the restart
    removals: bool      # some operation may have removed entries


class _Adds:
    """The XADDs of the phase, by what is known of them."""

    def __init__(self, verdict, name, old, operations):
        self.by_id = {}       # id -> operation that is known to have happened
        self.maybe = {}       # fields -> operation without an answer
        self.refused = {}     # fields -> operation answered with an error
        known = dict(old.entries)
        for operation in operations["xadd"]:
            fields = operation.args[0]
            if operation.refused:
                self.refused[fields] = operation
            elif operation.is_maybe:
                self.maybe[fields] = operation
            else:
                number = parse_id(operation.reply)
                if number <= old.last_id or number in self.by_id:
                    verdict.violation("L5", f"{name}: id {id_text(number)} was assigned twice, or below {id_text(old.last_id)}")
                self.by_id[number] = operation
        self._add_witnessed(verdict, name, known, operations)

    def _add_witnessed(self, verdict, name, known, operations):
        """What a client was shown has happened, even when the producer never got its answer."""
        shown = [(delivered, operations["xreadgroup"] + operations["xhistory"]),
                 (claimed, operations["xclaim"] + operations["xautoclaim"])]
        for contents, group in shown:
            for reader in group:
                for number, fields in contents(reader):
                    if fields is None:
                        continue
                    expected = known.get(number) or (self.by_id[number].args[0] if number in self.by_id else None)
                    if expected is None and fields in self.maybe:
                        self.by_id[number] = self.maybe.pop(fields)
                    elif fields != expected:
                        verdict.violation("L2", f"{name}: {reader} was shown {id_text(number)} with content that nobody sent")


def check(verdict, key, old, operations, new):
    name = key.decode()
    adds = _Adds(verdict, name, old, operations)
    present = _check_entries(verdict, name, old, adds, new)
    removed = _check_missing(verdict, name, old, adds, operations, new, present)
    _check_order(verdict, name, old, adds, new)
    _check_counters(verdict, name, old, adds, operations, new, removed)
    _check_agreement(verdict, name, new)
    ids = set(adds.by_id) | present
    ids.update(number for number, _ in old.entries)
    return Facts(ids, present, _has_removals(operations) or old.entries_added != len(old.entries))


def _has_removals(operations):
    return bool(operations["xdel"] or operations["xtrim"] or any(each.args[1] for each in operations["xadd"]))


def _check_entries(verdict, name, old, adds, new):
    """Everything that is there was sent, with these bytes and this id. Maybes that turn up become known."""
    known = dict(old.entries)
    present, previous = set(), -1
    for number, fields in new.entries:
        if number <= previous:
            verdict.violation("L3", f"{name}: id {id_text(number)} stands after {id_text(previous)}")
        previous = number
        present.add(number)
        expected = known.get(number)
        if expected is None and number in adds.by_id:
            expected = adds.by_id[number].args[0]
            verdict.survival(adds.by_id[number])
        if expected is None:
            _check_unknown(verdict, name, old, adds, number, fields)
        elif fields != expected:
            verdict.violation("L2", f"{name}: entry {id_text(number)} came back with other content")
    return present


def _check_unknown(verdict, name, old, adds, number, fields):
    operation = adds.maybe.pop(fields, None)
    if operation is None:
        if fields in adds.refused:
            why = "although its XADD was answered with an error"
        elif any(fields == each.args[0] for each in adds.by_id.values()) or any(fields == each for _, each in old.entries):
            why = "but its content belongs to another id"
        else:
            why = "but nobody sent it in this run (invented, or lost by an earlier restart)"
        verdict.violation("L2", f"{name}: entry {id_text(number)} {fields[:2]} is there, {why}")
        return
    if number <= old.last_id:
        verdict.violation("L5", f"{name}: new entry {id_text(number)} is not above the earlier last id {id_text(old.last_id)}")
    adds.by_id[number] = operation
    verdict.survival(operation)


def _check_missing(verdict, name, old, adds, operations, new, present):
    """Every known entry that is not there was removed by somebody. Returns the ids that were removed."""
    deleted = {number for each in operations["xdel"] if not each.refused for number in each.args}
    trims = [each for each in operations["xtrim"] if not each.refused]
    caps = {each.args[1] for each in operations["xadd"]} - {None}
    first = new.entries[0][0] if new.entries else NEVER
    removed = set()

    def was_removed(number):
        return number <= new.last_id and (number in deleted or (number < first and (trims or caps)))

    for number, _ in old.entries:
        if number in present:
            continue
        removed.add(number)
        if not was_removed(number):
            verdict.violation("L1", f"{name}: entry {id_text(number)} survived an earlier restart and is gone")
    for number, operation in adds.by_id.items():
        if number in present:
            continue
        if was_removed(number):
            removed.add(number)
        elif operation.is_acked or verdict.rules.strict:
            verdict.loss("L1", operation, f"{name}: acknowledged entry {id_text(number)} ({operation.args[0][1].decode()}) is lost")
            if number <= new.last_id and not verdict.rules.strict:
                verdict.violation("L4", f"{name}: a hole at {id_text(number)}, lost below last id {id_text(new.last_id)}")
    _check_removals(verdict, name, operations, new, present, removed)
    if caps:
        _check_cap(verdict, name, new, min(caps))
    else:
        _check_removed_count(verdict, name, adds, operations, trims, new, removed)
    return removed


def _check_removals(verdict, name, operations, new, present, removed):
    """Acknowledged XDEL and XTRIM stay done."""
    for operation in operations["xdel"]:
        if not operation.is_acked:
            continue
        back = [number for number in operation.args if number in present]
        if back:
            verdict.loss("L1", operation, f"{name}: deleted entry {id_text(back[0])} is back")
    first = new.entries[0][0] if new.entries else NEVER
    for operation in operations["xtrim"]:
        if operation.is_acked and operation.args[0] == "MINID" and first < operation.args[1]:
            verdict.loss("L1", operation, f"{name}: trimmed to {id_text(operation.args[1])} but starts at {id_text(first)}")


def _check_cap(verdict, name, new, cap):
    if len(new.entries) != min(cap, new.entries_added):
        verdict.violation("L6", f"{name}: {len(new.entries)} entries of {new.entries_added} added; every XADD kept exactly {cap}")


def _check_removed_count(verdict, name, adds, operations, trims, new, removed):
    """As many entries are gone as the answers to XDEL and XTRIM said."""
    removers = [each for each in operations["xdel"] + trims if not each.refused]
    certain = sum(each.reply for each in removers if each.is_acked)
    possible = certain + sum(len(each.args) for each in operations["xdel"] if each.is_maybe)
    open_trims = [each for each in trims if each.is_maybe]
    if verdict.rules.strict and len(removed) + len(adds.maybe) < certain:
        verdict.violation("L1", f"{name}: {certain} entries were removed, but only {len(removed)} are gone")
    if len(removed) <= possible:
        return
    deletions = sum(len(each.args) for each in operations["xdel"])
    for trim in open_trims:
        strategy, threshold = trim.args
        if strategy == "MINID" or len(new.entries) + deletions >= threshold:
            return
    verdict.violation("L1", f"{name}: {len(removed)} entries are gone, at most {possible} were removed")


def _check_order(verdict, name, old, adds, new):
    """Ids follow the order of sending: of one producer, and of operations that did not overlap."""
    latest_invoked, latest = 0, None
    last_of_producer = {}
    for number, fields in new.entries:
        operation = adds.by_id.get(number)
        if operation is None:
            continue
        if operation.acked < latest_invoked:
            verdict.violation("L3", f"{name}: {fields[1].decode()} was answered before {latest.decode()} was sent, but has the higher id")
        if operation.invoked > latest_invoked:
            latest_invoked, latest = operation.invoked, fields[1]
        producer, _, sequence = fields[1].rpartition(b"-")
        if last_of_producer.get(producer, -1) >= int(sequence):
            verdict.violation("L3", f"{name}: {fields[1].decode()} stands after {last_of_producer[producer]} of the same producer")
        last_of_producer[producer] = int(sequence)


def _check_counters(verdict, name, old, adds, operations, new, removed):
    happened = [number for number, operation in adds.by_id.items() if number <= new.last_id]
    slack = len(adds.maybe) if _has_removals(operations) else 0   # Maybes that were added and then removed.
    lowest = old.entries_added + len(happened)
    if not lowest <= new.entries_added <= lowest + slack:
        verdict.violation("L5", f"{name}: entries-added is {new.entries_added}, expected {lowest} to {lowest + slack}")
    top = max([old.last_id, *happened, *(number for number, _ in new.entries[-1:])])
    if new.last_id < top:
        verdict.violation("L5", f"{name}: last-generated-id {id_text(new.last_id)} went back below {id_text(top)}")
    if new.last_id > top and not slack:
        verdict.violation("L5", f"{name}: last-generated-id {id_text(new.last_id)} is above every entry ({id_text(top)})")
    deletions = [each for each in operations["xdel"] if not each.refused]
    highest = max([old.max_deleted, *(number for each in deletions for number in each.args)])
    lowest = old.max_deleted
    if verdict.rules.strict:
        certain = [each for each in deletions if each.is_acked and each.reply == len(each.args)]
        lowest = max([lowest, *(number for each in certain for number in each.args)])
    if not lowest <= new.max_deleted <= highest:
        verdict.violation("L5", f"{name}: max-deleted-entry-id is {id_text(new.max_deleted)}, expected {id_text(lowest)} to {id_text(highest)}")


def _check_agreement(verdict, name, new):
    counts = {"XRANGE": len(new.entries), "XLEN": new.xlen, "XINFO length": new.length, "XINFO FULL": len(new.full_entries)}
    if len(set(counts.values())) > 1:
        verdict.violation("L6", f"{name}: lengths disagree: {counts}")
    elif new.entries != new.full_entries:
        verdict.violation("L6", f"{name}: XRANGE and XINFO STREAM FULL show different entries")
    if new.newest != new.entries[:-SAMPLE - 1:-1]:
        verdict.violation("L6", f"{name}: XREVRANGE is not the end of XRANGE")
    first = new.entries[0][0] if new.entries else 0
    if new.first_id != first:
        verdict.violation("L6", f"{name}: recorded-first-entry-id is {id_text(new.first_id)}, the first entry {id_text(first)}")
