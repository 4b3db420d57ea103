#!/usr/bin/python3
"""Random sequences of commands over several connections, sent to Leat and to Debian's redis-server 7.0: every reply, who
is woken and with what, and what there is in the end must be the same, but for differences.RULES.

    tests/differential/run.py                     so many seeds that 50,000 commands are sent, from a seed that is printed
    tests/differential/run.py --commands 1000000  a long run
    tests/differential/run.py --seed 7            one seed; a difference is shrunk to the fewest commands that show it
"""

import pathlib
import random
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import play  # noqa: E402
import scenario  # noqa: E402
from leatlib import report  # noqa: E402
from leatlib.server import REDIS_BINARY, Server  # noqa: E402


NAME = "random sequences"


def compare_seed(seed, server, oracle):
    """How many commands the seed has; a Difference, shrunk, is raised."""
    steps = list(scenario.Scenario(seed).steps())
    if first := play.found(steps, server, oracle, scenario.CONNECTIONS):
        steps, shown = play.shrunk(steps, server, oracle, scenario.CONNECTIONS)
        if not shown:
            raise play.Difference(f"seed {seed}: {first}\n  which did not come again")
        listed = "\n".join(f"  {connection}> {' '.join(map(str, words))}" for connection, words in steps)
        raise play.Difference(f"seed {seed}: {shown}\n{listed}")
    return len(steps)


def parse_options():
    parser = report.arguments(__doc__)
    parser.add_argument("--commands", type=int, default=50_000, help="how many commands are sent to each server")
    parser.add_argument("--seed", type=int, help="the only seed")
    parser.add_argument("--first", type=int, help="the first seed; drawn if it is not given")
    return parser.parse_args()


def main():
    options = parse_options()
    result = report.Report(options.only)
    if not result.selected(NAME):
        return result.finish()
    if not pathlib.Path(REDIS_BINARY).exists():
        result.skip(NAME, f"no oracle at {REDIS_BINARY}")
        return result.finish()
    first = options.seed or options.first or random.SystemRandom().randrange(1, 1_000_000_000)
    sent, seed = 0, first
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        with Server.leat(options.leat, folder / "leat", appendfsync="no") as server, Server.redis(folder / "oracle") as oracle:
            try:
                while sent < options.commands:
                    sent += compare_seed(seed, server, oracle)
                    seed += 1
                    if options.seed:
                        break
                result.ok(f"{NAME}: {sent} commands of the seeds {first} to {seed - 1}")
            except play.Difference as difference:
                result.fail(NAME, f"after {sent} commands, {difference}")
    return result.finish()


if __name__ == "__main__":
    sys.exit(main())
