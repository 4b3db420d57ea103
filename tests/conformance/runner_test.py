"""Tests of the runner itself: what matches, and above all what must not."""

import pathlib
import tempfile
import unittest

import command_rows
import commands_doc
import error_texts
import notation
import player
import random_commands
import reply_schema
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


def plain(kind, **more):
    return {"type": kind, **more}


ID = plain("string", pattern="^[0-9]+-[0-9]+$")
COUNT = plain("integer", minimum=0)
OK = {"const": "OK", "format": "simple"}
NULL = plain("null")
BULK = plain("string")
ENTRY = plain("array", title="entry", minItems=2, maxItems=2, items=[ID, plain("array", items=BULK)])
FIELDS = plain(
    "object", additionalProperties=False, properties={"name": BULK, "lag": COUNT, "bytes": COUNT}, required=["name", "lag"]
)
STREAMS = plain("object", format="pairs", additionalProperties=plain("array", items=ENTRY))
SET = plain("array", uniqueItems=True, items=BULK)
PUSH = plain("array", format="push", minItems=3, maxItems=3, items=[{"const": "subscribe"}, BULK, COUNT | {"description": "now"}])
# schema, how the command table writes it, values that it takes in RESP2, in RESP3, values that it takes in neither
SCHEMAS = [
    (ID, "id", [b"1-0"], [b"1-0"], [b"1", b"x1-0", SimpleString("1-0"), 1]),
    (COUNT, "count", [0, 7], [0], [-1, True, b"1", Double("1")]),
    (plain("integer"), "integer", [-1], [-1], [True, b"1"]),
    (OK, "+OK", [SimpleString("OK")], [SimpleString("OK")], [b"OK", SimpleString("ok")]),
    ({"const": "a b"}, "'a b'", [b"a b"], [b"a b"], [SimpleString("a b"), b"a"]),
    ({"anyOf": [{"const": 0}, {"const": 1}]}, "0|1", [0, 1], [0, 1], [2, -1, True, b"1"]),
    (NULL, "null", [Null.BULK, Null.ARRAY], [Null.RESP3], [0, b"", []]),
    (plain("boolean"), "boolean", [0, 1], [True], [2, b"t"]),
    (plain("number"), "double", [b"1.5"], [Double("1.5")], [b"x", 1]),
    (plain("string", format="simple"), "simple", [SimpleString("a")], [SimpleString("a")], [b"a"]),
    (plain("string", format="verbatim"), "verbatim", [b"a"], [Verbatim(b"a")], [SimpleString("a")]),
    (ENTRY | {"title": "entry"}, "entry", [[b"1-0", []]], [[b"1-0", [b"f"]]], [[b"1-0"], [b"1-0", [1]], [b"1-0", [], 1]]),
    (plain("array", minItems=0, maxItems=0), "[]", [[]], [[]], [[1], Null.BULK]),
    (SET, "~[bulk ...]", [[b"a"]], [RespSet([b"a"])], [[b"a", b"a"], RespSet([b"a", b"a"]), RespSet([1])]),
    (FIELDS, "{name: bulk, lag: count, bytes?: count}", [[b"name", b"a", b"lag", 1]], [RespMap([(b"name", b"a"), (b"lag", 1)])],
     [[b"name", b"a"], [b"lag", 1, b"name", b"a"], [b"name", b"a", b"lag", -1], [b"name", b"a", b"lag", 1, b"more", 1],
      RespMap([(b"name", b"a"), (b"lag", 1), (b"lag", 1)]), RespMap([(b"name", b"a")])]),
    (STREAMS, "@{*: [entry ...]}", [[[b"s", []]]], [RespMap([(b"s", [[b"1-0", []]])])], [[b"s", []], RespMap([(b"s", [[b"1", []]])])]),
    (PUSH, ">['subscribe', bulk, now: count]", [[b"subscribe", b"a", 1]], [RespPush([b"subscribe", b"a", 1])],
     [[b"psubscribe", b"a", 1], [b"subscribe"]]),
    ({"not": {}}, "error", [], [], [b"", 0, Null.RESP3, Null.BULK]),
    ({}, "any", [1, Null.BULK], [RespMap([])], []),
]


