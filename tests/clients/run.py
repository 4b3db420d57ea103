#!/usr/bin/python3
"""Runs unchanged client libraries and tools against the server: redis-cli, redis-py, ioredis, node-redis, hiredis; and
replays what other clients send on connecting (handshakes/)."""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from leatlib import report  # noqa: E402
from leatlib.server import Server  # noqa: E402

import programs  # noqa: E402

# The module of each client, and what must be installed to import it.
CLIENTS = {"handshakes": None, "redis_cli": None, "redis_py": "python3-redis"}


def server_starter(options):
    if options.server == "redis":
        return lambda directory, directives: Server.redis(directory, **directives)
    return lambda directory, directives: Server.leat(options.leat, directory, **directives)


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--server", choices=("leat", "redis"), default="leat", help="run against redis-server")
    options = parser.parse_args()
    results = report.Report(options.only)
    start_server = server_starter(options)
    for module, package in CLIENTS.items():
        try:
            client = importlib.import_module(module)
        except ImportError as error:
            if not package:
                raise
            results.skip(module, f"{package} is not installed ({error})")
            continue
        client.suite.run(start_server, results)
    for program in programs.PROGRAMS:
        program.run(start_server, results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
