#!/usr/bin/python3
"""The conformance suite: plays the transcripts below this folder against Leat, or against the oracle redis-server.

The oracle is what proves a transcript: a block that fails against it is wrong, unless it is a deliberate difference.
"""

import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "lib"))
import command_rows  # noqa: E402
import commands_doc  # noqa: E402
import error_texts  # noqa: E402
import fill  # noqa: E402
import random_commands  # noqa: E402
import random_trims  # noqa: E402
import reply_schema  # noqa: E402
import transcript  # noqa: E402
from leatlib.report import Report, arguments  # noqa: E402
from leatlib.resp import ConnectionClosed, ProtocolError  # noqa: E402
from leatlib.server import REDIS_BINARY, Server, StartFailed  # noqa: E402
from player import Player  # noqa: E402


class Servers:
    """The shared server of the run, and servers with directives of their own for the files that ask for one."""

    def __init__(self, options, directory):
        self.name = options.against
        self.binary = options.leat
        self.directory = pathlib.Path(directory)
        self.shared = None
        self.started = 0

    def start(self, directives):
        self.started += 1
        directory = self.directory / str(self.started)
        if self.name == "redis":
            return Server.redis(directory, **directives)
        return Server.leat(self.binary, directory, **directives)

    def take(self, script):
        """The server for one file."""
        if script.directives is not None:
            return self.start(script.directives)
        if self.shared is None or self.shared.process.poll() is not None:
            self.shared = self.start({})
        return self.shared

    def give_back(self, server):
        """Ends a file's own server. Returns what was wrong with the server, or ""."""
        died = server.process.poll()
        if server is not self.shared:
            server.kill()
        return "" if died is None else f"the server ended with status {died}\n{server.log_text()[-2000:]}"


def read_schemas(servers, report):
    """What Leat says of its replies; the oracle's have to be the same, but it does not say."""
    if not pathlib.Path(servers.binary).exists():
        report.skip("replies are what COMMAND DOCS says", f"no server at {servers.binary}")
        return None
    with Server.leat(servers.binary, servers.directory / "schemas") as server, server.client(protocol=3) as client:
        return reply_schema.Schemas(command_rows.call(client, "COMMAND", "DOCS"))


def play_file(servers, script, protocol, schemas, report):
    name = script.path.relative_to(HERE).with_suffix("").as_posix()
    tag = f"RESP{protocol}"
    server = servers.take(script)
    try:
        player = Player(server, servers.name, protocol, schemas)
        for block, outcome, why in player.play(script):
            test = f"{name}: {block.title} ({tag})"
            if outcome == "ok":
                report.ok(test)
            elif outcome == "skip":
                report.skip(test, why)
            else:
                report.fail(test, why)
        player.close()
    except (OSError, ConnectionClosed, ProtocolError) as error:
        report.fail(f"{name} ({tag})", f"{type(error).__name__}: {error}")
    if broken := servers.give_back(server):
        report.fail(f"{name}: the server stays up ({tag})", broken)


def check_runner(report):
    """A runner that accepts everything would pass every server, so its own tests come first."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromName("runner_test").run(result)
    if result.wasSuccessful():
        report.ok("the runner's own tests")
    else:
        report.fail("the runner's own tests", "\n".join(text for _, text in result.failures + result.errors))


def check_schemas(schemas, options, report):
    """Whether the transcripts show all that the schemas say; only all of them together can."""
    if options.against == "leat" and options.protocol == "both" and not options.only:
        compare(report, "reply schemas", lambda: [("transcripts show every alternative", schemas.why_unproved())])


def check_commands_doc(servers, report):
    name = "docs/commands.md"
    if servers.name == "redis" or not report.selected(name):
        return
    with servers.start({}) as server:
        compare(report, name, lambda: [("says what COMMAND DOCS says", commands_doc.difference(server))])


def check_error_texts(servers, scripts, report):
    name = "error texts"
    if servers.name != "redis" and report.selected(name):
        compare(report, name, lambda: [("each stands in a transcript", error_texts.difference(scripts))])


def compare_with_oracle(servers, report, directory, seeds):
    """Leat and the oracle side by side: the rows of the command table, and the same random commands."""
    tests = ("command table", "random commands", "random trims")
    if servers.name == "redis" or not any(map(report.selected, tests)):
        return
    if not pathlib.Path(REDIS_BINARY).exists():
        for name in filter(report.selected, tests):
            report.skip(name, f"no oracle at {REDIS_BINARY}")
        return
    with servers.start({}) as server, Server.redis(pathlib.Path(directory) / "oracle") as oracle:
        if report.selected(tests[0]):
            compare(report, tests[0], lambda: command_rows.differences(server, oracle))
        if report.selected(tests[1]):
            compare(report, tests[1], lambda: seeded(random_commands, seeds, server, oracle))
        if report.selected(tests[2]):
            compare(report, tests[2], lambda: seeded(random_trims, seeds, server, oracle))


def seeded(commands, seeds, server, oracle):
    return ((f"seed {n}", commands.difference(n, server, oracle)) for n in range(1, seeds + 1))


def compare(report, name, differences):
    try:
        for what, why in differences():
            if why:
                report.fail(f"{name}: {what}", why)
            else:
                report.ok(f"{name}: {what}")
    except (ValueError, OSError, ConnectionClosed, ProtocolError) as error:
        report.fail(name, f"{type(error).__name__}: {error}")


def parse_options():
    parser = arguments(__doc__)
    parser.add_argument("--against", choices=["leat", "redis"], default="leat", help="the server to play against")
    parser.add_argument("--protocol", choices=["2", "3", "both"], default="both", help="RESP version of the connections")
    parser.add_argument("--random", metavar="N", type=int, default=20, help="seeds of random commands to compare")
    parser.add_argument("--fill", metavar="FILE", type=pathlib.Path, help="print FILE with the missing replies, and exit")
    options = parser.parse_args()
    binary = pathlib.Path(REDIS_BINARY if options.against == "redis" else options.leat)
    if not binary.exists():
        parser.exit(2, f"run.py: no server at {binary}\n")
    return options


def main():
    options = parse_options()
    report = Report(options.only)
    # A snapshot that the oracle was making when it was killed is its child's, who may write on.
    with tempfile.TemporaryDirectory(prefix="leat-conformance-", ignore_cleanup_errors=True) as directory:
        servers = Servers(options, directory)
        try:
            if options.fill:
                print(fill.filled(options.fill, servers), end="")
                return 0
            scripts = [transcript.read(path) for path in sorted(HERE.rglob("*.resp"))]
            check_runner(report)
            schemas = read_schemas(servers, report)
            for script in scripts:
                for protocol in script.protocols:
                    name = f"{script.path.relative_to(HERE).with_suffix('').as_posix()} (RESP{protocol})"
                    if options.protocol in (str(protocol), "both") and report.selected(name):
                        play_file(servers, script, protocol, schemas, report)
            check_schemas(schemas, options, report)
            check_commands_doc(servers, report)
            check_error_texts(servers, scripts, report)
            compare_with_oracle(servers, report, directory, options.random)
        except (transcript.TranscriptError, StartFailed) as error:
            print(f"run.py: {error}", file=sys.stderr)
            return 2
        finally:
            if servers.shared:
                servers.shared.kill()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
