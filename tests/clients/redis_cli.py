"""redis-cli: the stream commands in both protocols (transcripts), and the modes in which people run it."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

from leatlib.resp import encode
from suite import Skip, Suite, contains, equal, fits, version_tuple

TRANSCRIPTS = pathlib.Path(__file__).resolve().parent / "redis_cli_transcripts"
SECONDS_MAX = 20
THREE_ENTRIES = [
    "XADD temperatures 1692632086370-0 sensor north celsius 21.5",
    "XADD temperatures 1692632094485-0 sensor south celsius 24.1",
    "XADD temperatures 1692632102976-0 sensor north celsius 21.9",
]
PREPARATIONS = {
    "three": THREE_ENTRIES,
    "pending": [
        *THREE_ENTRIES,
        "XGROUP CREATE temperatures alerts 0",
        "XREADGROUP GROUP alerts alice COUNT 2 STREAMS temperatures >",
        "XREADGROUP GROUP alerts bob COUNT 1 STREAMS temperatures >",
    ],
}

suite = Suite("redis-cli")
test = suite.test


def redis_cli(target, *arguments, text=""):
    """Runs redis-cli to its end and returns what it printed. `text` is its standard input."""
    if not shutil.which("redis-cli"):
        raise Skip("redis-cli is not installed")
    command = ["redis-cli", "-p", str(target.port), *map(str, arguments)]
    raw = text if isinstance(text, bytes) else text.encode()
    done = subprocess.run(command, input=raw, capture_output=True, timeout=SECONDS_MAX)
    return (done.stdout + done.stderr).decode(errors="replace")


class Section:
    """One test of a transcript: its name, and its steps ("$", preparation) or (command, [printed line, ...])."""

    def __init__(self, name):
        self.name = name
        self.steps = []


def read_transcript(path):
    sections = []
    for line in path.read_text().splitlines():
        if line.startswith("# ") or line in ("", "#"):
            continue
        if line.startswith("## "):
            sections.append(Section(line[3:]))
        elif line.startswith("$ "):
            sections[-1].steps.append(("$", PREPARATIONS[line[2:]]))
        elif line.startswith("> "):
            sections[-1].steps.append((line[2:], []))
        else:
            sections[-1].steps[-1][1].append(line)
    return sections


def applies(line, version):
    """The line without its version mark, or None if it is not for this version."""
    mark = re.match(r"\[(since|before) ([\d.]+)\]", line)
    if not mark:
        return line
    wanted = (version >= version_tuple(mark[2])) == (mark[1] == "since")
    return line[mark.end() :] if wanted else None


def matches(printed, expected, version):
    lines = [line for line in (applies(line, version) for line in expected) if line is not None]
    pattern = " ".join(re.escape(" ".join(line.split())) for line in lines)
    pattern = pattern.replace(re.escape("{any}"), r"\S+").replace(re.escape("{rest}"), ".*")
    return re.fullmatch(pattern, " ".join(printed.split())) is not None


def play(section, target, protocol):
    arguments = ["--no-raw"] + (["-3"] if protocol == 3 else [])
    for command, expected in section.steps:
        if command == "$":
            redis_cli(target, text="\n".join(expected))
            continue
        printed = redis_cli(target, *arguments, text=command + "\n")
        if not matches(printed, expected, target.streams):
            raise AssertionError("\n".join([f"{command} printed", printed.rstrip(), "instead of", *expected]))


def register_transcripts():
    for name, protocols in (("streams", (2, 3)), ("streams-resp2", (2,)), ("streams-resp3", (3,))):
        for section in read_transcript(TRANSCRIPTS / f"{name}.txt"):
            for protocol in protocols:
                test(f"{section.name} (RESP{protocol})")(
                    lambda target, section=section, protocol=protocol: play(section, target, protocol)
                )


register_transcripts()


@test("raw output and arguments")
def raw_output(target):
    equal(redis_cli(target, "XADD", "s", "1-1", "name", "two words"), "1-1\n")
    equal(redis_cli(target, "XRANGE", "s", "-", "+"), "1-1\nname\ntwo words\n")
    equal(redis_cli(target, "-x", "XADD", "s", "2-1", "body", text=b"from stdin \x01"), "2-1\n")
    equal(redis_cli(target, "-r", 3, "XADD", "s", "3-*", "n", "1"), "3-0\n3-1\n3-2\n")
    equal(redis_cli(target, "XLEN", "s"), "5\n")


@test("--json")
def json_output(target):
    redis_cli(target, "XADD", "s", "1-1", "a", "b")
    equal(json.loads(redis_cli(target, "--json", "XRANGE", "s", "-", "+")), [["1-1", ["a", "b"]]])
    equal(json.loads(redis_cli(target, "--json", "XREAD", "STREAMS", "s", "0")), {"s": [["1-1", ["a", "b"]]]})
    stream = json.loads(redis_cli(target, "--json", "XINFO", "STREAM", "s"))
    equal((stream["length"], stream["first-entry"]), (1, ["1-1", ["a", "b"]]))
    equal(json.loads(redis_cli(target, "--json", "XADD", "none", "NOMKSTREAM", "*", "a", "b")), None)


@test("--pipe")
def mass_insertion(target):
    commands = b"".join(encode("XADD", "s", f"{number}-0", "text", "x" * 100) for number in range(1, 10001))
    printed = redis_cli(target, "--pipe", text=commands + encode("XADD", "s", "1-0", "late", "x"))
    contains(printed, "errors: 1, replies: 10001")
    equal(target.control("XLEN", "s"), 10000)


@test("--bigkeys, --memkeys, --scan")
def key_reports(target):
    for number in range(1, 6):
        target.control("XADD", "longest", f"{number}-0", "n", number)
    target.control("XADD", "short", "1-0", "n", 1)
    target.control("SET", "text", "abc")
    printed = redis_cli(target, "--bigkeys")
    contains(printed, """Biggest stream found '"longest"' has 5 entries""", "2 streams with 6 entries")
    printed = redis_cli(target, "--memkeys")
    fits(printed, r"""(?s).*Biggest stream found '"\w+"' has \d+ bytes.*""")
    equal(sorted(redis_cli(target, "--scan").split()), ["longest", "short", "text"])
    equal(redis_cli(target, "--scan", "--pattern", "sh*").split(), ["short"])


@test("MONITOR")
def monitor(target):
    with Running(target, "MONITOR") as watching:
        equal(watching.line(), "OK")
        target.control("XADD", "s", "1-1", "name", 'say "hi"\r\n')
        line = watching.line()
    fits(line, r'\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "XADD" "s" "1-1" "name" "say \\"hi\\"\\r\\n"')


@test("SUBSCRIBE")
def subscribe(target):
    with Running(target, "SUBSCRIBE", "news") as listening:
        equal([listening.line() for _ in range(3)], ["subscribe", "news", "1"])
        target.control("PUBLISH", "news", "hello")
        equal([listening.line() for _ in range(3)], ["message", "news", "hello"])


@test("--stat")
def stat(target):
    target.control("XADD", "s", "1-1", "a", "b")
    with Running(target, "--stat", "-i", "0.1") as running:
        heading, names, line = running.line(), running.line(), running.line()
    contains(heading, "data", "load")
    equal(names.split()[:3], ["keys", "mem", "clients"])
    equal(line.split()[0], "1", line)


@test("--latency")
def latency(target):
    """With --raw it samples for a second and prints minimum, maximum, average and the number of samples."""
    fits(redis_cli(target, "--latency", "--raw", "-i", "1"), r"\d+ \d+ [\d.]+ [1-9]\d+\s*")


@test("the interactive prompt")
def interactive(target):
    """At its start the prompt asks for COMMAND DOCS; `help` shows what it understood of them."""
    printed = type_at_prompt(target, ["XLEN s", "XADD s 1-1 a b", "help XADD"])
    contains(printed, "(integer) 0", '"1-1"', "since: 5.0.0", "group: stream")


@test("database, name of the connection, INFO")
def connection_options(target):
    equal(redis_cli(target, "-n", 3, "XADD", "s", "1-1", "a", "b"), "1-1\n")
    equal(redis_cli(target, "DBSIZE"), "0\n")
    equal(redis_cli(target, "-u", f"redis://127.0.0.1:{target.port}/3", "DBSIZE"), "1\n")
    contains(redis_cli(target, "INFO", "server"), "redis_version:", "run_id:")
    equal(redis_cli(target, "PING"), "PONG\n")


class Running:
    """redis-cli in a mode that goes on for ever; line() waits for the next line that it prints."""

    def __init__(self, target, *arguments):
        if not shutil.which("redis-cli"):
            raise Skip("redis-cli is not installed")
        command = ["redis-cli", "-p", str(target.port), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def line(self):
        deadline = time.monotonic() + SECONDS_MAX
        while b"\n" not in self._received:
            ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
            chunk = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"no line, only {self._received!r}")
            self._received += chunk
        line, self._received = self._received.split(b"\n", 1)
        return line.decode().rstrip("\r")


def type_at_prompt(target, lines):
    """Starts redis-cli on a terminal, types the lines and `exit`, and returns all that it printed, colours removed."""
    if not shutil.which("redis-cli"):
        raise Skip("redis-cli is not installed")
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "dumb"
        os.environ["REDISCLI_HISTFILE"] = "/dev/null"
        os.execvp("redis-cli", ["redis-cli", "-p", str(target.port)])
    os.write(terminal, "".join(f"{line}\n" for line in [*lines, "exit"]).encode())
    printed = b""
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while time.monotonic() < deadline:
            ready, _, _ = select.select([terminal], [], [], 1.0)
            chunk = os.read(terminal, 65536) if ready else b""
            if ready and not chunk:
                break
            printed += chunk
    except OSError:  # The terminal's other end was closed: redis-cli has ended.
        pass
    finally:
        os.close(terminal)
        os.waitpid(child, 0)
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", printed.decode(errors="replace"))
