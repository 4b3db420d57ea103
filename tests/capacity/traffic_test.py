"""The load generator notices what a server must not do."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import events as retail  # noqa: E402
import traffic  # noqa: E402
from leatlib.resp import encode  # noqa: E402

EVENTS = retail.Events()


class TestEvents(unittest.TestCase):
    def test_requests_are_what_a_client_would_send(self):
        fields = EVENTS.fields(2, 5, 1)[0].split(b"\r\n")[1::2]
        self.assertEqual(EVENTS.requests(2, 5, 1), encode("XADD", retail.KEY, "*", *fields))

    def test_how_they_are_cut_changes_nothing(self):
        whole = EVENTS.fields(1, 9_990, 10_020)
        self.assertEqual(whole, EVENTS.fields(1, 9_990, 13) + EVENTS.fields(1, 10_003, 10_007))
        self.assertEqual(len(whole), 10_020)

    def test_rounds_and_producers_differ(self):
        events = [EVENTS.fields(producer, first, 1)[0] for producer in range(3) for first in (7, 10_007, 20_007)]
        self.assertEqual(len(set(events)), len(events))
        self.assertEqual([retail.producer_of(fields) for fields in events], [0, 0, 0, 1, 1, 1, 2, 2, 2])


class Replay(traffic._Replay):
    """Takes its replies from the test."""

    def __init__(self):
        self._expected = [traffic._fields_of(EVENTS, producer, 0) for producer in range(2)]
        self._seen, self._last = 0, (0, 0)


def entry(number, producer, event):
    text = b"%d-0" % number
    return b"%d\r\n%s" % (len(text), text), retail.FIELDS, EVENTS.fields(producer, event, 1)[0]


class TestReplay(unittest.TestCase):
    def refused(self, *entries):
        with self.assertRaises(traffic.Refused):
            Replay()._check(entries)

    def test_producers_in_any_order_are_fine(self):
        replay = Replay()
        replay._check([entry(1, 1, 0), entry(2, 0, 0), entry(3, 0, 1), entry(4, 1, 1)])
        self.assertEqual(replay._seen, 4)

    def test_an_entry_that_is_missing(self):
        self.refused(entry(1, 0, 0), entry(2, 0, 2))

    def test_an_entry_that_comes_twice(self):
        self.refused(entry(1, 0, 0), entry(1, 0, 0))
        self.refused(entry(1, 0, 0), entry(2, 0, 0))

    def test_entries_out_of_order(self):
        self.refused(entry(2, 0, 0), entry(1, 0, 1))

    def test_fields_of_another_entry(self):
        text, between, fields = entry(1, 0, 0)
        self.refused((text, between, fields.replace(b"United", b"Untied")))


class TestOutcome(unittest.TestCase):
    def test_percentiles_count_events_not_bursts(self):
        outcome = traffic.Outcome(latencies=[(0.5, 1), (0.1, 98), (0.2, 1)])
        self.assertEqual([outcome.percentile(part) for part in (0.5, 0.98, 0.99, 1.0)], [0.1, 0.1, 0.2, 0.5])


if __name__ == "__main__":
    unittest.main()
