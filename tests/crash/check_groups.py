"""Rules G1 to G5 and G7: the groups of one shared stream.

G1 `>` hands an id out once                            G4 group, consumers and XPENDING agree; one owner per id
G2 delivered = pending + acknowledged + deleted        G5 positions never go back; entries-read and lag are right
G3 an acknowledged id never comes back                 G7 groups and consumers stay
"""

import bisect
import collections

from history import NEVER, id_text
from snapshot import GroupView
from workload import claimed, delivered

SELECTED = ("xreadgroup", "xhistory", "xack", "xclaim", "xautoclaim", "consumer")


def check_all(verdict, key, old, operations, new, facts):
    created = {each.args[0]: each for each in operations["group"] if not each.refused}
    for name in sorted(set(old.groups) | set(created) | set(new.groups)):
        label = f"{key.decode()}/{name.decode()}"
        if name not in new.groups:
            if name in old.groups:
                verdict.violation("G7", f"group {label} survived an earlier restart and is gone")
            elif created[name].is_acked:
                verdict.loss("G7", created[name], f"group {label} was created and is gone")
            continue
        if name not in old.groups and name not in created:
            verdict.violation("G7", f"group {label} was never created")
        own = {kind: [each for each in operations[kind] if each.args[0] == name] for kind in SELECTED}
        _GroupCheck(verdict, label, old.groups.get(name, GroupView()), own, new.groups[name], new, facts).run()


