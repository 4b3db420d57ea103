"""What the load driver asked for and what it was answered: the outside witness of every crash test.

Contract   An operation gets `invoked` before its first byte is sent and `acked` after its last reply was read; both are
           positions in one sequence of events, so `a.acked < b.invoked` means that b started after a had been answered.
           An operation without `acked` is a maybe: the server may or may not have executed it.
"""

import time

from wire import ErrorReply

NEVER = float("inf")


def parse_id(text):
    """A stream id as one integer that orders like the id."""
    ms, _, seq = text.partition(b"-")
    return int(ms) << 64 | int(seq or 0)


def id_text(value):
    return f"{value >> 64}-{value & 0xFFFFFFFFFFFFFFFF}"


def contains_error(reply):
    if isinstance(reply, list):
        return any(contains_error(part) for part in reply)
    return isinstance(reply, ErrorReply)


class Operation:
    """One command, or one MULTI ... EXEC whose commands stand in `parts`."""

    __slots__ = ("kind", "key", "args", "actor", "commands", "parts", "whole", "invoked", "acked", "acked_at", "reply", "refused")

    def __init__(self, kind, key, args, commands, parts=()):
        self.kind = kind          # see workload.py for the list
        self.key = key            # stream or namespace
        self.args = args          # what the checker needs, by kind
        self.commands = commands  # what is sent, a list of commands
        self.parts = parts
        self.whole = self         # the MULTI ... EXEC that this is a part of
        for part in parts:
            part.whole = self
        self.actor = None
        self.invoked = None
        self.acked = NEVER
        self.acked_at = None      # monotonic seconds
        self.reply = None
        self.refused = False      # answered with an error

    @property
    def is_acked(self):
        return self.acked != NEVER

    @property
    def is_maybe(self):
        return self.acked == NEVER and not self.refused

    def __repr__(self):
        state = "refused" if self.refused else "acked" if self.is_acked else "maybe"
        return f"{self.kind} {self.key.decode()} by {self.actor} ({state})"


class History:
    """All operations of one load phase, in the order of invocation."""

    def __init__(self):
        self.operations = []
        self.errors = []          # (event, operation, error) for every error reply
        self.struck = NEVER       # event of the fault
        self.struck_at = None     # monotonic seconds
        self._event = 0

    def next_event(self):
        self._event += 1
        return self._event

    def invoke(self, operation, actor):
        operation.actor = actor
        operation.invoked = self.next_event()
        self.operations.append(operation)
        for part in operation.parts:
            part.actor, part.invoked = actor, operation.invoked

    def answer(self, operation, reply):
        """`reply` is the last reply of the operation; the array of EXEC is dealt out to the parts."""
        event = self.next_event()
        if contains_error(reply):
            self.errors.append((event, operation, reply))
            for each in (operation, *operation.parts):
                each.refused, each.reply = True, reply
            return
        now = time.monotonic()
        operation.acked, operation.acked_at, operation.reply = event, now, reply
        for part, part_reply in zip(operation.parts, reply if operation.parts else ()):
            part.acked, part.acked_at, part.reply = event, now, part_reply

    def strike(self):
        """The fault happens now; answers that are read later count all the same."""
        self.struck, self.struck_at = self.next_event(), time.monotonic()

    def forgive_errors_after_strike(self):
        """Once the disk fails an error says nothing about the outcome: such operations become maybes."""
        for event, operation, _ in self.errors:
            if event > self.struck:
                for each in (operation, *operation.parts):
                    each.refused, each.reply = False, None
        self.errors = [error for error in self.errors if error[0] <= self.struck]

    def doubt_answers_after_strike(self):
        """Answers that were read after the fault prove nothing: such operations become maybes, errors too."""
        self.forgive_errors_after_strike()
        for operation in self.operations:
            if operation.is_acked and operation.acked > self.struck:
                for each in (operation, *operation.parts):
                    each.acked, each.reply = NEVER, None

    def acked_count(self):
        return sum(1 for operation in self.operations if operation.is_acked)
