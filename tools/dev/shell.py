"""Running commands: each is printed before it runs, and the first that fails ends the subcommand."""

import dataclasses
import os
import pathlib
import shlex
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPUS = len(os.sched_getaffinity(0))
OUTPUT_SHOWN_MAX = 20_000  # Characters of what was kept back and then failed.


@dataclasses.dataclass
class StepFailed(Exception):
    """A step of a subcommand failed. `why` is a sentence, `repeat` the one line that runs the step again."""

    why: str
    repeat: str


def printable(command, env=None):
    """`command` as it can be pasted into a shell, with the variables that it adds to the environment."""
    return " ".join([f"{name}={shlex.quote(value)}" for name, value in (env or {}).items()] + [shlex.join(command)])


def announce(command, env=None):
    print(f"$ {printable(command, env)}", flush=True)


@dataclasses.dataclass(frozen=True)
class Done:
    seconds: float
    output: str  # Empty unless it was kept back.


def run(command, env=None, repeat=None, quiet=False):
    """Runs `command` in the project's root; raises StepFailed if it fails.

    Its output is shown, or with `quiet` only if it fails. `env` is added to the environment. `repeat` is the line that
    repeats the step, if that is not the command itself.
    """
    announce(command, env)
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if quiet else {}
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(env or {})}, text=True, errors="replace", **output)
    except OSError as error:
        raise StepFailed(f"{command[0]} can't be run: {error.strerror}", repeat or printable(command, env)) from error
    if done.returncode != 0:
        print((done.stdout or "")[-OUTPUT_SHOWN_MAX:], flush=True)
        raise StepFailed(f"{pathlib.Path(command[0]).name} {ended(done.returncode)}", repeat or printable(command, env))
    return Done(time.monotonic() - started, done.stdout or "")


def ended(status):
    """How a process ended, in words."""
    return f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"


def read(command):
    """The output of a command that only asks something, without printing it; empty if it fails."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode() if done.returncode == 0 else ""


def exec_program(command):
    """Replaces this process by `command`."""
    announce(command)
    os.chdir(ROOT)
    os.execv(command[0], command)
