"""Damage in a stopped data directory: it is named by `leat check`, and never served.

For every damage one of these must hold:
    `leat check` exits 0 and the server shows exactly the state from before (nothing that matters was hit);
    `leat check` exits 1 and names the file, and the server refuses to start, naming the file too, or starts with
    exactly the state from before (a spare copy was hit), or says of a sealed frame that it can't be read instead of
    serving it.
The directory was closed by SIGTERM, so every byte below its end is acknowledged data: cutting a tail would be a loss.
"""

import pathlib
import random
import shutil

import directory as data
from cycles import CycleFailed, prepare, read_back
from history import History
from leatlib.server import StartFailed
from load import Load
from snapshot import Snapshot
from workload import Workload

LOAD_SECONDS = 0.5
BLOCK = 512
LOG_NAME = "server.log"   # Written by the test's own server start, no part of the data.


def _make_data(target, directory, seed):
    """A directory with data, its server stopped; the state that it showed last."""
    with target.start(directory) as server:
        history, phase = History(), Workload(seed, "rot", Snapshot())
        prepare(server, history, phase)
        load = Load(server.port, history, phase.actors())
        load.run(load.stop, LOAD_SECONDS)
        state = read_back(server)
        status = server.stop()
        if status != 0:
            raise CycleFailed(f"SIGTERM ended the server with status {status}\n{server.log_text()[-1500:]}")
    return state


def _written_blocks(directory):
    """[(file, offset)] of blocks that hold anything: what was only written with zeros in advance is no data."""
    blocks = []
    for path in sorted(directory.rglob("*")):
        if not path.is_file() or path.name == LOG_NAME:
            continue
        content = path.read_bytes()
        for offset in range(0, len(content), BLOCK):
            if content[offset:offset + BLOCK].strip(b"\0"):
                blocks.append((path.relative_to(directory), offset))
    return blocks


def _flip_bit(directory, rng, blocks):
    name, offset = rng.choice(blocks)
    path = directory / name
    content = bytearray(path.read_bytes())
    position = min(offset + rng.randrange(BLOCK), len(content) - 1)
    content[position] ^= 1 << rng.randrange(8)
    path.write_bytes(content)
    return name, f"bit flipped in byte {position} of {name}"


def _zero_block(directory, rng, blocks):
    name, offset = rng.choice(blocks)
    with open(directory / name, "r+b") as file:
        file.seek(offset)
        file.write(bytes(BLOCK))
    return name, f"{BLOCK} bytes zeroed at {offset} of {name}"


def _cut_file(directory, rng, blocks):
    name, offset = rng.choice(blocks)
    with open(directory / name, "r+b") as file:
        file.truncate(offset)
    return name, f"{name} cut to {offset} bytes"


def _lasting(values):
    """The values without those that expire: they may have gone since the state was read."""
    return {database: {key: found for key, found in keys.items() if found[1] is None} for database, keys in values.items()}


class Corruption:
    def __init__(self, target, directory, seed, say):
        self._target, self._directory, self._seed, self._say = target, pathlib.Path(directory), seed, say
        self._counts = {"refused": 0, "unreadable": 0, "harmless": 0, "repaired": 0}

    def run(self, trials):
        """Raises CycleFailed at the first damage that is not treated as it must be."""
        rng = random.Random(self._seed)
        original = self._directory / "original"
        state = _make_data(self._target, original, self._seed)
        status, words = data.leat_check(self._target.binary, original)
        if status != 0:
            raise CycleFailed(f"leat check calls a directory damaged that was closed cleanly, status {status}: {words}")
        self._say(f"clean directory: {words}")
        blocks = _written_blocks(original)
        for trial in range(trials):
            damage = rng.choice((_flip_bit, _flip_bit, _flip_bit, _zero_block, _cut_file))
            self._trial(trial, original, state, lambda copy: damage(copy, rng, blocks))
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items())
        self._say(f"{trials} damages in {len(blocks)} written blocks: {counts}")
        if not self._counts["refused"]:
            raise CycleFailed("no damage at all was refused")

    def _trial(self, trial, original, state, damage):
        copy = self._directory / f"trial{trial}"
        shutil.copytree(original, copy)
        name, description = damage(copy)
        status, words = data.leat_check(self._target.binary, copy)
        if status not in (0, 1):
            raise CycleFailed(f"{description}: leat check ended with status {status}: {words}")
        if status == 1 and name.name not in words:
            raise CycleFailed(f"{description}: leat check does not name the file: {words!r}")
        (copy / LOG_NAME).unlink(missing_ok=True)
        try:
            with self._target.start(copy) as server:
                served = read_back(server)
        except StartFailed as error:
            if status == 0:
                raise CycleFailed(f"{description}: leat check found nothing, but the server does not start: {error}") from error
            if name.name not in str(error):
                raise CycleFailed(f"{description}: the server does not say which file is damaged: {error}") from error
            self._counts["refused"] += 1
        except CycleFailed as error:
            said = f"A sealed frame can't be read: {copy / name}"
            if status != 1 or said not in str(error):
                raise
            self._counts["unreadable"] += 1
        else:
            if (served.streams, _lasting(served.values)) != (state.streams, _lasting(state.values)):
                found = "named by" if status else "unknown to"
                raise CycleFailed(f"{description}: served with another state than before, the damage is {found} leat check: {words}")
            self._counts["repaired" if status else "harmless"] += 1
        shutil.rmtree(copy)
