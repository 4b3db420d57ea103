"""`./dev run`: builds the server and becomes it."""

import os

import build
import shell

DATA = "data"


def directory_arguments(arguments):
    """`--dir data`, unless the caller says where: by --dir or by a configuration file, which comes first."""
    if "--dir" in arguments or (arguments and not arguments[0].startswith("--")):
        return []
    return ["--dir", DATA]


def serve(arguments):
    seconds = build.server()
    packages = os.environ.get("LEAT_PACKAGES_SECONDS")
    print(f"ready: packages {packages} s, " if packages else "ready: ", f"compilation {seconds:.0f} s", sep="", flush=True)
    directory = directory_arguments(arguments)
    if directory:
        (shell.ROOT / DATA).mkdir(exist_ok=True)
    shell.exec_program([build.SERVER, "serve", *arguments, *directory])
