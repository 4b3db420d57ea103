"""Reading transcripts. README.md is the normative description of the format."""

import dataclasses
import re

import notation


class TranscriptError(Exception):
    """The transcript itself is wrong; the text starts with file and line."""


@dataclasses.dataclass
class Reply:
    servers: str  # "leat", "redis" or "" for both.
    protocol: int  # 2, 3 or 0 for both.
    pattern: notation.Pattern
    text: str
    newer: list = dataclasses.field(default_factory=list)  # (version, the reply as servers before it give it).

    def pattern_of(self, version):
        """What a server of this version replies."""
        return next((pattern for since, pattern in self.newer if version < since), self.pattern)


@dataclasses.dataclass
class Step:
    """`kind`: send (a command), raw (bytes), read (a reply that comes later), or an instruction that starts with `!`."""

    kind: str
    connection: str
    line: int
    text: str
    words: list = dataclasses.field(default_factory=list)
    replies: list = dataclasses.field(default_factory=list)

    def reply_for(self, server, protocol):
        """The expected reply, or None when the step gives none for this server and protocol."""
        for reply in self.replies:
            if reply.servers in ("", server) and reply.protocol in (0, protocol):
                return reply
        return None


@dataclasses.dataclass
class Block:
    title: str
    line: int
    since: tuple = ()
    ours: bool = False  # Of something that Redis does not have.
    differs: str = ""
    steps: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Transcript:
    path: object
    blocks: list
    protocols: tuple = (2, 3)
    directives: dict = None  # Of `! server`: the file gets a server of its own. None: the shared one will do.


STEP = re.compile(r"^([A-Z]\w*)?(>>|>|<)(?: (.*))?$")
SELECTOR = re.compile(r"^(leat|redis)?([23])?\| ?(.*)$")
SINCE_LINE = re.compile(r"^(\s*)\?(\d+)\.(\d+) ", re.M)
WORD = re.compile(r"""(?P<double>"(?:[^"\\]|\\.)*")(?:\*(?P<times>\d+))?|'(?P<single>[^']*)'|(?P<plain>[^\s"']+)""")
INSTRUCTIONS = {"wait", "repeat", "connect", "close", "closed", "silent"}


def split_words(text):
    """Words as bytes; plain ones may hold <captures>, which are put in when the command is sent."""
    words, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = WORD.match(text, at)
        if not found or (found.end() < len(text) and not text[found.end()].isspace()):
            raise notation.NotationError(f"cannot read the words {text[at:]!r}")
        at = found.end()
        if found["double"] is not None:
            words.append(notation.unescape(found["double"][1:-1]) * int(found["times"] or 1))
        else:
            words.append((found["single"] if found["single"] is not None else found["plain"]).encode())
    return words


