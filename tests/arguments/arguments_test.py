"""Tests of what the suite derives from a grammar, and that it takes no wrong reply."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]

import argument_player  # noqa: E402
from grammar import INDEX, Argument, Call, Command, Repeated, choices  # noqa: E402
from leatlib.resp import Null, RespError, RespMap, SimpleString, encode  # noqa: E402


def argument(kind, name="", token="", flags=(), parts=()):
    made = Argument(kind, name, token, frozenset(flags), None, list(parts))
    for part in parts:
        part.parent = made
    return made


def sample():
    """key [NX|LIMIT count] IDS numids id [id ...]"""
    either = argument("oneof", "how", flags=["optional"], parts=[argument("pure-token", "nx", "NX"), argument("integer", "count", "LIMIT")])
    block = argument("block", "ids", "IDS", parts=[argument("integer", "numids"), argument("string", "id", flags=["multiple"])])
    return Command("x|y", "stream", frozenset(), [argument("key", "key"), either, block])


def value(node, index):
    return f"{node.name}{index}"


class GrammarTest(unittest.TestCase):
    def test_calls_have_what_was_chosen(self):
        command = sample()
        found = {" ".join(Call(command, value, chosen).words()) for chosen in choices(command)}
        self.assertEqual(found, {f"X Y key0{how} IDS numids0 id0" for how in ("", " NX", " LIMIT count0")})

    def test_everything_has_all_options(self):
        self.assertEqual(Call(sample(), value, everything=True).words(), "X Y key0 NX IDS numids0 id0".split())

    def test_a_call_knows_what_stands_in_it(self):
        command = sample()
        limit = command.arguments[1].parts[1]
        self.assertEqual(set(map(str, Call(command, value, limit.with_parents()).has())), {"how", "LIMIT"})

    def test_what_is_multiple_is_repeated(self):
        self.assertEqual(Call(sample(), value, times=3).words()[-3:], ["id0", "id1", "id2"])

    def test_a_repeated_token_stands_before_each(self):
        node = argument("string", "prefix", "PREFIX", ["multiple", "multiple_token"])
        self.assertEqual(Call(Command("c", "", frozenset(), [node]), value, times=2).words(), "C PREFIX prefix0 PREFIX prefix1".split())

    def test_many_words_are_those_of_as_many_calls(self):
        words = Repeated([f"a{INDEX}", "%d", f"{INDEX}-0"])
        expanded = [word for i in range(3) for word in (f"a{i:07}", "%d", f"{i:07}-0")]
        self.assertEqual(b"*9\r\n" + argument_player.repeated(words, 3), encode(*expanded))


class ReplyTest(unittest.TestCase):
    def test_wrong_replies_are_refused(self):
        nulls = (([Null.RESP3], 2), ([[Null.BULK]], 3), (Null.ARRAY, 3))
        for reply, protocol in (*nulls, (RespMap(), 2), (True, 2), (SimpleString("a\nb"), 3), (RespError("no code"), 2)):
            with self.subTest(reply=reply), self.assertRaises(argument_player.Broken):
                argument_player.check_reply(reply, protocol)

    def test_right_replies_are_taken(self):
        for reply, protocol in ((RespMap([(b"k", [1])]), 3), ([Null.BULK, b"\r\n"], 2), (RespError("ERR no"), 2), (Null.RESP3, 3), (RespMap(), 0)):
            with self.subTest(reply=reply):
                argument_player.check_reply(reply, protocol)


if __name__ == "__main__":
    unittest.main()
