"""Which calls are played of every command, and what must be true of their replies."""

from argument_player import shown
from grammar import Call, choices
from leatlib.report import Failed
from leatlib.resp import RespError
from prepared import KEYS
from values import COUNTED, ID_ARGUMENTS, IDS, INTEGERS, NAMES, Values

# Options, choices and commands (None) of which no call succeeds here, and why.
NEVER = {
    ("config|rewrite", None): "the server has no file of directives",
    ("latency|graph", None): "nothing was slow",
    ("object|freq", None): "nothing counts accesses",
    ("readonly", None): "there is no cluster",
    ("readwrite", None): "there is no cluster",
}
# Values that are not tried, and why.
UNTRIED = {
    ("client|pause", "timeout"): "who lets all wait for ever is not let unpause them; special.py has the writes",
}
# Commands that succeed with fewer repetitions only.
ONCE_ONLY = {
    "config|set": 2,  # There are no directives of the further names.
}
TIMES = (1, 7, 8, 9, 1000)
MILLION = 1_000_000
# Without --all: replies of a million elements take longer to read than to make.
MILLION_ALWAYS = {"del", "xack", "xackdel", "xadd", "xclaim", "xdel", "xdelex", "xnack", "xread", "xreadgroup"}


class Tally:
    """Of all calls of a part."""

    def __init__(self):
        self.sent = self.succeeded = 0

    def count(self, replies):
        self.sent += len(replies)
        self.succeeded += sum(succeeded(reply) for reply in replies)


def succeeded(reply):
    return not isinstance(reply, RespError)


def unique(calls):
    """(chosen, words) without those whose words came before."""
    seen = set()
    for chosen, words in calls:
        if tuple(words) not in seen:
            seen.add(tuple(words))
            yield chosen, words


class Part:
    name = ""
    share_min = 0.0  # Of its calls so many must succeed, lest it be one long list of refusals.

    def __init__(self, options):
        self.options, self.tally = options, Tally()

    def takes(self, command):
        """Whether there is something to play of the command."""
        return bool(command.arguments)

    def check_tally(self):
        if self.tally.succeeded < self.share_min * self.tally.sent or not self.tally.sent:
            raise Failed(f"{self.tally.succeeded} of {self.tally.sent}")


class Valid(Part):
    """Calls that mostly succeed: every option and choice, alone, with every one and two others, and with all."""

    name = "valid"
    share_min = 0.8

    def play(self, command, players):
        calls = list(unique(self.calls(command)))
        worked = set()
        for player in players:
            replies = player.play(command, [words for _, words in calls], command.writes)
            self.tally.count(replies)
            for (chosen, _), reply in zip(calls, replies, strict=True):
                if succeeded(reply):
                    worked |= {None, *chosen}
        check_worked(command, worked)

    def takes(self, command):
        return True

    def calls(self, command):
        value = Values(command)
        for chosen in choices(command):
            for everything in (False, True):
                call = Call(command, value, chosen, everything)
                yield call.has(), call.words()


def check_worked(command, worked):
    for branch in [None, *command.branches()]:
        reason = NEVER.get((command.name, branch and str(branch)))
        what = f"with {branch}" if branch else "at all"
        if branch in worked and reason:
            raise Failed(f"succeeds {what}, so NEVER need not name it")
        if branch not in worked and not reason:
            raise Failed(f"no call succeeds {what}")


class Boundaries(Part):
    """In the place of every value each number and, where an id stands, each form of one."""

    name = "boundaries"
    share_min = 0.5

    def play(self, command, players):
        calls = [words for _, words in unique(self.calls(command))]
        for player in players:
            self.tally.count(player.play(command, calls, command.writes))

    def calls(self, command):
        for argument in filter(lambda node: node.is_value, command.nodes()):
            if (command.name, argument.name) in UNTRIED:
                continue
            words = INTEGERS + (IDS if argument.name in ID_ARGUMENTS else [])
            for word in words:
                value = Values(command, instead={argument: word})
                for everything in (False, True):
                    yield None, Call(command, value, argument.with_parents(), everything).words()


