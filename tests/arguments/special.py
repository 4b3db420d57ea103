"""Commands that their grammar alone does not tell how to play."""

import time

from leatlib.report import Failed
from leatlib.resp import ConnectionClosed, RespError
from values import INTEGERS

SHUTDOWNS = ("", "NOSAVE", "SAVE", "NOW", "FORCE", "NOSAVE NOW FORCE", "SAVE NOW FORCE")
SAME_STREAM = 100_000
PENDING = 20_000
SLEEPING = {"1", "01", "+1"}  # Seconds that DEBUG SLEEP would sleep.


def check(condition, why):
    if not condition:
        raise Failed(why)


class Special:
    def __init__(self, server, seconds):
        self.server, self.seconds = server, seconds

    def client(self, protocol=2):
        return self.server.client(protocol, timeout=self.seconds)

    def test_client_reply(self):
        """What is not replied is not replied, and the next reply is the next command's."""
        for protocol in (2, 3):
            with self.client(protocol) as client:
                for words in (["CLIENT REPLY OFF", "PING a", "XADD s * f v", "CLIENT REPLY SKIP"], ["CLIENT REPLY SKIP", "PING a"], []):
                    for text in words:
                        client.send(*text.split())
                    if "CLIENT REPLY OFF" in words:
                        client.send("CLIENT", "REPLY", "ON")
                        check(client.read() == "OK", "CLIENT REPLY ON is not answered by OK")
                    check(client.call("ECHO", "b") == b"b", f"another reply behind {words}")

    def test_client_pause(self):
        """Every number as the time for which writes wait; UNPAUSE ends what was not refused."""
        with self.client() as client, self.client() as writer:
            for number in INTEGERS:
                paused = client.call("CLIENT", "PAUSE", number, "WRITE") == "OK"
                check(not paused or number.lstrip("-+").isdigit(), f"CLIENT PAUSE {number} was taken")
                writer.send("SET", "k", "v")
                check(client.call("CLIENT", "UNPAUSE") == "OK", "CLIENT UNPAUSE is not answered by OK")
                check(writer.read() == "OK", "a write that was paused is not answered")

    def test_debug(self):
        """Every number as the argument of the subcommands of DEBUG that take one."""
        with self.client() as client:
            for number in INTEGERS:
                calls = [("STRINGMATCH-LEN", number, "*"), ("SET-ACTIVE-EXPIRE", number), ("QUICKLIST-PACKED-THRESHOLD", number),
                         ("OBJECT", number), ("CRASH-POINT", number), ("DIGEST-VALUE", number, number)]
                for call in calls + ([] if number in SLEEPING else [("SLEEP", number)]):
                    client.call("DEBUG", *call)
            check(client.call("DEBUG", "SET-ACTIVE-EXPIRE", 1) == "OK", "expiry can't be switched on again")

    def test_config_set(self):
        """Every number as the value of each directive, which is then what it was."""
        with self.client() as client:
            found = client.call("CONFIG", "GET", "*")
            taken = 0
            for name, value in zip(found[::2], found[1::2], strict=True):
                for number in INTEGERS:
                    taken += client.call("CONFIG", "SET", name, number) == "OK"
                    check(client.call("CONFIG", "SET", name, value) == "OK" or number_refused(client, name, value), f"{name} is not {value} again")
            check(taken > 100, f"only {taken} values were taken")
            check(client.call("CONFIG", "GET", "*") == found, "directives are not what they were")

    def test_xread_of_one_stream(self):
        """A stream that is named very often costs as much as many streams: what its reply leaves for later is not looked for each time."""
        with self.client() as client:
            entries = [[b"%d-0" % i, [b"f", b"v" * 20]] for i in range(1, 5)]
            for entry_id, words in entries:
                client.call("XADD", "s", entry_id, *words)
            begun = time.monotonic()
            reply = client.call("XREAD", "STREAMS", *["s"] * SAME_STREAM, *["0"] * SAME_STREAM)
            check(time.monotonic() - begun < self.seconds, f"the reply has taken {time.monotonic() - begun:.0f} s")
            check(reply == [[b"s", entries]] * SAME_STREAM, "another reply than the entries so many times")

    def test_xread_that_waits_for_many(self):
        """What a reader waits behind is noted for all streams at once."""
        with self.client() as client:
            begun = time.monotonic()
            reply = client.call("XREAD", "BLOCK", "1", "STREAMS", *range(SAME_STREAM), *["$"] * SAME_STREAM)
            check(reply is None, f"another reply than that nothing came: {str(reply)[:100]}")
            check(time.monotonic() - begun < self.seconds, f"that has taken {time.monotonic() - begun:.0f} s")

    def test_xreadgroup_claim_of_one_stream(self):
        """Each time that the stream is named the group's next pending entry is claimed; those before it are not walked over again."""
        with self.client() as client:
            client.pipeline([("XADD", "s", f"{i}-0", "f", "v") for i in range(1, PENDING + 1)])
            client.call("XGROUP", "CREATE", "s", "g", "0")
            client.call("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">")
            begun = time.monotonic()
            reply = client.call("XREADGROUP", "GROUP", "g", "d", "COUNT", "1", "CLAIM", "0", "STREAMS", *["s"] * SAME_STREAM, *[">"] * SAME_STREAM)
            check(time.monotonic() - begun < self.seconds, f"the reply has taken {time.monotonic() - begun:.0f} s")
            claimed = [entries[0][0] for _, entries in reply]
            check(claimed == [b"%d-0" % i for i in range(1, PENDING + 1)], f"claimed are {claimed[:3]}, {len(claimed)} in all")

    def test_shutdown(self):
        """Each form ends the server, and a start finds what was written."""
        with self.client() as client:
            client.call("SHUTDOWN", "ABORT")
            client.call("XADD", "kept", "1-0", "f", "v")
        for form in SHUTDOWNS:
            with self.client() as client:
                client.send("SHUTDOWN", *form.split())
                try:
                    raise Failed(f"SHUTDOWN {form} was answered {client.read()!r}")
                except ConnectionClosed:
                    pass
            status = self.server.process.wait(self.seconds)
            check(status == 0, f"status {status} of SHUTDOWN {form}")
            self.server.start()
            with self.client() as client:
                check(client.call("XLEN", "kept") == 1, f"the entry is gone behind SHUTDOWN {form}")


def number_refused(client, name, value):
    """Whether the directive can't be changed at all, or not even to what it is."""
    return isinstance(client.call("CONFIG", "SET", name, value), RespError) and client.call("CONFIG", "GET", name)[1] == value
