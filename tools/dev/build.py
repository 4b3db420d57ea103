"""Configuring and building a preset of CMakePresets.json."""

import shell

SERVER = "build/release/leat"


def configure(preset):
    return shell.run(["cmake", "--preset", preset], quiet=True).seconds


def build(preset, *targets):
    """Builds `targets` (default: everything) of `preset`; returns the seconds it took, configuring included."""
    seconds = configure(preset)
    command = ["cmake", "--build", "--preset", preset, "--parallel", str(shell.CPUS)]
    if targets:
        command += ["--target", *targets]
    return seconds + shell.run(command, env={"NINJA_STATUS": f"[{preset} %f/%t, %e s] "}).seconds


def server():
    """Builds SERVER; returns the seconds it took."""
    return build("release", "leat")