class Names(Part):
    """Names that are words of the grammar, empty, binary or long, in the place of each key, group, consumer, field and member, and
    of all of them (but one key): what
    they name is there, and calls succeed as they do with plain names."""

    name = "names"
    share_min = 0.9
    NAMED = ("group", "groupname", "consumer", "consumername", "field", "member", "channel", "shardchannel")

    def takes(self, command):
        return bool(self.named(command))

    def named(self, command):
        return [node for node in command.nodes() if node.kind == "key" or node.name in self.NAMED]

    def play(self, command, players):
        arguments = self.named(command)
        keys = [node for node in arguments if node.kind == "key"]
        together = [node for node in arguments if node not in keys[1:]]
        some = [[argument] for argument in arguments] + ([together] if len(together) > 1 else [])
        for everything in (False, True):
            for named in some:
                self.compare(command, players, named, everything)

    def compare(self, command, players, named, everything):
        chosen = frozenset().union(*(argument.with_parents() for argument in named))
        words = [Call(command, Values(command), chosen, everything).words()]
        words += [Call(command, Values(command, instead=dict.fromkeys(named, name)), chosen, everything).words() for name in NAMES]
        before = [[], *(list(naming(command, named, name)) for name in NAMES)]
        for player in players:
            replies = player.play(command, words, True, before)
            self.tally.count(replies)
            for call, reply in zip(words, replies, strict=True):
                if succeeded(reply) != succeeded(replies[0]):
                    raise Failed(f"{shown(call)} is answered {str(reply)[:200]!r}, with plain names {str(replies[0])[:200]!r}")


def naming(command, named, name):
    """The calls that give what a command finds the name."""
    kinds = {argument.name for argument in named}
    key = group = None
    for argument in command.nodes():
        if argument.kind == "key" and key is None:
            key = Values(command)(argument, 0)
            if argument in named and key in KEYS:
                yield "COPY", key, name
                key = name
    if kinds & {"group", "groupname"} and command.name != "xgroup|create":
        yield "XGROUP", "CREATE", key, name, 0
        yield "XREADGROUP", "GROUP", name, "c", "COUNT", 8, "STREAMS", key, ">"
        group = name
    if kinds & {"consumer", "consumername"} and command.name != "xgroup|createconsumer":
        yield "XGROUP", "CREATECONSUMER", key, group or "g", name


class Repetitions(Part):
    """What may be repeated stands there 1, 7, 8, 9 and 1,000 times, which changes nothing of whether a call succeeds; and where a
    number says how often, it is wrong by one, which is refused."""

    name = "repetitions"
    share_min = 0.75

    def takes(self, command):
        return bool(multiple(command))

    def play(self, command, players):
        for argument in multiple(command):
            for everything in (False, True):
                self.compare(command, players, argument.with_parents(), everything)

    def compare(self, command, players, chosen, everything):
        offs = (0, 1, -1) if counts(command) else (0,)
        cases = [(times, off) for times in TIMES for off in offs]
        words = [Call(command, Values(command, times, off), chosen, everything, times).words() for times, off in cases]
        for player in players:
            replies = player.play(command, words, True)
            self.tally.count(replies)
            for (times, off), call, reply in zip(cases, words, replies, strict=True):
                check_repetition(command, times, off, call, reply, replies[0])


def multiple(command):
    return [node for node in command.nodes() if node.multiple]


def counts(command):
    return any(node.name in COUNTED for node in command.nodes())


def check_repetition(command, times, off, call, reply, once):
    """`once` is the reply to the call with one repetition."""
    wanted = succeeded(once) and off == 0 and times < ONCE_ONLY.get(command.name, times + 1)
    if succeeded(reply) != wanted:
        raise Failed(f"{times} times, wrong by {off}: {shown(call)} is answered {str(reply)[:200]!r}, once {str(once)[:200]!r}")


class Million(Part):
    """The same a million times; with --all in both protocols, and with all options as well."""

    name = "a million"
    share_min = 0.5

    def takes(self, command):
        return bool(multiple(command)) and (self.options.all or command.name in MILLION_ALWAYS)

    def play(self, command, players):
        for player in players if self.options.all else players[:1]:
            self.compare(command, player, False)
            if self.options.all:
                self.compare(command, player, True)

    def compare(self, command, player, everything):
        chosen = frozenset().union(*(node.with_parents() for node in multiple(command)))
        once = player.play_repeated(command, Call(command, Values(command), chosen, everything, repeated=True).words(), 1)
        for off in (0, 1, -1) if counts(command) else (0,):
            call = Call(command, Values(command, MILLION, off), chosen, everything, repeated=True).words()
            reply = player.play_repeated(command, call, MILLION)
            self.tally.count([reply])
            check_repetition(command, MILLION, off, call, reply, once)


PARTS = (Valid, Boundaries, Names, Repetitions, Million)
