"""Format, house rules and clang-tidy."""

import concurrent.futures
import dataclasses
import subprocess
import time

import build
import shell
from tally import Tally

FORMATTED = {".h", ".cc"}
MAIN = "main"  # The branch that changes are compared with.


def sources():
    """Every C++ file, relative to the root."""
    found = [p for folder in ("src", "tests") for p in (shell.ROOT / folder).rglob("*") if p.suffix in FORMATTED]
    found = [p for p in found if not {"node_modules", "build"} & set(p.relative_to(shell.ROOT).parts)]
    return sorted(p.relative_to(shell.ROOT).as_posix() for p in found)


def changed():
    """The files that differ from where this branch left main, or on main itself from the commit before; new ones included."""
    git = ["git", "-c", "safe.directory=*"]  # A clone made by one user and built by another is fine here.
    head = shell.read([*git, "rev-parse", "HEAD"]).strip()
    bases = [shell.read([*git, "merge-base", "HEAD", name]).strip() for name in (f"origin/{MAIN}", MAIN)]
    base = next((b for b in bases if b and b != head), "HEAD~1")
    listed = shell.read([*git, "diff", "--name-only", "--diff-filter=d", base]) + shell.read([*git, "ls-files", "--others", "--exclude-standard"])
    return set(listed.split("\n")) - {""}


def format_files():
    files = sources()
    if files:
        shell.run(["clang-format-19", "-i", *files])


def check_format():
    files = sources()
    if files:
        shell.run(["clang-format-19", "--dry-run", "--Werror", *files], repeat="./dev fmt")


def check_rules():
    shell.run(["/usr/bin/python3", "-B", "tools/tidy.py"])


@dataclasses.dataclass(frozen=True)
class Linted:
    tally: Tally
    failures: tuple[str, ...]


def lint(files, seconds=None):
    """clang-tidy over `files`, as many at a time as there are CPUs. Those not begun after `seconds` count as skipped."""
    build.configure("dev")
    deadline = None if seconds is None else time.monotonic() + seconds
    units = [f for f in files if f.endswith(".cc") and not f.startswith("tests/fuzz/")]  # Headers are checked by who includes them.
    print(f"$ clang-tidy-19 -p build/dev FILE   ({len(units)} files, {shell.CPUS} at a time)", flush=True)
    tally, failures = Tally(), []
    with concurrent.futures.ThreadPoolExecutor(shell.CPUS) as pool:
        for file, output in pool.map(lambda f: (f, clang_tidy(f, deadline)), units):
            if output is None:
                tally += Tally(skipped=1)
            elif output:
                print(output, flush=True)
                tally += Tally(failed=1)
                failures.append(file)
            else:
                tally += Tally(passed=1)
    print(f"clang-tidy: {tally}", flush=True)
    return Linted(tally, tuple(failures))


def clang_tidy(file, deadline):
    """What clang-tidy says about `file`: empty if nothing, None if there was no time left."""
    if deadline is not None and time.monotonic() > deadline:
        return None
    done = subprocess.run(["clang-tidy-19", "-p", "build/dev", "--quiet", file], cwd=shell.ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return "" if done.returncode == 0 else done.stdout + done.stderr
