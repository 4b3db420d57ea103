"""Keys that one connection owns: exactly the state after a prefix of its commands."""

import workload
from private_model import PrivateModel

KNOWN_VALUES = (workload.TX_HASH, workload.TX_SET, workload.TX_COUNT)
KNOWN_STREAMS = {stream for stream, _ in workload.GROUPS} | {workload.CAPPED, workload.TX_TWIN, workload.TX_OUT}


def check_all(verdict, before, operations, after):
    _check_names(verdict, after)
    for database, space in workload.PRIVATE_SPACES:
        own = [each for each in operations.get(space, ()) if not each.refused]
        found = _Found(after, after.namespace(database, space))
        _check_space(verdict, before.namespace(database, space), own, found, space)


def _check_names(verdict, after):
    for database, values in after.values.items():
        spaces = tuple(space for own_database, space in workload.PRIVATE_SPACES if own_database == database)
        for key in values:
            if not key.startswith(spaces) and not (database == 0 and key in KNOWN_VALUES):
                verdict.violation("L2", f"key {key!r} in database {database} was never written")
    for key in after.streams:
        if key not in KNOWN_STREAMS:
            verdict.violation("L2", f"stream {key!r} was never written")


class _Found:
    """What was read back, for comparison with a model whose keys may have expired by then."""

    def __init__(self, snapshot, values):
        self.values = values
        self._from_ms, self._until_ms = snapshot.read_from_ms, snapshot.read_until_ms

    def equals(self, key, expected):
        found = self.values.get(key)
        deadline = expected[1] if expected else None
        if deadline is None or deadline > self._until_ms:
            return found == expected
        if deadline < self._from_ms:
            return found is None
        return found is None or found[0] == expected[0]


def _check_space(verdict, before, operations, after, space):
    """Replays the commands and looks for the positions at which the model equals what was found."""
    model = PrivateModel.from_canonical(before)
    wrong = {key for key in set(before) | set(after.values) if not after.equals(key, model.canonical(key))}
    acked = sum(1 for operation in operations if operation.is_acked)
    matches = [] if wrong else [0]
    wrong_after_acked = set(wrong) if acked == 0 else None
    for position, operation in enumerate(operations, 1):
        touched = {key for command in operation.args for key in model.apply(command)}
        wrong -= touched
        wrong.update(key for key in touched if not after.equals(key, model.canonical(key)))
        if not wrong:
            matches.append(position)
        if position == acked:
            wrong_after_acked = set(wrong)
    if not matches:
        names = ", ".join(key.decode() for key in sorted(wrong_after_acked)[:4])
        verdict.violation("L2", f"{space.decode()}*: no state that {len(operations)} commands went through; "
                                f"after the {acked} acknowledged ones these differ: {names}")
        return
    _count_lost(verdict, space, operations, acked, matches)


def _count_lost(verdict, space, operations, acked, matches):
    survived = matches[-1]
    if survived < acked:
        text = f"{space.decode()}*: state after {survived} commands, {acked} were acknowledged"
        for operation in operations[survived:acked]:
            verdict.loss("L1", operation, text)
    # Of several possible positions the lowest says what must have survived.
    if matches[0]:
        verdict.survival(operations[matches[0] - 1])
