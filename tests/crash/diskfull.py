"""A disk that runs full under load, and gets space back.

Asked of Leat: nothing acknowledged is lost, refused writes leave nothing behind and say why, the server stays up,
reads and XACK, XDEL, XTRIM go on, and writing resumes by itself once there is space. What redis-server does is only
recorded.
"""

import re
import time

import workload
from checker import check
from cycles import CycleFailed, prepare, read_back, require_running
from history import History
from load import Load
from snapshot import Snapshot
from workload import CUT, GROUPS, Workload

DISK_MB = 80
BALLAST_MB = 24
FILL_SECONDS = 120
REFUSALS = 50
RESUME_SECONDS = 10
WORDS = re.compile(r"disk|space|MISCONF", re.IGNORECASE)


def _fill(server, history, phase):
    """Load until writes are refused. Returns False when the server ended instead."""
    load = Load(server.port, history, phase.actors())

    def wait_until_full():
        deadline = time.monotonic() + FILL_SECONDS
        while time.monotonic() < deadline and len(history.errors) < REFUSALS and server.process.poll() is None:
            time.sleep(0.01)
        load.stop()

    load.run(wait_until_full)
    if server.process.poll() is not None:
        return False
    if len(history.errors) < REFUSALS:
        raise CycleFailed(f"only {len(history.errors)} writes were refused in {FILL_SECONDS} s on a disk of {DISK_MB} MB")
    return True


def _require_words(history):
    for _, operation, error in history.errors:
        if not WORDS.search(str(error)):
            raise CycleFailed(f"a full disk is answered with an error that does not say so: {operation}: {error}")


def _freeing_operations(state):
    """XACK, XDEL and XTRIM that have something to work on."""
    operations = []
    for stream, group in GROUPS[:2]:
        pending = state.streams[stream].groups[group].pending
        if pending:
            operations.append(workload.xack(stream, group, [pending[0][0]]))
    entries = state.streams[CUT].entries
    if len(entries) > 3:
        first, second = entries[1][0], entries[2][0]
        operations.append(workload.Operation("xdel", CUT, [first], [("XDEL", CUT, workload.id_text(first))]))
        command = ("XTRIM", CUT, "MINID", "=", workload.id_text(second))
        operations.append(workload.Operation("xtrim", CUT, ("MINID", second), [command]))
    return operations


def _perform(server, history, operations):
    """One after the other on one connection."""
    Load(server.port, history, [("probe", ([each] for each in operations))]).run()
    return operations


def _require_freeing_works(server, history, state):
    operations = _freeing_operations(state)
    for operation in _perform(server, history, operations):
        if operation.refused or not operation.reply:
            raise CycleFailed(f"on the full disk {operation} was answered {operation.reply!r}")
    return len(operations)


def _wait_for_resume(server, history):
    """Seconds until an XADD is accepted again."""
    started = time.monotonic()
    number = 0
    while time.monotonic() - started < RESUME_SECONDS:
        number += 1
        fields = (b"p", b"resume-%d" % number, b"h", b"x" * 4000)
        (operation,) = _perform(server, history, [workload.xadd(workload.LOGS[0], fields)])
        if operation.is_acked:
            return time.monotonic() - started
        time.sleep(0.05)
    raise CycleFailed(f"writes are still refused {RESUME_SECONDS} s after space was freed: {operation.reply}")


def _judge(before, history, after, rules, when):
    verdict = check(before, history, after, rules)
    if verdict.violation_count:
        listed = "\n".join(verdict.violations)
        raise CycleFailed(f"{when}: {verdict.violation_count} violations\n{listed}")


def run(target, filesystem, seed, say):
    """Raises CycleFailed. `say` gets lines worth printing."""
    rules = target.rules(strict=True)
    ballast = filesystem.root / "ballast"
    ballast.write_bytes(b"b" * (BALLAST_MB << 20))
    server = target.start(filesystem.root / "data")
    try:
        history, phase = History(), Workload(seed, "full", Snapshot(), big_entries=True)
        prepare(server, history, phase)
        if not _fill(server, history, phase):
            raise CycleFailed(f"the server ended on the full disk, status {server.process.returncode}\n{server.log_text()[-1500:]}")
        say(f"full: {history.acked_count()} acknowledged, {len(history.errors)} refused: {history.errors[0][2]}")
        _require_words(history)
        full = read_back(server)
        _judge(Snapshot(), history, full, rules, "while full")

        history = History()
        count = _require_freeing_works(server, history, full)
        say(f"while full: state read back, {count} XACK, XDEL, XTRIM accepted")
        ballast.unlink()
        say(f"writes accepted again {_wait_for_resume(server, history):.2f} s after space was freed")
        _kill_under_load(server, history, seed, full)
        server.start()
        _judge(full, history, read_back(server), rules, "after resuming and SIGKILL")
    finally:
        server.kill()


def _kill_under_load(server, history, seed, state):
    def strike():
        require_running(server)
        server.kill()

    actors = [each for each in Workload(seed, "resumed", state).actors() if not each[0].startswith("own")]
    Load(server.port, history, actors).run(strike, 0.3)


def record(target, filesystem, seed, say):
    """The same disk under a server of which nothing is asked: says what happened."""
    ballast = filesystem.root / "ballast"
    ballast.write_bytes(b"b" * (BALLAST_MB << 20))
    server = target.start(filesystem.root / "data")
    try:
        history, phase = History(), Workload(seed, "full", Snapshot(), big_entries=True)
        prepare(server, history, phase)
        alive = _fill(server, history, phase)
        refused = f"{len(history.errors)} refused: {history.errors[0][2]}" if history.errors else "none refused"
        say(f"full: {history.acked_count()} acknowledged, {refused}; the server {'stays up' if alive else 'ended'}")
        server.kill()
        ballast.unlink()
        server.start()
        verdict = check(Snapshot(), history, read_back(server), target.rules(strict=False))
        say(f"after SIGKILL, space and restart: {verdict.lost_count} lost, {verdict.violation_count} violations")
        for violation in verdict.violations[:5]:
            say(violation)
    finally:
        server.kill()
