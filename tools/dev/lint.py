"""clang-tidy, a folder at a time.

Most of what clang-tidy does for a file it does for the headers of the library, again for each file: a file of ten lines takes
as long as one of five hundred. Therefore the files of a folder are checked as parts of one translation unit, which includes
up to BATCH of them. Files that define the same local name go into different ones. What can't be compiled together all the
same is checked one file at a time: that costs time and changes no finding.
"""

import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess

import build
import quality
import shell
from tally import Tally

FOLDER = "build/lint"
# What is not asked of tests: GoogleTest's assertions expand to branches, which the analyzer is slow on and the measures of a
# function count; and tests are written to be read, not to be fast. They run under sanitizers.
NOT_IN_TESTS = "-clang-analyzer-*,-performance-inefficient-*,-readability-function-cognitive-complexity,-readability-function-size"

# Three times as much work as all other checks together: for the files that somebody works on, not for the whole tree.
ANALYZER = "-clang-analyzer-*"

BATCH = 12  # Files; more is quicker as a whole, and worse to share among CPUs.

# What a file defines at namespace scope, as formatted here: constants, types, functions that are no members.
LOCAL_NAME = re.compile(r"^(?:(?:inline )?const(?:expr|init)? .*?\b(k[A-Z]\w*)\b(?:\[\w*\])? ?[={]|(?:struct|class|enum class) (\w+)\b.*\{|using (\w+) ="
                        r"|(?:extern \"C\" )?(?!TEST)\w[\w:<>,*& ]*[ *&](\w+)\()", re.M)


def is_test(file):
    return file.endswith("_test.cc")


def compiler_flags():
    """Every definition and folder of includes that some file is compiled with, and the language; the same for all files.

    But for what stands in for the allocator under sanitizers: what runs elsewhere is checked.
    """
    entries = json.loads((shell.ROOT / "build/dev/compile_commands.json").read_text())
    words = [word for entry in entries for word in shlex.split(entry["command"])]
    flags = [*dict.fromkeys(w for w in words if re.match(r"-D(?!LEAT_SANITIZED)|-I|-std=|-fno-exceptions", w))]
    return [*flags, "-Xclang", "-analyzer-opt-analyze-headers"]  # For the analyzer, what a unit includes is a header.


def local_names(file):
    return {name for found in LOCAL_NAME.findall((shell.ROOT / file).read_text()) for name in found if name}


def batches(files):
    """`files` in groups of at most BATCH that have a folder, and being tests, in common, but no local name; the largest first."""
    groups = {}  # (Folder, is a test) -> [(files, their local names)].
    for file in files:
        names = local_names(file)
        known = groups.setdefault((str(pathlib.PurePath(file).parent), is_test(file)), [])
        chosen = next((g for g in known if len(g[0]) < BATCH and not g[1] & names), None)
        if chosen is None:
            known.append(chosen := ([], set()))
        chosen[0].append(file)
        chosen[1].update(names)
    return sorted((g[0] for known in groups.values() for g in known), key=len, reverse=True)


def lint_all():
    """Every source, without the analyzer."""
    lint(quality.units(), analyzer=False)


def lint(files, analyzer=True):
    """clang-tidy over `files`, as many batches at a time as there are CPUs; raises StepFailed if it finds anything."""
    build.configure("dev")
    flags = compiler_flags()
    groups = batches(files)
    print(f"$ clang-tidy-19 {FOLDER}/BATCH.cc -- {shlex.join(flags)}   ({len(files)} files in {len(groups)} batches, "
          f"{shell.CPUS} at a time)", flush=True)
    shown, blamed = set(), set()
    with concurrent.futures.ThreadPoolExecutor(shell.CPUS) as pool:
        for group, findings in pool.map(lambda group: (group, check(group, flags, analyzer)), groups):
            print("".join(f for f in findings if f not in shown), end="", flush=True)
            shown.update(findings)  # One in a header comes up in every batch that includes it.
            blamed.update(file_of(f, group) for f in findings)
    tally = Tally(passed=len(set(files) - blamed), failed=len(blamed))
    print(f"clang-tidy: {tally}", flush=True)
    if blamed:
        raise shell.StepFailed("clang-tidy has findings", "./dev lint " + " ".join(sorted(blamed)))


def file_of(finding, group):
    """The file that `finding` is in; the first of its group if that is not said."""
    named = re.match(r"(\S+?):\d+:\d+: ", finding)
    return named.group(1) if named else group[0]


def check(group, flags, analyzer=True):
    """The findings in `group`."""
    findings = clang_tidy(group, flags, analyzer)
    if len(group) > 1 and any("[clang-diagnostic-error" in f for f in findings):
        print(f"{', '.join(group)}: checked one at a time, as they can't be compiled together:\n{findings[0]}", flush=True)
        findings = [f for file in group for f in clang_tidy([file], flags, analyzer)]
    return findings


def clang_tidy(group, flags, analyzer):
    """The findings of one run of clang-tidy over a unit that includes the files of `group`."""
    unit = shell.ROOT / FOLDER / (re.sub(r"\W", "_", group[0]) + ".cc")
    unit.parent.mkdir(parents=True, exist_ok=True)
    unit.write_text("".join(f'#include "{shell.ROOT / file}"\n' for file in group))
    off = [NOT_IN_TESTS] if is_test(group[0]) else [] if analyzer else [ANALYZER]
    done = subprocess.run(["clang-tidy-19", "--quiet", *(f"--checks={checks}" for checks in off), str(unit), "--", *flags], cwd=shell.ROOT, text=True,
                          errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return [] if done.returncode == 0 else findings_of(done.stdout) or [done.stdout + done.stderr]


def findings_of(output):
    """The findings in clang-tidy's output, each with the source lines below it but without the notes that explain it."""
    output = re.sub(r"(?m)^\d+ warnings? generated\.\n", "", output)
    blocks = re.split(r"(?m)^(?=/\S+:\d+:\d+: (?:error|warning|note): )", output)
    return [b.replace(f"{shell.ROOT}/", "") for b in blocks if re.match(r"\S+ (error|warning): ", b)]
