"""The differential runner itself: its steps repeat, what differs is seen, and it is shrunk to what shows it."""

import unittest
from unittest import mock

import differences
import play
import scenario
from leatlib.resp import Null, RespError, RespMap


class ScenarioTest(unittest.TestCase):
    def test_a_seed_repeats_its_steps(self):
        self.assertEqual(list(scenario.Scenario(3).steps()), list(scenario.Scenario(3).steps()))
        self.assertNotEqual(list(scenario.Scenario(3).steps()), list(scenario.Scenario(4).steps()))

    def test_all_kinds_of_steps_are_drawn(self):
        drawn = {words[0] for seed in range(40) for _, words in scenario.Scenario(seed).steps()}
        self.assertLessEqual({"XADD", "XREADGROUP", "XCLAIM", "EXEC", "WATCH", "RENAME", "COPY", "FLUSHALL", "PEXPIREAT", "SMOVE"}, drawn)
        self.assertLessEqual({"SELECT", "MOVE", "SWAPDB"}, drawn)
        self.assertIn("XSETID", drawn)
        blocking = sum("BLOCK" in words for seed in range(40) for _, words in scenario.Scenario(seed).steps())
        self.assertGreater(blocking, 100)

    def test_no_xsetid_waits_for_an_exec(self):
        """Its id could be below one that was deleted by then: refused since 7.2 (seed 59143413)."""
        for seed in (*range(200), 59143413):
            inside = set()
            for connection, words in scenario.Scenario(seed).steps():
                if words[0] == "MULTI":
                    inside.add(connection)
                elif words[0] in ("EXEC", "DISCARD"):
                    inside.discard(connection)
                self.assertFalse(words[0] == "XSETID" and connection in inside, f"seed {seed}")


class DifferencesTest(unittest.TestCase):
    def test_what_may_differ_is_the_same(self):
        waiting = ["XREADGROUP", "GROUP", "g", "c", "BLOCK", 0, "STREAMS", "s", ">"]
        gone = RespError("UNBLOCKED the stream key no longer exists")
        self.assertTrue(differences.same(waiting, RespError("NOGROUP No such key"), gone))
        self.assertTrue(differences.same(["XPENDING", "s", "g"], [[b"1-0", b"c", 5, 1]], [[b"1-0", b"c", 9, 1]]))
        info = ["XINFO", "STREAM", "s", "FULL"]
        self.assertTrue(differences.same(info, RespMap([(b"length", 1), (b"iids-added", 0)]), RespMap([(b"length", 1)])))
        self.assertTrue(differences.same(info, RespMap([(b"length", 1), (b"lag", 3)]), RespMap([(b"length", 1), (b"lag", None)])))

    def test_anything_else_is_not(self):
        self.assertFalse(differences.same(["XLEN", "s"], 1, 2))
        self.assertFalse(differences.same(["GET", "k"], Null.RESP3, b""))
        self.assertFalse(differences.same(["XREADGROUP", "STREAMS", "s", ">"], RespError("NOGROUP x"), RespError("ERR x")))
        self.assertFalse(differences.same(["XPENDING", "s", "g"], [[b"1-0", b"c", 5, 1]], [[b"1-0", b"c", 5, 2]]))
        with self.assertRaises(play.Difference):
            play.compare("step", ["EXEC"], [1, 2], [1, 3], [["XLEN", "s"], ["XLEN", "t"]])
        with self.assertRaises(play.Difference):
            play.compare("step", ["XREAD"], None, Null.RESP3)
        with self.assertRaises(play.Difference):
            play.compare_woken("step", {}, {1: b"x"}, {})
        with self.assertRaises(play.Difference):
            play.compare_content({b"k": (["GET"], "string", b"1", True)}, {b"k": (["GET"], "string", b"1", False)})


class ContentTest(unittest.TestCase):
    def test_all_databases_are_looked_at(self):
        side, selected = play.Side.__new__(play.Side), []

        def call(*words):
            if words[0] == "SELECT":
                selected.append(words[1])
            return [b"k"] if words[0] == "KEYS" else None

        side.look = mock.Mock(call=call)
        self.assertEqual(list(side.keys()), [(0, b"k"), (1, b"k")])
        self.assertEqual(selected, [0, 1])


class ShrinkTest(unittest.TestCase):
    def test_the_fewest_steps_are_found(self):
        steps = [(0, ["SET", "k", n]) for n in range(100)]
        guilty = [steps[17], steps[60]]

        def found(tried, *_):
            return "differs" if all(step in tried for step in guilty) else ""

        with mock.patch.object(play, "found", found):
            self.assertEqual(play.shrunk(steps, None, None, 4), (guilty, "differs"))


if __name__ == "__main__":
    unittest.main()
