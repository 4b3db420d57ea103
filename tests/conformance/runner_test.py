"""Tests of the runner itself: what matches, and above all what must not."""

import pathlib
import tempfile
import unittest

import command_rows
import commands_doc
import error_texts
import notation
import random_commands
import transcript
from leatlib.resp import Double, Null, RespError, RespMap, RespPush, RespSet, SimpleString, Verbatim

# reply in the notation, value, protocols in which it must match
CASES = [
    ("+OK", SimpleString("OK"), (2, 3)),
    ("+OK", b"OK", ()),
    ("+Background saving started", SimpleString("Background saving started"), (2, 3)),
    ("-ERR syntax error", RespError("ERR syntax error"), (2, 3)),
    ("-ERR syntax error", RespError("ERR syntax errors"), ()),
    ("-ERR syntax error", SimpleString("ERR syntax error"), ()),
    (":1", 1, (2, 3)),
    (":1", 2, ()),
    (":1", True, ()),
    (":1", b"1", ()),
    ('"a b"', b"a b", (2, 3)),
    ('"\\x00\\xff\\r\\n\\"\\\\"', b'\x00\xff\r\n"\\', (2, 3)),
    ('["ab"*3 :1]', [b"ababab", 1], (2, 3)),
    ('"a"', SimpleString("a"), ()),
    ('"a"', Verbatim(b"a"), ()),
    ('="a"', Verbatim(b"a"), (3,)),
    ('="a"', b"a", (2,)),
    ("nil", Null.BULK, (2,)),
    ("nil", Null.ARRAY, ()),
    ("nil", Null.RESP3, (3,)),
    ("nilarr", Null.ARRAY, (2,)),
    ("nilarr", Null.BULK, ()),
    ("nilarr", Null.RESP3, (3,)),
    ("[]", [], (2, 3)),
    ("[]", Null.ARRAY, ()),
    ('[:1, "a" [nil]]', [1, b"a", [Null.BULK]], (2,)),
    ("[:1]", [1, 2], ()),
    ("[:1 ...]", [1, 2], (2, 3)),
    ("[:1 :2 ...]", [1], ()),
    ("[:1]", RespSet([1]), ()),
    ("[:1]", RespPush([1]), ()),
    (">[:1]", RespPush([1]), (3,)),
    (">[:1]", [1], (2,)),
    ("~[:1 :2]", RespSet([2, 1]), (3,)),
    ("~[:1 :2]", [2, 1], (2,)),
    ("~[:1 :2]", [2, 2], ()),
    ("any[:1 :2]", [2, 1], (2, 3)),
    ("any[<int> :2]", [2, 1], (2, 3)),
    ("any[:1 :2]", [1, 3], ()),
    ('{"a" :1, "b" :2}', RespMap([(b"a", 1), (b"b", 2)]), (3,)),
    ('{"a" :1, "b" :2}', [b"a", 1, b"b", 2], (2,)),
    ('{"a" :1, "b" :2}', RespMap([(b"b", 2), (b"a", 1)]), ()),
    ('any{"a" :1, "b" :2}', RespMap([(b"b", 2), (b"a", 1)]), (3,)),
    ('any{"b" :2 ...}', [b"a", 1, b"b", 2], (2,)),
    ('any{"c" :2 ...}', [b"a", 1, b"b", 2], ()),
    ('@{"k" []}', RespMap([(b"k", [])]), (3,)),
    ('@{"k" []}', [[b"k", []]], (2,)),
    ('@{"k" []}', [b"k", []], ()),
    ("=1.5", Double("1.5"), (3,)),
    ("=1.5", b"1.5", (2,)),
    ("=1.5", Double("1.50"), ()),
    ("#t", True, (3,)),
    ("#t", 1, (2,)),
    ("<any>", [1, [2]], (2, 3)),
    ("<int>", b"1", ()),
    ("<int 1..5>", 5, (2, 3)),
    ("<int 1..5>", 6, ()),
    ("<id>", b"17-0", (2, 3)),
    ("<id>", b"17", ()),
    ('<text "^a.*z$">', b"a\nz", (2, 3)),
    ('<text "^a">', RespError("ERR a"), ()),
    ("[<id:x> <x>]", [b"1-0", b"1-0"], (2, 3)),
    ("[<id:x> <x>]", [b"1-0", b"1-1"], ()),
    ('[-"ERR no, [really]" +QUEUED]', [RespError("ERR no, [really]"), SimpleString("QUEUED")], (2, 3)),
]
UNREADABLE = ["", "[", "[:1", "]", "{:1}", ":1 :2", "[... :1]", "<text>", "foo", '"a', "<int x>"]
WRONG_FILES = {
    "> PING\n+PONG\n": "title",
    "# t\n> PING\n+PONG\n\n# t\n> PING\n+PONG\n": "used twice",
    "# t\n> PING\nleat| +PONG\n": "differs",
    "# t\n> CONFIG SET a b\n+OK\n": "server of its own",
    "# t\nPING\n": "neither",
    "# t\n! sleep 5\n": "unknown instruction",
    "# t\nA<\n": "missing",
    '# t\n> GET "a\n': "cannot read",
}


