"""How one client's tests are written and run: a Suite per client, a function per behaviour.

The server belongs to the suite's run, and is emptied before each test. A test fails by an AssertionError (equal() makes
readable ones) or by any error that the client raises, and skips itself by raising Skip."""

import pathlib
import re
import tempfile
import traceback


class Skip(Exception):
    """The test can't run here; the text says why."""


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}{': ' if what else ''}got {got!r}, want {want!r}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not in {text!r}")


def fits(text, pattern):
    if not re.fullmatch(pattern, text):
        raise AssertionError(f"{text!r} is not of the form {pattern}")


def version_tuple(text):
    return tuple(int(part) for part in text.split("."))


class Suite:
    def __init__(self, client):
        self.client = client
        self.tests = []

    def test(self, name, since=None, directives=None):
        """Registers a function of one argument, the Target. `since` is the first server version with the feature; with
        `directives` the test gets a server of its own that runs with them."""

        def register(function):
            self.tests.append(Test(f"{self.client}: {name}", since, directives or {}, function))
            return function

        return register

    def run(self, start_server, results):
        """`start_server(directory, directives)` starts the server that is tested."""
        with tempfile.TemporaryDirectory(prefix="clients-") as directory, start_server(directory, {}) as server:
            shared = Target(server)
            for test in self.tests:
                if not results.selected(test.name):
                    continue
                if test.since and shared.version < version_tuple(test.since):
                    results.skip(test.name, f"needs {test.since}, the server says {shared.version_text}")
                elif test.directives:
                    with start_server(pathlib.Path(directory) / "own", test.directives) as own:
                        test.run(Target(own, test.directives), results)
                else:
                    test.run(shared, results)


class Test:
    def __init__(self, name, since, directives, function):
        self.name = name
        self.since = since
        self.directives = directives
        self.function = function

    def run(self, target, results):
        target.control("FLUSHALL")
        try:
            self.function(target)
        except Skip as why:
            results.skip(self.name, why)
        except AssertionError as why:
            results.fail(self.name, why)
        except Exception:  # The client itself gave up: its own words are the reason.
            results.fail(self.name, "\n".join(traceback.format_exc().splitlines()[-6:]))
        else:
            results.ok(self.name)


class Target:
    """The server under test, as the tests see it."""

    def __init__(self, server, directives=None):
        self.server = server
        self.port = server.port
        self._control = server.client()
        if directives and "requirepass" in directives:
            self._control.call("AUTH", directives["requirepass"])
        about = self._control.info("server")
        self.version_text = about["redis_version"]
        self.version = version_tuple(self.version_text)
        # The version of Redis whose stream commands it has.
        self.streams = (8, 10) if "leat_version" in about else self.version

    def control(self, *command):
        """A command on a connection of the suite's own, beside the client that is tested."""
        return self._control.call(*command)
