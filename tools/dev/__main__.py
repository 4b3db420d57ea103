"""The subcommands of ./dev. The script ./dev has installed the packages that they need."""

import dataclasses
import sys
from typing import Callable

import build
import ci
import fuzz
import includes
import lint
import quality
import serve
import shell


@dataclasses.dataclass(frozen=True)
class Subcommand:
    usage: str
    purpose: str
    run: Callable[[list[str]], int | None]
    needs: str = ""  # A file or pattern without which the subcommand does not exist.

    @property
    def name(self):
        return self.usage.split()[0]

    def exists(self):
        return not self.needs or any(shell.ROOT.glob(self.needs))


def option(arguments, name, default):
    """The value after `name` in `arguments` as a number, both taken out of it."""
    if name not in arguments:
        return default
    at = arguments.index(name)
    try:
        value = float(arguments[at + 1])
    except (IndexError, ValueError):
        raise shell.StepFailed(f"{name} needs a number", "./dev help") from None
    del arguments[at:at + 2]
    return value


def expect_none(arguments):
    if arguments:
        raise shell.StepFailed(f"unexpected: {' '.join(arguments)}", "./dev help")


def run_build(arguments):
    expect_none(arguments)
    print(f"built {build.SERVER} in {build.server():.0f} s")


def run_fmt(arguments):
    expect_none(arguments)
    quality.format_files()


def run_lint(arguments):
    unknown = [] if arguments == ["--all"] else sorted(set(arguments) - set(quality.sources()))
    if unknown:
        raise shell.StepFailed(f"no C++ file of this project: {' '.join(unknown)}", "./dev lint [--all | FILE...]")
    quality.check_format()
    quality.check_rules()
    if arguments == ["--all"]:
        lint.lint_all()
    elif arguments:
        lint.lint(arguments)
    else:
        changed = quality.changed()
        lint.lint([f for f in quality.sources() if f in changed])


def run_includes(arguments):
    unknown = sorted(set(arguments) - set(quality.units()))
    if unknown:
        raise shell.StepFailed(f"no source of this project: {' '.join(unknown)}", "./dev includes [FILE...]")
    includes.check(arguments or quality.units())


def run_fuzz(arguments):
    seconds = int(60 * option(arguments, "--minutes", fuzz.SMOKE_S / 60))
    known = fuzz.targets()
    unknown = set(arguments) - set(known)
    if unknown:
        raise shell.StepFailed(f"no such fuzz target: {' '.join(sorted(unknown))}; there are {' '.join(known)}", "./dev help")
    chosen = arguments or known
    fuzz.build_targets(chosen)
    for name in chosen:
        fuzz.fuzz(name, seconds)


def with_server(*command):
    """A subcommand that builds the server and passes its arguments to `command`."""
    def run(arguments):
        build.server()
        shell.run([*command, *arguments])
    return run


def run_sim(arguments):
    build.build("release", "leat-sim")
    shell.run(["build/release/leat-sim", *arguments])


def run_mutants(arguments):
    shell.run(["tools/mutants.py", *arguments])


def run_conform(arguments):
    oracle = arguments[:1] == ["oracle"]
    if not oracle:
        build.server()
    shell.run(["tests/conformance/run.py", *(["--against", "redis"] if oracle else []), *arguments[oracle:]])


def run_soak(arguments):
    build.server()
    shell.run(["tests/crash/run.py", "--leat", build.SERVER, "--cycles", "200", "--power-cycles", "100", *arguments])


def run_measure(arguments):
    shell.run(["/usr/bin/python3", "-B", "tools/measure.py", *arguments])


def run_ci(arguments):
    expect_none(arguments)
    return ci.ci()


def run_help(_arguments):
    print("./dev SUBCOMMAND: installs the Debian packages that it needs, prints each command that it runs.\n")
    for command in SUBCOMMANDS:
        if command.exists():
            print(f"  {command.usage:34} {command.purpose}")


SUBCOMMANDS = [
    Subcommand("build", f"the server, optimised: {build.SERVER}", run_build, "src/app/*.cc"),
    Subcommand("run [OPTION...]", "build and start on 127.0.0.1:6379, data in ./data; options go to `leat serve`", serve.serve, "src/app/*.cc"),
    Subcommand("test [SUITE...] [PART]", "build and run every suite, or the named ones, or tests whose name has PART", ci.test),
    Subcommand("ci", "what continuous integration runs: format, rules, test, fuzz, bench, clang-tidy", run_ci),
    Subcommand("bench [OPTION...]", "the server against redis-server and a null server; options go to `leat bench compare`",
               with_server(build.SERVER, "bench", "compare"), "src/bench/*.cc"),
    Subcommand("fmt", "format every C++ file in place", run_fmt),
    Subcommand("lint [--all | FILE...]", "format, house rules, clang-tidy on changed, all or the named files", run_lint),
    Subcommand("includes [FILE...]", "compile every source, or the named ones, by itself: each must include what it uses", run_includes),
    Subcommand("sim [--seed N | --seeds N | --minutes M]", "simulate whole nodes with faults; one seed, one run", run_sim, "tests/sim/*_main.cc"),
    Subcommand("mutants [--only NAME] [--check]", "break the server in one place at a time: the simulator or a unit test must notice", run_mutants, "tests/sim/mutants.txt"),
    Subcommand("fuzz [TARGET...] [--minutes M]", f"fuzz every or the named targets, {fuzz.SMOKE_S} s each unless said", run_fuzz, "tests/fuzz/*_fuzz.cc"),
    Subcommand("conform [oracle]", "the transcripts against the server, or against Debian's redis-server", run_conform, "tests/conformance/run.py"),
    Subcommand("docs", "write docs/commands.md from what the server says", with_server("tests/conformance/commands_doc.py"), "tests/conformance/commands_doc.py"),
    Subcommand("soak [OPTION...]", "the crash suite at full length: 200 kills, 100 power cuts per mode", run_soak, "tests/crash/run.py"),
    Subcommand("measure [FOLDER]", "sizes of files and functions, includes between folders", run_measure),
    Subcommand("help", "this list", run_help),
]


def main(arguments):
    name, *rest = arguments or ["help"]
    if name in ("-h", "--help"):
        name = "help"
    command = next((c for c in SUBCOMMANDS if c.name == name and c.exists()), None)
    if command is None:
        print(f"dev: no subcommand {name}; see ./dev help", file=sys.stderr)
        return 2
    try:
        return command.run(rest) or 0
    except shell.StepFailed as failed:
        print(f"dev: {failed.why}\nrepeat with: {failed.repeat}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