class _GroupCheck:
    def __init__(self, verdict, label, old, operations, group, stream, facts):
        self.verdict, self.label = verdict, label
        self.old, self.operations, self.group = old, operations, group
        self.stream, self.facts = stream, facts
        self.old_pending = {each: (consumer, count) for each, consumer, count in old.pending}
        self.pending = {each: (consumer, count) for each, consumer, count in group.pending}
        self.open_reads = [each for each in operations["xreadgroup"] if each.is_maybe]
        self.delivered = {}                              # id -> the `>` read that handed it out
        self.acks = collections.defaultdict(list)        # id -> XACKs, refused ones left out
        self.claims = collections.defaultdict(list)      # id -> answered claims that moved it
        for operation in operations["xack"]:
            if not operation.refused:
                for number in operation.args[1]:
                    self.acks[number].append(operation)
        for operation in operations["xclaim"] + operations["xautoclaim"]:
            for number, _ in claimed(operation):
                self.claims[number].append(operation)
        self.open_claims = [each for each in operations["xclaim"] if each.is_maybe]
        self.open_autoclaims = [each for each in operations["xautoclaim"] if each.is_maybe]

    def violation(self, rule, text):
        self.verdict.violation(rule, f"{self.label}: {text}")

    def run(self):
        self.check_deliveries()
        self.check_position()
        self.check_expected_pending()
        self.check_actual_pending()
        self.check_no_redelivery()
        self.check_owners_and_counts()
        self.check_agreement()
        self.check_consumers()
        self.check_lag()

    def check_deliveries(self):
        for operation in self.operations["xreadgroup"]:
            numbers = [number for number, _ in delivered(operation)]
            for number in numbers:
                if number in self.delivered:
                    self.violation("G1", f"{id_text(number)} was handed out twice")
                if number <= self.old.last_delivered:
                    self.violation("G1", f"{id_text(number)} was handed out again, below {id_text(self.old.last_delivered)}")
                self.delivered[number] = operation
            if not numbers:
                continue
            if max(numbers) <= self.group.last_delivered:
                self.verdict.survival(operation)
            else:
                text = f"{self.label}: delivery of {id_text(max(numbers))} is forgotten"
                self.verdict.loss("G5", operation, text)

    def check_position(self):
        position, old_position = self.group.last_delivered, self.old.last_delivered
        if position < old_position:
            self.violation("G5", f"last-delivered-id {id_text(position)} went back below {id_text(old_position)}")
        top = max([old_position, *self.delivered])
        if position > top and not self.open_reads:
            self.violation("G5", f"last-delivered-id {id_text(position)} is above all deliveries ({id_text(top)})")
        if position > self.stream.last_id:
            self.violation("G5", f"last-delivered-id {id_text(position)} is above the stream's last id")
        unknown = self.unknown_deliveries()
        budget = sum(operation.args[2] for operation in self.open_reads)
        if len(unknown) > budget:
            self.violation("G2", f"{len(unknown)} entries below last-delivered-id were handed to nobody, first {id_text(min(unknown))}")
        if not any(operation.args[3] for operation in self.open_reads):
            for number in unknown:
                if number not in self.pending and not self.acks.get(number):
                    self.violation("G2", f"{id_text(number)} is below last-delivered-id but neither pending nor acknowledged")

    def unknown_deliveries(self):
        """Present entries that were handed out by a read whose reply was lost."""
        low, high = self.old.last_delivered, self.group.last_delivered
        return [number for number in self.facts.present if low < number <= high and number not in self.delivered]

    def check_expected_pending(self):
        """What was delivered and not acknowledged is pending; what was acknowledged is not."""
        expected = list(self.old_pending)
        expected += [number for number, operation in self.delivered.items() if not operation.args[3]]
        claims_open = self.operations["xclaim"] or self.operations["xautoclaim"]
        for number in expected:
            if number > self.group.last_delivered:
                continue
            acked = [operation for operation in self.acks.get(number, ()) if operation.is_acked]
            if number in self.pending:
                for operation in acked[:1]:
                    self.verdict.loss("G3", operation, f"{self.label}: acknowledged entry {id_text(number)} is pending again")
                continue
            for operation in acked[:1]:
                self.verdict.survival(operation)
            # A claim drops an entry that is deleted from the stream.
            dropped = claims_open and number not in self.facts.present and self.facts.removals
            if not self.acks.get(number) and not dropped:
                self.violation("G2", f"pending entry {id_text(number)} is lost: nobody acknowledged it")

    def check_actual_pending(self):
        for number in self.pending:
            if number in self.old_pending:
                continue
            if number <= self.old.last_delivered:
                self.violation("G3", f"{id_text(number)} is pending again; it was not at the previous restart")
            elif number > self.group.last_delivered:
                self.violation("G2", f"{id_text(number)} is pending but above last-delivered-id")
            elif number not in self.facts.ids:
                self.violation("G2", f"{id_text(number)} is pending but was never added")
            elif number in self.delivered and self.delivered[number].args[3]:
                self.violation("G2", f"{id_text(number)} is pending although it was read with NOACK")

    def check_no_redelivery(self):
        """No reply that was asked for after an acknowledgement contains the acknowledged id."""
        earliest = {}
        for number, operations in self.acks.items():
            earliest[number] = min(operation.acked for operation in operations)
        shown = [(operation, delivered(operation)) for operation in self.operations["xreadgroup"] + self.operations["xhistory"]]
        shown += [(operation, claimed(operation)) for operation in self.operations["xclaim"] + self.operations["xautoclaim"]]
        for operation, entries in shown:
            for number, _ in entries:
                if operation.invoked > earliest.get(number, NEVER):
                    self.violation("G3", f"{operation} was given {id_text(number)}, which had been acknowledged")

    def check_owners_and_counts(self):
        reads = collections.Counter()
        for operation in self.operations["xhistory"]:
            reads.update(number for number, fields in delivered(operation) if fields is not None)
        open_histories = sum(1 for operation in self.operations["xhistory"] if operation.is_maybe)
        for number, (owner, count) in self.pending.items():
            owners = self.possible_owners(number)
            if owner not in owners:
                names = ", ".join(sorted(each.decode() for each in owners)) or "nobody"
                self.violation("G4", f"{id_text(number)} belongs to {owner.decode()}, but was given to {names}")
            base = self.old_pending[number][1] if number in self.old_pending else 1
            claims = sum(1 for operation in self.claims[number] if not operation.args[3])
            lowest = base
            if self.verdict.rules.strict:
                lowest += claims + (reads[number] if self.verdict.rules.history_read_counts else 0)
            unanswered = open_histories + len(self.open_autoclaims)
            unanswered += sum(1 for operation in self.open_claims if number in operation.args[2])
            highest = base + claims + reads[number] + unanswered
            if not lowest <= count <= highest:
                self.violation("G4", f"delivery count of {id_text(number)} is {count}, expected {lowest} to {highest}")

    def possible_owners(self, number):
        """Consumers of operations that no other answered operation certainly followed."""
        moves = list(self.claims[number])
        if number in self.delivered:
            moves.append(self.delivered[number])
        latest_start = max((operation.invoked for operation in moves), default=0)
        owners = {operation.args[1] for operation in moves if not self.verdict.rules.strict or operation.acked >= latest_start}
        if number in self.old_pending and (not moves or not self.verdict.rules.strict):
            owners.add(self.old_pending[number][0])
        owners.update(operation.args[1] for operation in self.open_claims if number in operation.args[2])
        owners.update(operation.args[1] for operation in self.open_autoclaims)
        if number not in self.delivered and number not in self.old_pending:
            owners.update(operation.args[1] for operation in self.open_reads)
        return owners

    def check_agreement(self):
        group = self.group
        if len(group.pending) != len(self.pending):
            self.violation("G4", "an entry is listed twice among the group's pending entries")
        owned = [(number, name) for name, (_, entries) in group.consumers.items() for number, _ in entries]
        if sorted(owned) != sorted((number, owner) for number, (owner, _) in self.pending.items()):
            twice = [number for number, times in collections.Counter(number for number, _ in owned).items() if times > 1]
            why = f": {id_text(twice[0])} has two owners" if twice else ""
            self.violation("G4", f"the consumers' pending entries are not the group's{why}")
        sums = {"pel-count": group.pel_count, "pending": len(self.pending), "XPENDING": group.xpending[0],
                "consumers": sum(count for count, _ in group.consumers.values())}
        if len(set(sums.values())) > 1:
            self.violation("G4", f"counts of pending entries disagree: {sums}")
        counts = collections.Counter(owner for owner, _ in self.pending.values())
        expected = (len(self.pending), min(self.pending, default=None), max(self.pending, default=None), dict(counts))
        if group.xpending != expected:
            self.violation("G4", "XPENDING and XINFO STREAM FULL disagree")

    def check_consumers(self):
        required, possible = {}, set(self.old.consumers)
        for operation in (each for group in self.operations.values() for each in group):
            if operation.kind == "xack" or operation.refused:
                continue
            possible.add(operation.args[1])
            if operation.is_acked and self.creates_consumer(operation):
                required[operation.args[1]] = operation
        for name in self.old.consumers:
            if name not in self.group.consumers:
                self.violation("G7", f"consumer {name.decode()} survived an earlier restart and is gone")
        for name, operation in required.items():
            if name not in self.group.consumers and name not in self.old.consumers:
                self.verdict.loss("G7", operation, f"{self.label}: consumer {name.decode()} is gone")
        for name in self.group.consumers:
            if name not in possible:
                self.violation("G7", f"consumer {name.decode()} was never created")

    def creates_consumer(self, operation):
        if operation.kind == "consumer" or self.verdict.rules.empty_read_creates_consumer:
            return True
        return bool(claimed(operation) if operation.kind in ("xclaim", "xautoclaim") else delivered(operation))

    def check_lag(self):
        if not self.verdict.rules.exact_lag:
            return
        ids = [number for number, _ in self.stream.entries]
        read = bisect.bisect_right(ids, self.group.last_delivered)
        pristine = self.stream.max_deleted == 0 and self.stream.entries_added == len(ids)
        # Made at 0-0 without ENTRIESREAD, a group does not say how much it has read until it has.
        unread = read == 0 and self.group.entries_read is None
        if pristine and not unread and self.group.entries_read != read:
            self.violation("G5", f"entries-read is {self.group.entries_read}, expected {read}")
        if self.group.lag != len(ids) - read:
            self.violation("G5", f"lag is {self.group.lag}, expected {len(ids) - read}")
