"""Configuring and building a preset of CMakePresets.json."""

import shell

SERVER = "build/release/leat"


def configure(preset):
    return shell.run(["cmake", "--preset", preset], quiet=True).seconds


def build(preset, *targets, behind=False):
    """Builds `targets` (default: everything) of `preset`; returns the seconds it took, configuring included.

    `behind` builds with what others leave of the processors, and says something only if it fails.
    """
    seconds = configure(preset)
    command = ["cmake", "--build", "--preset", preset, "--parallel", str(shell.CPUS)]
    if targets:
        command += ["--target", *targets]
    if behind:
        command = ["nice", *command]
    return seconds + shell.run(command, env={"NINJA_STATUS": f"[{preset} %f/%t, %e s] "}, quiet=behind).seconds


def server():
    """Builds SERVER; returns the seconds it took."""
    return build("release", "leat")
