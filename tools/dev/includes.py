"""That every source includes what it uses: presets compile several as one, which hides who relies on a neighbour."""

import concurrent.futures
import random
import subprocess

import build
import lint
import quality
import shell

SAMPLE = 60  # Sources that CI looks at; over its runs it looks at all.


def check_some():
    """SAMPLE sources, drawn with a printed seed."""
    seed = random.SystemRandom().randrange(1_000_000)
    files = random.Random(seed).sample(quality.units(), min(SAMPLE, len(quality.units())))
    print(f"# {len(files)} sources, seed {seed}", flush=True)
    check(files)


def check(files):
    """Compiles each of `files` by itself; raises StepFailed with those that can't be."""
    build.configure("dev")
    flags = lint.compiler_flags()
    print("$ clang++-19 -fsyntax-only FILE   (each by itself)", flush=True)
    with concurrent.futures.ThreadPoolExecutor(shell.CPUS) as pool:
        wrong = {file: errors for file, errors in zip(files, pool.map(lambda file: errors_of(file, flags), files)) if errors}
    for file, errors in wrong.items():
        print(f"{file}: {errors}", flush=True)
    if wrong:
        raise shell.StepFailed("sources that can't be compiled by themselves", "./dev includes " + " ".join(wrong))


def errors_of(file, flags):
    """What the compiler says of `file` alone; empty when there is nothing."""
    done = subprocess.run(["clang++-19", "-fsyntax-only", *flags, file], cwd=shell.ROOT, text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.stdout if done.returncode else ""