class Reader:
    def __init__(self, path):
        self.path = path
        self.lines = path.read_text(encoding="utf-8").split("\n")
        self.transcript = Transcript(path, [])
        self.at = 0

    def error(self, line, why):
        return TranscriptError(f"{self.path}:{line}: {why}")

    def read(self):
        while self.at < len(self.lines):
            if not self.lines[self.at].strip():
                self.at += 1
            else:
                self.block()
        titles = [block.title for block in self.transcript.blocks]
        for block in self.transcript.blocks:
            if titles.count(block.title) > 1:
                raise self.error(block.line, f"the title {block.title!r} is used twice")
        return self.transcript

    def file_instruction(self, text):
        name, _, rest = text.partition(" ")
        if self.transcript.blocks:
            raise self.error(self.at + 1, f"{name!r} stands at the head of a file")
        if name == "protocol" and rest in ("2", "3"):
            self.transcript.protocols = (int(rest),)
        elif name == "server":
            words = [word.decode() for word in split_words(rest)]
            self.transcript.directives = dict(word.split("=", 1) for word in words)
        else:
            raise self.error(self.at + 1, f"unknown instruction {text!r} at the head of a file")

    def block(self):
        block = Block("", self.at + 1)
        while self.at < len(self.lines) and self.lines[self.at].strip():
            line = self.lines[self.at]
            if line.startswith("#"):
                self.comment(block, line.lstrip("#").strip())
                self.at += 1
            elif line.startswith("! ") and line.split()[1] in ("server", "protocol"):
                self.file_instruction(line[2:])
                self.at += 1
            else:
                block.steps.append(self.step(block))
        if not block.steps and not self.transcript.blocks and not block.since:
            return  # The comment at the head of a file.
        if not block.title or not block.steps:
            raise self.error(block.line, "a block starts with a comment, its title, and has steps")
        self.transcript.blocks.append(block)

    def comment(self, block, text):
        if found := re.fullmatch(r"since (\d+)\.(\d+)", text):
            block.since = (int(found[1]), int(found[2]))
        elif text == "only leat":
            block.ours = True
        elif text.startswith("differs:"):
            block.differs = text[8:].strip()
        elif not block.title:
            block.title = text

    def step(self, block):
        number, line = self.at + 1, self.lines[self.at]
        self.at += 1
        try:
            if line.startswith("! "):
                return self.instruction(number, line[2:])
            found = STEP.match(line)
            if not found:
                raise self.error(number, f"neither a step nor the reply of one: {line!r}")
            connection, sign, rest = found[1] or "", found[2], found[3] or ""
            kind = {">": "send", ">>": "raw", "<": "read"}[sign]
            step = Step(kind, connection, number, line)
            if kind == "read" and rest:
                self.lines[self.at - 1] = rest
                self.at -= 1
            elif kind != "read":
                step.words = split_words(rest)
                if not step.words:
                    raise self.error(number, "a command without words")
                self.check_command(step)
            step.replies = self.replies(block)
        except notation.NotationError as error:
            raise self.error(number, str(error)) from error
        if kind == "raw" and step.replies:
            raise self.error(number, "the replies to raw bytes are read by `<` steps")
        if kind == "read" and not step.replies:
            raise self.error(number, "a reply is missing")
        return step

    def check_command(self, step):
        name = [word.upper() for word in step.words[:2]]
        if name == [b"CONFIG", b"SET"] and self.transcript.directives is None:
            raise self.error(step.line, "a file with CONFIG SET needs a server of its own: `! server` at its head")

    def instruction(self, number, text):
        name, _, rest = text.partition(" ")
        if name not in INSTRUCTIONS:
            raise self.error(number, f"unknown instruction {name!r}")
        return Step("!" + name, "", number, "! " + text, split_words(rest))

    def replies(self, block):
        """The reply lines from here on: with selectors one reply each, without one reply of several lines."""
        replies = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip() or line.startswith(("#", "! ")) or STEP.match(line):
                break
            found = SELECTOR.match(line)
            if found:
                replies.append([found[1] or "", int(found[2] or 0), found[3]])
                if replies[-1][0] and not block.differs:
                    raise self.error(self.at + 1, "leat| and redis| need a `# differs: reason` in the block")
            elif replies:
                replies[-1][2] += "\n" + line
            else:
                replies.append(["", 0, line])
            self.at += 1
        return [reply_of(server, protocol, text) for server, protocol, text in replies]


def reply_of(server, protocol, text):
    """A reply, some lines of which may be for newer servers only."""
    versions = sorted({(int(major), int(minor)) for _, major, minor in SINCE_LINE.findall(text)})
    return Reply(server, protocol, notation.parse(as_of(text, None)), text, [(v, notation.parse(as_of(text, v))) for v in versions])


def as_of(text, version):
    """The text without the lines that servers before `version` do not reply."""
    lines = []
    for line in text.split("\n"):
        found = SINCE_LINE.match(line)
        if not found or version is None or (int(found[2]), int(found[3])) < version:
            lines.append(SINCE_LINE.sub(r"\1", line))
    return "\n".join(lines)


def read(path):
    return Reader(path).read()
