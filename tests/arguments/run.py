#!/usr/bin/python3
"""Plays calls that are derived from the grammar of every command (README.md).

    tests/arguments/run.py                            as ./dev test does, in a minute
    tests/arguments/run.py --all                      a million repetitions of every command, in both protocols
    tests/arguments/run.py --leat build/dev/leat --all --seconds 300    with sanitizers
    tests/arguments/run.py --only "xadd boundaries"   one command, one part
"""

import contextlib
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import calls  # noqa: E402
import readers  # noqa: E402
from argument_player import Broken, Player  # noqa: E402
from grammar import read_commands  # noqa: E402
from leatlib import report  # noqa: E402
from leatlib.server import Server  # noqa: E402
from special import Special  # noqa: E402

# Commands that are not played by their grammar, and why; special.py has them.
LEFT_OUT = {
    "client|reply": "its replies are those that do not come",
    "shutdown": "the server ends",
}
# A million channels are answered by a million replies, which the limit of "pubsub" is not meant for.
DIRECTIVES = {"appendfsync": "no", "enable_debug_command": "yes", "client_output_buffer_limit": "pubsub 0 0 0"}
MEMORY_MAX = 300 << 20  # Resident behind a part, when what was freed has been given back.
MEMORY_SECONDS = 30


@contextlib.contextmanager
def started(options):
    """A server on an empty directory; its last words are printed when it has ended by itself."""
    with tempfile.TemporaryDirectory(prefix="leat-test-", dir="/var/tmp") as directory:
        with Server.leat(options.leat, pathlib.Path(directory), ready_seconds=options.seconds, **DIRECTIVES) as server:
            yield server
            if (status := server.process.poll()) is not None:
                print(f"# the server has ended with status {status}\n{server.log_text()[-8000:]}", flush=True)


def judge(result, name, test):
    """Runs `test` if `name` is selected; whether that was so and the server is there for more."""
    if not result.selected(name):
        return True
    try:
        test()
        result.ok(name)
    except report.Failed as why:
        result.fail(name, why)
        return not isinstance(why, Broken)
    except (OSError, EOFError) as why:
        result.fail(name, f"{type(why).__name__}: {why}")
        return False
    return True


def play_part(part, options, result):
    """All commands, on another server when one has broken, and the state that they leave."""
    commands, played = None, 0
    while commands is None or commands:
        with started(options) as server:
            players = [Player(server, protocol, options.seconds) for protocol in (2, 3)]
            if commands is None:
                commands = [command for command in read_commands(players[1].control) if command.name not in LEFT_OUT]
                commands = [command for command in commands if part.takes(command) and result.selected(title(command, part))]
                played = len(commands)
            while commands and play(commands.pop(0), part, players, result, options):
                pass
            if played and not commands:
                judge(result, f"memory and log after {part.name}", lambda: settle(server, part.name, options.seconds))
    if played:
        if not options.only:
            judge(result, f"calls of {part.name} that succeed", part.check_tally)
        print(f"# {part.name}: {part.tally.sent} calls, {part.tally.succeeded} succeeded", flush=True)


def title(command, part):
    return f"{command.name.replace('|', ' ')} {part.name}"


def play(command, part, players, result, options):
    server = players[0].server
    before, used = time.monotonic(), processor_seconds(server)
    alive = judge(result, title(command, part), lambda: part.play(command, players))
    if options.times and alive:
        print(f"# {title(command, part)}: {time.monotonic() - before:.2f} s, {processor_seconds(server) - used:.2f} of the server's processor time")
    return alive


def processor_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def settle(server, name, seconds):
    """Memory, checkpoint and log agree, what was freed was given back, and a start finds the same data."""
    with server.client(timeout=seconds) as client:
        check(client.call("DEBUG", "RELOAD") == "OK", "DEBUG RELOAD does not find what is in memory")
        for database in (0, 1):
            client.call("SELECT", database)
            for key in client.call("KEYS", "*"):
                client.call("PERSIST", key)
        digest = client.call("DEBUG", "DIGEST")
        check(int(digest, 16) != 0, "nothing is left to compare")
        check_memory(server, client, name)
    server.kill()
    server.start()
    with server.client(timeout=seconds) as client:
        check(client.call("DEBUG", "DIGEST") == digest, "a start finds other data")


def check_memory(server, client, name):
    if client.info("memory")["mem_allocator"] == "sanitizer":
        print(f"# {name}: memory is not measured, as sanitizers keep what was freed")
        return
    until = time.monotonic() + MEMORY_SECONDS
    while (used := server.memory("RssAnon")) > MEMORY_MAX:
        client.call("MEMORY", "PURGE")
        check(time.monotonic() < until, f"{used >> 20} MB are resident")
        time.sleep(0.1)
    print(f"# {name}: {used >> 20} MB resident in the end, at most {server.memory('VmHWM') >> 20} MB")


def check(condition, why):
    if not condition:
        raise report.Failed(why)


def play_readers(options, result):
    with started(options) as server:
        for name, happen in readers.events(server, options.seconds):
            judge(result, name, happen)


def play_special(options, result):
    for method in sorted(name for name in vars(Special) if name.startswith("test_")):
        name = method.removeprefix("test_").replace("_", " ")
        if result.selected(name):
            with started(options) as server:
                judge(result, name, getattr(Special(server, options.seconds), method))


def parse_options():
    parser = report.arguments(__doc__)
    parser.add_argument("--all", action="store_true", help="a million repetitions of every command, in both protocols")
    parser.add_argument("--seconds", type=float, default=60.0, help="in which every reply must have come")
    parser.add_argument("--times", action="store_true", help="say how long each took")
    return parser.parse_args()


def main():
    options = parse_options()
    result = report.Report(options.only)
    play_special(options, result)
    play_readers(options, result)
    for part in calls.PARTS:
        play_part(part(options), options, result)
    return result.finish()


if __name__ == "__main__":
    sys.exit(main())
