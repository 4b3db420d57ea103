"""Every text with which a command may refuse stands in a transcript, or is named below with the reason why it can't.

The texts are the string literals of src/command and src/server that begin with a code in capitals. What is put into them when
the server runs (`{}` of a format, what `+` appends) may be anything.
"""

import dataclasses
import pathlib
import re

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"

# Texts of the source, and why no transcript shows them.
UNREACHABLE = {
    "DENIED Leat is running in protected mode: no password is set, so only clients on the same host may connect. Set a password with "
    "'requirepass', or switch the protection off with 'protected-mode no' if the network is trusted.": "needs another host",
    "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever "
    "possible.": "needs a checkpoint that takes a while: persistence_test.cc",
    "ERR Background append only file rewriting already in progress": "needs a checkpoint that takes a while: persistence_test.cc",
    "ERR Elements are too large to be stored": "needs an entry of more than a gigabyte: the suite memory",
    "ERR Error trying to load the checkpoint, check server logs.": "needs a broken disk",
    "ERR Errors trying to SHUTDOWN. Check logs.": "needs a broken disk: persistence_test.cc",
    "ERR IDS option is required": "no words of enough number lead there",
    "ERR The checkpoint was not made; the server's own messages say why": "needs a broken disk: persistence_test.cc",
    "ERR entries of the stream that are kept on disk can't be read; the log of the server says why": "needs a broken disk: sealed_test.cc",
    "ERR Rewriting config file: {}": "needs a directory that can't be written: the suite start",
    "ERR no such crash point.": "needs an environment: the suite crash",
    "ERR the group has had as many consumers as it can name; create another group": "needs four thousand million consumers",
    "ERR the stream has had as many groups as it can name": "needs four thousand million groups",
    "ERR the stream has more than 512 MB, which no client could RESTORE; copy it with COPY, or read it with XRANGE": "needs as much",
    "LOADING Redis is loading the dataset in memory": "needs a large data directory: the suite start",
    "MISCONF The disk is full: the log has no room for this write. Reads work, and so do XACK, XDEL, XTRIM and DEL; writes are "
    "accepted again as soon as there is space.": "needs a full disk: the suite crash",
    "MISCONF The log failed: the outcome of the last writes is unknown, and nothing is answered until the server has been restarted. "
    "Its own messages say what happened.": "needs a broken disk: the suite crash",
}
# What begins with capitals and is no error.
OTHER_TEXTS = {"MAXLEN 0", "POSIX clock_gettime"}

# Tests, and tables of what there is.
NO_SOURCE = re.compile(r"^fixture_|_test$|_table$|_directives$")
COMMENT = re.compile(r"//[^\n]*")
HELP_LINES = re.compile(r"constexpr Bytes k(?:Lines\[\] = \{.*?\};|\w+Forms =[^;]*;)", re.S)
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
CODE = re.compile(r"-?([A-Z]{3,} .+)", re.S)
APPENDED = re.compile(r"[\s)]*\+")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")


@dataclasses.dataclass(frozen=True)
class ErrorText:
    text: str  # As in the source, without the line end of the protocol.
    is_open: bool  # More is appended to it.

    def fits(self, reply):
        pattern = ".*".join(map(re.escape, PLACEHOLDER.split(self.text)))
        return re.fullmatch(pattern + (".*" if self.is_open else ""), reply, re.S) is not None


def of_source(source):
    """The error texts of one C++ source."""
    source = HELP_LINES.sub("", COMMENT.sub("", source))
    for found in LITERALS.finditer(source):
        text = "".join(LITERAL.findall(found[0])).replace('\\"', '"').removesuffix("\\r\\n")
        code = CODE.fullmatch(text)
        if code and code[1] not in OTHER_TEXTS:
            yield ErrorText(code[1], bool(APPENDED.match(source, found.end())))


def of_sources():
    paths = [path for module in ("command", "server") for path in (SOURCES / module).glob("*.*") if not NO_SOURCE.search(path.stem)]
    return {text for path in paths for text in of_source(path.read_text())}


def of_pattern(pattern):
    """The errors that a reply of a transcript has, itself or in its elements."""
    if pattern.kind == "error":
        yield pattern.value
    elif isinstance(pattern.value, list):
        for element in pattern.value:
            for one in element if isinstance(element, tuple) else [element]:
                yield from of_pattern(one)


def of_transcripts(scripts):
    """The errors that Leat is to reply somewhere."""
    steps = [step for script in scripts for block in script.blocks for step in block.steps]
    replies = [reply for step in steps for reply in step.replies if reply.servers != "redis"]
    return {error for reply in replies for error in of_pattern(reply.pattern)}


def problems(texts, errors, unreachable):
    """A line for each text that no transcript shows, and for each name in `unreachable` without need."""
    known = {text.text for text in texts}
    for text in sorted(known):
        shown = any(one.fits(error) for one in texts if one.text == text for error in errors)
        if not shown and text not in unreachable:
            yield f"no transcript shows: {text}"
        elif shown and text in unreachable:
            yield f"a transcript shows what error_texts.py calls unreachable: {text}"
    for name in sorted(unreachable.keys() - known):
        yield f"error_texts.py names what no source has: {name}"


def difference(scripts):
    """What is wrong with the transcripts, in words, or ""."""
    return "\n".join(problems(of_sources(), of_transcripts(scripts), UNREACHABLE))
