"""Format, house rules and clang-tidy."""

import concurrent.futures
import dataclasses
import re
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
    print("$ clang-format-19 --dry-run --Werror FILE   (every C++ file)", flush=True)
    done = subprocess.run(["clang-format-19", "--dry-run", "--Werror", *sources()], cwd=shell.ROOT, text=True, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL)
    wrong = sorted(set(re.findall(r"(?m)^(\S+?):\d+:\d+: error: ", done.stderr)))
    if wrong or done.returncode != 0:
        raise shell.StepFailed(f"not formatted: {' '.join(wrong) or done.stderr}", "./dev fmt")


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
    tally, failures, shown = Tally(), [], set()
    with concurrent.futures.ThreadPoolExecutor(shell.CPUS) as pool:
        for file, findings in pool.map(lambda f: (f, clang_tidy(f, deadline)), units):
            if findings is None:
                tally += Tally(skipped=1)
            elif findings:
                print("".join(f for f in findings if f not in shown), end="", flush=True)
                shown.update(findings)  # One of a header comes up in every file that includes it.
                tally += Tally(failed=1)
                failures.append(file)
            else:
                tally += Tally(passed=1)
    print(f"clang-tidy: {tally}", flush=True)
    return Linted(tally, tuple(failures))


def clang_tidy(file, deadline):
    """What clang-tidy finds in `file`, None if there was no time left."""
    if deadline is not None and time.monotonic() > deadline:
        return None
    checks = ["--checks=-clang-analyzer-*"] if file.endswith("_test.cc") else []  # Slow on GoogleTest; tests run under sanitizers.
    done = subprocess.run(["clang-tidy-19", "-p", "build/dev", "--quiet", *checks, file], cwd=shell.ROOT, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return [] if done.returncode == 0 else findings_of(done.stdout) or [done.stdout + done.stderr]


def findings_of(output):
    """The findings in clang-tidy's output, each with the source lines below it but without the notes that explain it."""
    output = re.sub(r"(?m)^\d+ warnings? generated\.\n", "", output)
    blocks = re.split(r"(?m)^(?=/\S+:\d+:\d+: (?:error|warning|note): )", output)
    return [b.replace(f"{shell.ROOT}/", "") for b in blocks if re.match(r"\S+ (error|warning): ", b)]
