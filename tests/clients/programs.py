"""The clients that are not Python. The tests of each are one program that prints `ok NAME`, `not ok NAME: why` or
`skip NAME: why`, and finds the server in SERVER_PORT and SERVER_VERSION and the selection in ONLY."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from leatlib.tools import node_packages
from suite import Target

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM_SECONDS = 120


class Program:
    """The tests of one client. run() is that of a Suite."""

    def __init__(self, client, prepare, command):
        self.client = client
        self.prepare = prepare
        self.command = command

    def run(self, start_server, results):
        with tempfile.TemporaryDirectory(prefix="clients-") as directory:
            missing = self.prepare(pathlib.Path(directory))
            if missing:
                results.skip(self.client, missing)
                return
            command = [str(part).format(directory=directory) for part in self.command]
            with start_server(pathlib.Path(directory) / "server", {}) as server:
                self._relay(command, Target(server), results)

    def _relay(self, command, target, results):
        """Takes the program's lines over into the results."""
        facts = {"SERVER_PORT": str(target.port), "SERVER_VERSION": target.version_text, "ONLY": results.only}
        with tempfile.TemporaryFile("w+") as errors:
            program = subprocess.Popen(
                command, env={**os.environ, **facts}, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            try:
                printed, _ = program.communicate(timeout=PROGRAM_SECONDS)
            except subprocess.TimeoutExpired:
                program.kill()
                printed, _ = program.communicate()
            errors.seek(0)
            tail = "\n".join(errors.read().splitlines()[-6:])
        reports = {"ok": results.ok, "not ok": results.fail, "skip": results.skip}
        for line in printed.splitlines():
            verdict, name, why = re.fullmatch(r"(ok|not ok|skip) (.*?: .*?)(?:: (.*))?", line).groups()
            reports[verdict](name, *([why or ""] if verdict != "ok" else []))
        if program.returncode != 0:
            results.fail(self.client, f"the program ended with status {program.returncode}\n{tail}")
        elif not printed and not results.only:
            results.fail(self.client, f"the program ran no test\n{tail}")


def install_packages(_):
    return node_packages(HERE / "node")


def compile_hiredis(directory):
    if not shutil.which("cc"):
        return "there is no C compiler"
    if not pathlib.Path("/usr/include/hiredis/hiredis.h").exists():
        return "libhiredis-dev is not installed"
    command = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-o", directory / "hiredis", HERE / "hiredis.c", "-lhiredis"]
    compiled = subprocess.run(command, capture_output=True, text=True)
    return None if compiled.returncode == 0 else f"hiredis.c does not compile: {compiled.stderr[-500:]}"


PROGRAMS = [
    Program("ioredis", install_packages, ["node", HERE / "node" / "ioredis.mjs"]),
    Program("node-redis RESP2", install_packages, ["node", HERE / "node" / "node-redis.mjs", 2]),
    Program("node-redis RESP3", install_packages, ["node", HERE / "node" / "node-redis.mjs", 3]),
    Program("hiredis", compile_hiredis, ["{directory}/hiredis"]),
]
