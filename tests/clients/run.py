#!/usr/bin/python3
"""Runs unchanged client libraries and tools against the server: redis-cli, redis-py, ioredis, node-redis, hiredis; and
replays what other clients send on connecting (handshakes/)."""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from leatlib import report  # noqa: E402
from leatlib.server import Server  # noqa: E402

import redis_cli  # noqa: E402
import redis_py  # noqa: E402
from suite import Target  # noqa: E402

CLIENTS = [redis_cli.suite, redis_py.suite]


def start_server(options, directory):
    if options.server == "redis":
        return Server.redis(directory)
    return Server.leat(options.leat, directory)


def main():
    parser = report.arguments(__doc__)
    parser.add_argument("--server", choices=("leat", "redis"), default="leat", help="run against redis-server")
    options = parser.parse_args()
    results = report.Report(options.only)
    for client in CLIENTS:
        with tempfile.TemporaryDirectory(prefix="clients-") as directory, start_server(options, directory) as server:
            client.run(Target(server), results)
    return results.finish()


if __name__ == "__main__":
    sys.exit(main())
