"""Which C++ files there are, their format, and the house rules."""

import re
import subprocess

import shell

FORMATTED = {".h", ".cc"}
MAIN = "main"  # The branch that changes are compared with.


def sources():
    """Every C++ file, relative to the root."""
    found = [p for folder in ("src", "tests") for p in (shell.ROOT / folder).rglob("*") if p.suffix in FORMATTED]
    found = [p for p in found if not {"node_modules", "build"} & set(p.relative_to(shell.ROOT).parts)]
    return sorted(p.relative_to(shell.ROOT).as_posix() for p in found)


def units():
    """Every C++ file that is compiled by itself; the headers are checked with those."""
    return [f for f in sources() if f.endswith(".cc")]


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
