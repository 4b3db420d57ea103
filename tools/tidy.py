#!/usr/bin/env python3
"""Rules of this code base that no compiler checks. Prints `file:line: rule` and exits 1 on any."""
import pathlib, re, subprocess, sys

def layers():
    """module -> modules it may include, read from the `leat_module(name DEPS ...)` lines of CMake: the only list."""
    found = re.findall(r"^leat_module\((\w+)\s*(?:DEPS\s+([\w\s]+))?\)", pathlib.Path("CMakeLists.txt").read_text(), re.M)
    return {name: deps.split() for name, deps in found}

BANNED = [  # (pattern, where it is allowed, what to use instead)
    (r"\b(system|steady|high_resolution)_clock::now", "src/io/", "io::Clock"),
    (r"\bstd::(rand|random_device)\b", "src/io/", "io::Random"),
    (r"\bstd::(j?thread|mutex|condition_variable)\b", ("src/server/", "src/io/"), "messages, base/ring.h"),
    (r"\bstd::(async|regex)\b", None, "nothing hidden: no pool, no recursion on input"),
    (r"(?<![\w.>])::?(open|pwrite|write|fsync|fdatasync|rename|socket|accept)\(", "src/io/", "io/"),
    (r"\bco_(await|yield|return)\b", None, "g++ 12 miscompiles coroutines, docs/adr/0003"),
    (r"\bshared_ptr\b", "src/server/", "unique_ptr or a value"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", None, "an issue"),
    (r"\bthrow\b|\bcatch\s*\(", "tests/", "Result"),
]
LINES_MAX = {".h": 400, ".cc": 800}
LAYERS = layers()

def check(path, errors):
    text = path.read_text().splitlines()
    rel = path.as_posix()
    is_test = rel.endswith("_test.cc") or rel.startswith("tests/")
    if len(text) > LINES_MAX[path.suffix] and not is_test:
        errors.append(f"{rel}:1: {len(text)} lines; split it (max {LINES_MAX[path.suffix]})")
    if path.suffix == ".h" and (not text or not text[0].startswith("//")):
        errors.append(f"{rel}:1: a header starts with what it is for")
    for number, line in enumerate(text, 1):
        code = line.split("//")[0]
        for pattern, allowed, instead in BANNED:
            if re.search(pattern, line if "TODO" in pattern else code) and not (allowed and rel.startswith(allowed)) and not (is_test and "TODO" not in pattern):
                errors.append(f"{rel}:{number}: banned: {pattern}; use {instead}")
        include = re.match(r'#include "([a-z_]+)/', line)
        if include and rel.startswith("src/"):
            module, target = rel.split("/")[1], include.group(1)
            if target != module and target in LAYERS and target not in LAYERS[module]:
                errors.append(f"{rel}:{number}: layer: {module} may not include {target}")

def main():
    files = [p for root in ("src", "tests") for p in sorted(pathlib.Path(root).rglob("*")) if p.suffix in LINES_MAX]
    errors = []
    for path in files: check(path, errors)
    print("\n".join(errors + [f"tidy: {len(files)} files, {len(errors)} findings"]))
    return 1 if errors else 0

if __name__ == "__main__": sys.exit(main())
