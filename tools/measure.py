#!/usr/bin/python3
"""Prints the shape of the C++ code below FOLDER (default: src), tests left out: sizes of files and functions, asserts,
and whether folders include each other in a circle. `./dev measure` runs it; the limits are those of tools/tidy.py and
.clang-tidy, this shows how far from them the code is."""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FUNCTION_LINES_MAX = 70

NOT_A_FUNCTION = re.compile(r"(namespace|class|struct|enum|union|extern|typedef|using|public|private|protected)\b")
ASSERT = re.compile(r"\b(LEAT_CHECK\w*|static_assert)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include "([a-z_]+)/', re.M)
HEAD_LINES_MAX = 14


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".h", ".cc") and not p.stem.endswith("_test"))


def head_end(lines, start):
    """The line on which what begins at `start` ends its head: with a brace or a semicolon."""
    last = min(len(lines), start + HEAD_LINES_MAX) - 1
    return next((i for i in range(start, last) if lines[i].rstrip().endswith(("{", ";", "}"))), last)


def functions(lines):
    """(number of lines, first line) of each function. The format puts its head and its last brace in column 0."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if line and line[0] not in " \t#/*}" and not NOT_A_FUNCTION.match(line):
            end = head_end(lines, at)
            head = " ".join(lines[at:end + 1]).rstrip()
            if head.endswith("{") and "(" in head and not head.endswith("= {"):
                close = next((i for i in range(end + 1, len(lines)) if lines[i].startswith("}")), len(lines) - 1)
                yield close - at + 1, line
                at = close
        at += 1


def circles(edges):
    """The groups of folders that include each other, directly or not (folders that reach and are reached)."""
    def reach(start):
        seen, todo = set(), [start]
        while todo:
            for target in edges[todo.pop()] - seen:
                seen.add(target)
                todo.append(target)
        return seen

    reached = {folder: reach(folder) for folder in list(edges)}
    return sorted({tuple(sorted(b for b in reached if a in reached[b] and b in reached[a])) for a in reached if a in reached[a]})


def quantiles(values):
    """'median, 9th of 10, largest' of (number, name) pairs."""
    if not values:
        return "none"
    ordered = sorted(values)
    pick = [ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.9)]
    return f"median {pick[0][0]}, p90 {pick[1][0]}, largest {ordered[-1][0]} ({ordered[-1][1]})"


def report(folder):
    files, bodies, asserts = [], [], 0
    edges, per_folder = collections.defaultdict(set), collections.Counter()
    for path in sources(folder):
        text = path.read_text()
        lines = text.splitlines()
        name, module = path.relative_to(folder).as_posix(), path.relative_to(folder).parts[0]
        files.append((len(lines), name))
        per_folder[module] += 1
        asserts += len(ASSERT.findall(text))
        edges[module] |= {target for target in INCLUDE.findall(text) if target != module}
        if path.suffix == ".cc":
            bodies += [(length, f"{name}: {head[:60]}") for length, head in functions(lines)]
    total = sum(count for count, _ in files)
    long = sum(length > FUNCTION_LINES_MAX for length, _ in bodies)
    yield f"files      {len(files)}, {total} lines: {quantiles(files)}"
    yield f"functions  {len(bodies)}, {long} over {FUNCTION_LINES_MAX} lines: {quantiles(bodies)}"
    yield f"asserts    {asserts}, {1000 * asserts / max(1, total):.1f} per 1000 lines"
    yield "folders    " + ", ".join(f"{module} {count}" for module, count in sorted(per_folder.items()))
    yield "circles    " + ("; ".join(" <-> ".join(group) for group in circles(edges)) or "none")


def main():
    folder = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "src")
    if not folder.is_dir():
        print(f"measure: no folder {folder}", file=sys.stderr)
        return 2
    print("\n".join(report(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