class ReplySchemaTest(unittest.TestCase):
    def test_a_schema_takes_what_it_says_and_nothing_else(self):
        for schema, text, resp2, resp3, wrong in SCHEMAS:
            self.assertEqual(reply_schema.text(schema), text)
            takes = [(2, value, True) for value in resp2] + [(3, value, True) for value in resp3]
            for protocol, value, fits in takes + [(p, value, False) for value in wrong for p in (2, 3)]:
                with self.subTest(schema=text, value=value, protocol=protocol):
                    where = reply_schema.Checker(protocol).mismatch(schema, value)
                    self.assertEqual(where == "", fits, where)

    def test_what_is_wrong_is_named_with_its_place(self):
        value = RespMap([(b"s", [[b"1-0", []], [b"x", []]])])
        where = reply_schema.Checker(3).mismatch({"anyOf": [STREAMS, NULL]}, value)
        self.assertEqual(where, "[s] [1] [0] here: no id")

    def test_other_servers_lack_newer_fields_and_have_some_of_their_own(self):
        groups = FIELDS | {"properties": {"name": BULK, "nacked-count": COUNT}, "required": ["name", "nacked-count"]}
        schemas = reply_schema.Schemas({"groups": {"reply_schema": groups}})
        old, bare = [b"name", b"a"], [b"nacked-count", 1]
        for version, value, fits in (((8, 6), old, True), ((8, 8), old, False), ((8, 6), bare, False)):
            why = schemas.as_of(version).why_wrong([b"GROUPS"], value, 2)
            self.assertEqual(why == "", fits, why)
        more = [b"notes", b"x", *old]
        self.assertEqual(schemas.as_of((8, 6)).why_wrong([b"GROUPS"], more, 2), "")
        self.assertIn("instead of", schemas.why_wrong([b"GROUPS"], more + bare, 2))

    @staticmethod
    def unseen(schemas):
        return [what for _, what in schemas.unseen()]

    def test_what_no_reply_was_is_named(self):
        schema = {"anyOf": [NULL, plain("array", items={"anyOf": [ID, COUNT]})]}
        schemas = reply_schema.Schemas({"x": {"reply_schema": schema}, "y": {"reply_schema": {"not": {}}}})
        self.assertEqual(self.unseen(schemas), ["null|[id|count ...]", "null", "[id|count ...]", "id", "count"])
        schemas.why_wrong([b"X"], [b"1-0"], 3)
        self.assertEqual(self.unseen(schemas), ["null", "count"])
        schemas = reply_schema.Schemas({"x": {"reply_schema": FIELDS}})
        for value, left in (([], ["bytes?"]), ([b"bytes", 1], [])):
            self.assertEqual(schemas.why_wrong([b"X"], [b"name", b"a", b"lag", 1, *value], 2), "")
            self.assertEqual(self.unseen(schemas), left)


class AskedTest(unittest.TestCase):
    """Which command a reply belongs to."""

    def setUp(self):
        schemas = {"xlen": COUNT, "xadd": ID, "multi": OK, "exec": plain("array", items={}), "subscribe": PUSH, "client": {}}
        docs = {name: {"reply_schema": schema} for name, schema in schemas.items()}
        docs["xinfo"] = {"subcommands": {"xinfo|help": {"reply_schema": OK}}}
        self.schemas = reply_schema.Schemas(docs)
        self.asked = reply_schema.Asked(self.schemas)

    def ask(self, text, answered_next=False):
        self.asked.sent(text.encode().split(), answered_next)

    def test_replies_come_in_the_order_of_the_commands(self):
        self.ask("XLEN s")
        self.ask("xadd s 1-1 f v")
        self.assertEqual(self.asked.why_wrong(1, 3), "")
        self.assertIn("want  id\ngot   :1", self.asked.why_wrong(1, 3))
        self.assertEqual(self.asked.why_wrong(1, 3), "", "nothing was asked for")

    def test_subcommands_have_their_own(self):
        self.ask("XINFO HELP")
        self.assertIn("want  +OK", self.asked.why_wrong(1, 3))

    def test_errors_are_no_replies_to_check(self):
        self.ask("XADD s")
        self.assertEqual(self.asked.why_wrong(RespError("ERR x"), 3), "")

    def test_exec_replies_what_was_queued(self):
        for words, value in (("MULTI", "OK"), ("XLEN s", "QUEUED"), ("XADD s * f v", "QUEUED")):
            self.ask(words)
            self.assertEqual(self.asked.why_wrong(SimpleString(value), 3), "")
        self.ask("EXEC")
        self.assertIn("want  id", self.asked.why_wrong([1, 2], 3))

    def test_pushes_are_told_from_replies(self):
        for protocol, kind in ((2, list), (3, RespPush)):
            self.ask("SUBSCRIBE a")
            self.ask("XLEN s")
            self.assertEqual(self.asked.why_wrong(kind([b"subscribe", b"a", 1]), protocol), "")
            self.assertEqual(self.asked.why_wrong(kind([b"message", b"a", b"b"]), protocol), "")
            self.assertIn("want  >", self.asked.why_wrong(kind([b"subscribe", b"a", b"1"]), protocol))
            self.assertIn("want  count", self.asked.why_wrong(b"x", protocol))
        self.ask("XLEN s")
        self.assertIn("want  count", self.asked.why_wrong([b"subscribe", b"b", b"c", b"d"], 2), "a list of names")

    def test_nothing_is_known_until_a_reply_comes_next(self):
        self.ask("CLIENT REPLY SKIP")
        self.ask("XADD s * f v")
        self.ask("XLEN s")
        self.assertEqual(self.asked.why_wrong(b"x", 3), "")
        self.ask("XLEN s", answered_next=True)
        self.assertIn("want  count", self.asked.why_wrong(b"x", 3))


class ShapedConnection:
    """A connection whose server replies one and the same."""

    def __init__(self, schemas, value):
        self.client, self.protocol, self.value = self, 3, value
        self.asked = reply_schema.Asked(schemas)

    def send(self, words, answered_next):
        self.asked.sent(words, answered_next)

    def read(self):
        return self.value


class PlayerTest(unittest.TestCase):
    def test_a_reply_as_written_but_of_a_wrong_shape_fails(self):
        schemas = reply_schema.Schemas({"xlen": {"reply_schema": COUNT}})
        step = transcript.Step("send", "", 1, "> XLEN s", [b"XLEN", b"s"], [transcript.reply_of("", 0, "<int>")])
        playing = player.Player.__new__(player.Player)
        playing.name, playing.protocol, playing.captured = "leat", 3, {}
        playing.command(ShapedConnection(schemas, 1), step)
        with self.assertRaisesRegex(player.Mismatch, "COMMAND DOCS says, here: no count"):
            playing.command(ShapedConnection(schemas, -1), step)


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
