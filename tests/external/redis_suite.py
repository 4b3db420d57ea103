#!/usr/bin/python3
"""Plays Redis' own tests of streams, as Debian's source package has them, against Leat. By hand: they are not part of this
tree, and fetching them needs a `deb-src` line in apt's sources.

    apt-get source redis && apt-get install tcl
    tests/external/redis_suite.py --source redis-7.0.15

Each of their tests is a test here. Those of 7.0 that a newer Redis or Leat answers otherwise are in DIFFERENT, each with its
reason; one that is named there and passes is a failure, too.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from leatlib import report  # noqa: E402
from leatlib.server import Server  # noqa: E402

UNITS = ("unit/type/stream", "unit/type/stream-cgroups")
UNIT_SECONDS = 300
WAKES = "since 7.2 a reader that is woken answers as a new call would"
DIFFERENT = {
    "Blocking XREADGROUP: key deleted": WAKES,
    "Blocking XREADGROUP: key type changed with SET": WAKES,
    "Blocking XREADGROUP: key type changed with transaction": WAKES,
    "Blocking XREADGROUP: flushed DB": WAKES,
    "Consumer without PEL is present in AOF after AOFRW": "since 7.2 a read that blocks makes its consumer",
    "Consumer group lag with XDELs": "lag is exact, never nil",
    "XINFO FULL output": "counts fields; newer ones came with 7.2, 8.6 and 8.8",
}
NO_LISTS = "needs lists, which Leat does not have"
SKIPPED = {"XREAD: XADD + DEL + LPUSH should not awake client": NO_LISTS}
UNSUITED = "Not supported on external server"  # Of one test, or of all in a block, which has no name.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# "[ok]: NAME (12 ms)", "[err]: NAME in FILE"; all that went wrong is repeated at the end, behind "*** ".
RESULT = re.compile(r"^\[(ok|err|exception|ignore)\]: (.*?)(?: \(\d+ ms\)| in tests/\S+)?$", re.MULTILINE)


def play(unit, source, port):
    """[(outcome, name)] of the unit's tests, and all that it printed."""
    command = ["tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1", "--port", str(port), "--single", unit, "--durable"]
    for name in SKIPPED:
        command += ["--skiptest", name]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, errors="replace", timeout=UNIT_SECONDS, check=False)
    output = COLOURS.sub("", done.stdout)
    return RESULT.findall(output), output


def judge(result, unit, found, output):
    names = [name for outcome, name in found if outcome in ("ok", "err")]
    if not names or any(outcome == "exception" for outcome, _ in found):
        result.fail(unit, f"was not played to its end\n{output[-2000:]}")
    for outcome, name in found:
        reason = DIFFERENT.get(name)
        if outcome == "ignore":
            test = name.removesuffix(UNSUITED).removesuffix(": ") or "a block of tests"
            result.skip(f"{unit}: {test}", "the suite does not play it against a server that runs already")
        elif outcome == "ok" and reason:
            result.fail(f"{unit}: {name}", f"passes, so DIFFERENT need not name it ({reason})")
        elif outcome == "err" and not reason:
            result.fail(f"{unit}: {name}", output[output.index(name) :][:400])
        elif outcome in ("ok", "err"):
            result.ok(f"{unit}: {name}" + (f" (differs: {reason})" if reason else ""))


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--source", required=True, type=pathlib.Path, metavar="DIR", help="the unpacked source package")
    options = parser.parse_args()
    result = report.Report(options.only)
    for unit in filter(result.selected, UNITS):
        with tempfile.TemporaryDirectory(prefix="leat-external-") as directory:
            with Server.leat(options.leat, directory, enable_debug_command="yes") as server:
                judge(result, unit, *play(unit, options.source, server.port))
    for name, why in SKIPPED.items():
        result.skip(name, why)
    return result.finish()


if __name__ == "__main__":
    sys.exit(main())
