"""How one client's tests are written and run: a Suite per client, a function per behaviour.

The server belongs to the suite's run, and is emptied before each test. A test fails by an AssertionError (equal() makes
readable ones) or by any error that the client raises, and skips itself by raising Skip."""

import re
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


class Suite:
    def __init__(self, client):
        self.client = client
        self.tests = []

    def test(self, name, since=None):
        """Registers a function of one argument, the Target. `since` is the first server version with the feature."""

        def register(function):
            self.tests.append((f"{self.client}: {name}", since, function))
            return function

        return register

    def run(self, target, results):
        for name, since, function in self.tests:
            if not results.selected(name):
                continue
            if since and target.version < version_tuple(since):
                results.skip(name, f"needs {since}, the server says {target.version_text}")
                continue
            run_one(name, function, target, results)


def run_one(name, function, target, results):
    target.control("FLUSHALL")
    try:
        function(target)
    except Skip as why:
        results.skip(name, why)
    except AssertionError as why:
        results.fail(name, why)
    except Exception:  # The client itself gave up: its own words are the reason.
        results.fail(name, "\n".join(traceback.format_exc().splitlines()[-6:]))
    else:
        results.ok(name)


def version_tuple(text):
    return tuple(int(part) for part in text.split("."))


class Target:
    """The server under test, as the tests see it."""

    def __init__(self, server):
        self.server = server
        self.port = server.port
        self._control = server.client()
        text = self._control.call("INFO", "server").decode()
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        self.version_text = fields["redis_version"]
        self.version = version_tuple(self.version_text)

    def control(self, *command):
        """A command on a connection of the suite's own, beside the client that is tested."""
        return self._control.call(*command)
