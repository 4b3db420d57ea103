"""Fuzz targets: tests/fuzz/<target>_fuzz.cc, with their seeds in tests/fuzz/corpus/<target>/, and in SEEDS."""

import os
import re

import build
import shell

SMOKE_S = 30
INPUT_S_MAX = 10  # One input that takes longer is a finding.
MEMORY_MB_MAX = 2048
SEEDS = {"command": ["tests/conformance"]}  # Target -> folders of other suites that are seeds as they are.


def targets():
    return sorted(p.name.removesuffix("_fuzz.cc") for p in (shell.ROOT / "tests/fuzz").glob("*_fuzz.cc"))


def build_targets(names):
    build.build("fuzz", *[f"{name}_fuzz" for name in names])


def fuzz(name, seconds):
    """Runs one built target; what it finds new goes to build/fuzz/corpus, what fails it to build/fuzz/failures."""
    found, failures = (shell.ROOT / "build/fuzz" / folder / name for folder in ("corpus", "failures"))
    found.mkdir(parents=True, exist_ok=True)
    failures.mkdir(parents=True, exist_ok=True)
    seeds = [f"tests/fuzz/corpus/{name}", *SEEDS.get(name, [])]
    corpora = [os.path.relpath(found, shell.ROOT), *(folder for folder in seeds if (shell.ROOT / folder).is_dir())]
    done = shell.run([f"build/fuzz/{name}_fuzz", f"-max_total_time={seconds}", f"-timeout={INPUT_S_MAX}", f"-rss_limit_mb={MEMORY_MB_MAX}",
                      "-verbosity=0", "-print_final_stats=1", f"-artifact_prefix=build/fuzz/failures/{name}/", *corpora],
                     env={"ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"}, repeat=f"./dev fuzz {name}", quiet=True)
    stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)$", done.output, re.M))
    print(f"{name}: {stats['number_of_executed_units']} runs, {stats['new_units_added']} new inputs, at most {stats['peak_rss_mb']} MB")