class NotationTest(unittest.TestCase):
    def test_a_reply_matches_in_exactly_the_protocols_listed(self):
        for text, value, protocols in CASES:
            for protocol in (2, 3):
                with self.subTest(text=text, value=value, protocol=protocol):
                    if protocol not in protocols and self.belongs_to_the_other(value, protocol, protocols):
                        continue
                    where = notation.match(notation.parse(text), value, protocol, {})
                    self.assertEqual(where == "", protocol in protocols, where)

    @staticmethod
    def belongs_to_the_other(value, protocol, protocols):
        """RESP3 types never come over RESP2, so whether they would match there is no question."""
        typed = isinstance(value, (Double, RespMap, RespPush, RespSet, Verbatim, bool))
        return bool(protocols) and typed and protocol == 2

    def test_text_outside_the_notation_is_refused(self):
        for text in UNREADABLE:
            with self.subTest(text=text), self.assertRaises(notation.NotationError):
                notation.parse(text)

    def test_what_is_printed_parses_to_a_match(self):
        for _, value, _ in CASES:
            protocol = 2 if value is Null.ARRAY or value is Null.BULK else 3
            if "BULK" in repr(value) and isinstance(value, list):
                protocol = 2
            with self.subTest(value=value):
                text = notation.render(value)
                self.assertEqual(notation.match(notation.parse(text), value, protocol, {}), "", text)

    def test_a_wrong_file_is_refused_with_its_reason(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "x.resp"
            for text, reason in WRONG_FILES.items():
                path.write_text(text)
                with self.subTest(text=text), self.assertRaisesRegex(transcript.TranscriptError, reason):
                    transcript.read(path)

    def test_selectors_choose_by_server_and_protocol(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "x.resp"
            path.write_text("# t\n# differs: why\n> X\nleat| :1\nredis2| :2\nredis3| :3\n")
            step = transcript.read(path).blocks[0].steps[0]
        chosen = [step.reply_for(s, p).pattern.value for s, p in (("leat", 2), ("leat", 3), ("redis", 2), ("redis", 3))]
        self.assertEqual(chosen, [1, 1, 2, 3])


class SinceLineTest(unittest.TestCase):
    def test_lines_of_newer_servers_are_wanted_of_these_only(self):
        reply = transcript.reply_of("", 0, '{\n  "a" :1\n  ?8.6 "b" :2\n  ?8.8 "c" :3\n}')
        a, b, c = (b"a", 1), (b"b", 2), (b"c", 3)
        for version, there in (((7, 0), [a]), ((8, 6), [a, b]), ((8, 7), [a, b]), ((8, 8), [a, b, c]), ((9, 0), [a, b, c])):
            for value in ([a], [a, b], [a, b, c], [a, c]):
                fits = not notation.match(reply.pattern_of(version), RespMap(value), 3, {})
                self.assertEqual(fits, value == there, f"{version}: {value}")
        self.assertEqual(notation.match(reply.pattern, RespMap([a, b, c]), 3, {}), "", "Leat has all of them")


class ScriptedServer:
    """Stands in for a server: answers every command by a function of its words."""

    def __init__(self, answer):
        self.call = answer

    def client(self, *_, **__):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


class CommandRowsTest(unittest.TestCase):
    def test_a_different_field_is_found_unless_it_is_permitted(self):
        row = {"arity": -5, "flags": frozenset(["write"]), "syntax": "key"}
        self.assertEqual(command_rows.why_different("get", row, dict(row)), "")
        self.assertIn("arity: want -4, got -5", command_rows.why_different("get", row, row | {"arity": -4}))
        self.assertIn("want fast", command_rows.why_different("get", row, row | {"flags": frozenset(["fast"])}))
        self.assertEqual(command_rows.why_different("xadd", row, row | {"syntax": "key id"}), "")
        self.assertIn("is equal", command_rows.why_different("xadd", row, dict(row)))

    def test_a_syntax_is_shown_as_redis_cli_does(self):
        def value(name, **more):
            return {"name": name, "type": "string", **more}

        force = {"name": "force", "type": "pure-token", "token": "FORCE"}
        either = {"name": "either", "type": "oneof", "arguments": [force, value("a")]}
        pair = {"name": "pair", "type": "block", "flags": ["multiple"], "arguments": [value("f"), value("v")]}
        repeated = value("prefix", token="PREFIX", flags=["optional", "multiple", "multiple_token"])
        self.assertEqual(command_rows.syntax([either, either | {"flags": ["optional"]}]), "<FORCE|a> [FORCE|a]")
        self.assertEqual(command_rows.syntax([pair, repeated]), "f v [f v ...] [PREFIX prefix [PREFIX prefix ...]]")

    def test_differences_are_those_that_name_the_command(self):
        rows = [("CONFIG SET of `dir`", "1"), ("SET", "2"), ("XINFO STREAM", "3"), ("`lag` in XINFO", "4"), ("SETNX", "5")]
        self.assertEqual(commands_doc.differences_of("set", (), rows), ["2"])
        self.assertEqual(commands_doc.differences_of("config|set", (), rows), ["CONFIG SET of `dir`"])
        self.assertEqual(commands_doc.differences_of("xinfo", ["xinfo|stream"], rows), ["`lag` in XINFO"])


class ErrorTextsTest(unittest.TestCase):
    SOURCE = """
      // "ERR in a comment"
      constexpr Bytes kErrOne = "ERR one";
      constexpr Bytes kLines[] = {"GET <key>", "    Helps; a lot."};
      return error(fmt::format("ERR two '{}' "
                               "of {}.", a, b));
      error(std::string("NOGROUP three ") + name);
      failed = "-ERR \\"four\\"\\r\\n", other = "no error", text = "MAXLEN 0";
    """

    def test_texts_are_the_literals_that_begin_with_a_code(self):
        found = {(text.text, text.is_open) for text in error_texts.of_source(self.SOURCE)}
        self.assertEqual(found, {("ERR one", False), ("ERR two '{}' of {}.", False), ("NOGROUP three ", True), ('ERR "four"', False)})

    def test_a_text_fits_what_is_made_of_it(self):
        formatted, appended = error_texts.ErrorText("ERR (a) '{}'.", False), error_texts.ErrorText("ERR b ", True)
        self.assertTrue(formatted.fits("ERR (a) 'x y'.") and appended.fits("ERR b c"))
        self.assertFalse(formatted.fits("ERR (a) 'x'. y") or formatted.fits("ERR a 'x'.") or appended.fits("ERR c"))

    def test_what_is_not_shown_is_named(self):
        texts = {error_texts.ErrorText("ERR shown", False), error_texts.ErrorText("ERR not", False)}
        self.assertEqual(list(error_texts.problems(texts, {"ERR shown"}, {"ERR not": "why"})), [])
        self.assertEqual(len(list(error_texts.problems(texts, {"ERR shown"}, {}))), 1)
        self.assertEqual(len(list(error_texts.problems(texts, {"ERR shown", "ERR not"}, {"ERR not": "why"}))), 1)
        self.assertEqual(len(list(error_texts.problems(texts, {"ERR shown", "ERR not"}, {"ERR gone": "why"}))), 1)

    def test_errors_are_found_inside_replies(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "x.resp"
            path.write_text('# t\n# differs: why\n> X\nleat| [:1 {"a" -"ERR a"}]\nredis| -ERR b\n> Y\n-ERR c\n')
            self.assertEqual(error_texts.of_transcripts([transcript.read(path)]), {"ERR a", "ERR c"})


class RandomCommandsTest(unittest.TestCase):
    def test_a_seed_repeats_its_commands(self):
        first, again, other = (list(random_commands.Generator(seed).commands()) for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_only_what_may_differ_is_masked(self):
        group = [(b"name", b"g"), (b"lag", 5), (b"pending", [[b"1-0", b"c", 1700000000000, 2]])]
        reply = [RespMap(group)]
        self.assertEqual(
            random_commands.masked(["XINFO", "STREAM"], reply),
            [RespMap([(b"name", b"g"), (b"pending", [[b"1-0", b"c", 2]])])],
        )
        self.assertEqual(random_commands.masked(["XPENDING"], [[b"1-0", b"c", 7, 2]]), [[b"1-0", b"c", None, 2]])

    def test_one_different_reply_is_found(self):
        oracle = ScriptedServer(lambda *words: 1)
        broken = ScriptedServer(lambda *words: 2 if words[0] == "XACK" else 1)
        other_type = ScriptedServer(lambda *words: SimpleString("x"))
        same_text = ScriptedServer(lambda *words: RespError("x"))
        self.assertEqual(random_commands.difference(1, oracle, oracle), "")
        self.assertIn("XACK", random_commands.difference(1, broken, oracle))
        self.assertNotEqual(random_commands.difference(1, same_text, other_type), "")


if __name__ == "__main__":
    unittest.main()
