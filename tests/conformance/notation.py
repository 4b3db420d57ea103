"""The notation of replies in transcripts: parsing it, matching replies against it, printing replies in it.

README.md is the normative description. A parsed reply is a tree of Pattern.
"""

import dataclasses
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from leatlib.resp import Double, Null, RespError, RespMap, RespPush, RespSet, SimpleString, Verbatim  # noqa: E402

RENDER_WIDTH = 110


class NotationError(Exception):
    """The text is not in the notation."""


@dataclasses.dataclass
class Pattern:
    kind: str
    value: object = None
    name: str = ""  # A wildcard's capture.
    any_order: bool = False
    is_open: bool = False  # Ends with `...`: further elements may follow.


ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\", '"': b'"'}


def unescape(text):
    """The bytes meant by the inside of a double-quoted string."""
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
        elif text[at + 1 : at + 2] == "x":
            out.append(int(text[at + 2 : at + 4], 16))
            at += 4
        elif text[at + 1 : at + 2] in ESCAPES:
            out += ESCAPES[text[at + 1]]
            at += 2
        else:
            raise NotationError(f"unknown escape in {text!r}")
    return bytes(out)


def quote(raw):
    """A double-quoted string for these bytes."""
    text = raw.decode("utf-8", "surrogateescape")
    out = []
    for char in text:
        code = ord(char)
        if char in '"\\':
            out.append("\\" + char)
        elif char in "\n\r\t":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char])
        elif code < 32 or code == 127:
            out.append(f"\\x{code:02x}")
        elif 0xDC80 <= code <= 0xDCFF:  # A byte that is no UTF-8.
            out.append(f"\\x{code - 0xDC00:02x}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


STRING = r'"(?:[^"\\]|\\.)*"'
TOKEN = re.compile(
    rf"""(?P<space>[\s,]+)
    |(?P<open>any\[|any\{{|~\[|>\[|@\{{|\[|\{{)
    |(?P<close>\]|\}})
    |(?P<rest>\.\.\.)
    |(?P<wild><(?P<wname>[a-z]+)(?::(?P<capture>[a-z]\w*))?(?:\ (?P<wargs>{STRING}|[-\d.]+))?>)
    |(?P<null>nilarr|nil)\b
    |=(?P<verbatim>{STRING})
    |\#(?P<bool>[tf])\b
    |:(?P<int>-?\d+)
    |(?P<bulk>{STRING})(?:\*(?P<times>\d+))?
    |(?P<line>[+-])(?:(?P<lquoted>{STRING})|(?P<lword>[A-Za-z@][^\s,\[\]{{}}"]*))
    |=(?P<double>[-+.\deinfa]+)
    """,
    re.VERBOSE,
)
COLLECTIONS = {"[": "array", "{": "map", "~[": "set", ">[": "push", "@{": "pairs", "any[": "array", "any{": "map"}
WILDCARDS = {"any", "int", "id", "bulk", "text", "double"}


def parse(text):
    """One reply. A `+` or `-` line at the top takes the rest of the line."""
    text = text.strip()
    if re.match(r"[+-](?![\"])", text) and "\n" not in text:
        return Pattern("simple" if text[0] == "+" else "error", text[1:])
    stack, top = [], []
    current = top
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise NotationError(f"cannot read {text[at:at + 40]!r}")
        at = found.end()
        if found["space"]:
            continue
        if found["open"]:
            pattern = Pattern(COLLECTIONS[found["open"]], [], any_order=found["open"].startswith(("any", "~")))
            current.append(pattern)
            stack.append((current, pattern, "]" if found["open"].endswith("[") else "}"))
            current = pattern.value
        elif found["close"]:
            if not stack or stack[-1][2] != found["close"]:
                raise NotationError(f"unexpected {found['close']!r}")
            current, pattern, _ = stack.pop()
            close_collection(pattern)
        elif found["rest"]:
            if not stack:
                raise NotationError("`...` outside a collection")
            stack[-1][1].is_open = True
        else:
            if stack and stack[-1][1].is_open:
                raise NotationError("`...` must be the last element")
            current.append(scalar(found))
    if stack or len(top) != 1:
        raise NotationError("a bracket is open" if stack else f"{len(top)} values instead of one")
    return top[0]


def close_collection(pattern):
    if pattern.kind in ("map", "pairs"):
        flat = pattern.value
        if len(flat) % 2:
            raise NotationError("a map with a key that has no value")
        pattern.value = list(zip(flat[::2], flat[1::2]))


def scalar(found):
    if found["wild"]:
        if found["wname"] in WILDCARDS:
            return Pattern(found["wname"] + "*", wildcard_argument(found), found["capture"] or "")
        return Pattern("captured", None, found["wname"])
    if found["null"]:
        return Pattern(found["null"])
    if found["verbatim"]:
        return Pattern("verbatim", unescape(found["verbatim"][1:-1]))
    if found["bool"]:
        return Pattern("bool", found["bool"] == "t")
    if found["int"]:
        return Pattern("int", int(found["int"]))
    if found["bulk"]:
        return Pattern("bulk", unescape(found["bulk"][1:-1]) * int(found["times"] or 1))
    if found["double"]:
        return Pattern("double", found["double"])
    kind = "simple" if found["line"] == "+" else "error"
    quoted = found["lquoted"]
    return Pattern(kind, unescape(quoted[1:-1]).decode() if quoted else found["lword"])


def wildcard_argument(found):
    kind, text = found["wname"], found["wargs"]
    if kind == "text":
        if not text or text[0] != '"':
            raise NotationError('<text> needs a regular expression: <text "...">')
        return re.compile(text[1:-1].replace('\\"', '"').encode(), re.DOTALL)
    if kind == "int" and text:
        low, dots, high = text.partition("..")
        if not dots:
            raise NotationError("<int> takes a range: <int 1..5>")
        return int(low), int(high)
    if text:
        raise NotationError(f"<{kind}> takes no argument")
    return None


# Matching. Every function returns "" for a match, or where it failed.


def match(pattern, value, protocol, captured):
    """Checks a reply as it came over a connection that speaks `protocol`. Captures are added to `captured`."""
    kind = pattern.kind
    if kind.endswith("*"):
        fits = wildcard_fits(kind[:-1], pattern.value, value, protocol)
        if fits and pattern.name:
            captured[pattern.name] = value
        return "" if fits else "here"
    if kind == "captured":
        if pattern.name not in captured:
            raise NotationError(f"<{pattern.name}> is no wildcard and nothing was captured under this name")
        return "" if same(captured[pattern.name], value) else "here"
    if kind in ("array", "map", "pairs", "set", "push"):
        return match_collection(pattern, value, protocol, captured)
    return "" if scalar_fits(kind, pattern.value, value, protocol) else "here"


def same(left, right):
    return type(left) is type(right) and left == right


def scalar_fits(kind, want, value, protocol):
    if kind in ("nil", "nilarr"):
        return value is (Null.RESP3 if protocol == 3 else Null.BULK if kind == "nil" else Null.ARRAY)
    if kind == "int":
        return type(value) is int and value == want
    if kind == "bool":
        return value is want if protocol == 3 else type(value) is int and value == int(want)
    if kind == "double":
        return value.text == want if isinstance(value, Double) else protocol == 2 and value == want.encode()
    if kind == "verbatim":
        return type(value) is (Verbatim if protocol == 3 else bytes) and value == want
    expected = {"simple": SimpleString, "error": RespError, "bulk": bytes}[kind]
    return type(value) is expected and value == want


def wildcard_fits(kind, argument, value, protocol):
    if kind == "any":
        return True
    if kind == "int":
        return type(value) is int and (argument is None or argument[0] <= value <= argument[1])
    if kind == "id":
        return type(value) is bytes and re.fullmatch(rb"\d+-\d+", value) is not None
    if kind == "bulk":
        return type(value) is bytes
    if kind == "double":
        return isinstance(value, Double) if protocol == 3 else type(value) is bytes
    if not isinstance(value, (bytes, str)):
        return False
    return argument.search(value if isinstance(value, bytes) else value.encode()) is not None


def match_collection(pattern, value, protocol, captured):
    kind = pattern.kind
    items = elements(kind, value, protocol)
    if items is None:
        return "here (another type)"
    wants = pattern.value
    if len(items) < len(wants) or (len(items) > len(wants) and not pattern.is_open):
        return f"here ({len(wants)} elements expected, got {len(items)})"
    if pattern.any_order:
        return "" if assign(wants, items, protocol, captured) else "here (in any order)"
    for index, (want, item) in enumerate(zip(wants, items)):
        where = match_element(want, item, protocol, captured)
        if where:
            return f"[{index}] {where}"
    return ""


def elements(kind, value, protocol):
    """The elements of a collection, as pairs for maps, or None when `value` is not that collection."""
    types = {"array": list, "map": RespMap, "pairs": RespMap, "set": RespSet, "push": RespPush}
    if type(value) is not (types[kind] if protocol == 3 else list):
        return None
    if protocol == 3 or kind not in ("map", "pairs"):
        return value
    if kind == "map":
        return list(zip(value[::2], value[1::2])) if len(value) % 2 == 0 else None
    return [tuple(pair) for pair in value] if all(type(p) is list and len(p) == 2 for p in value) else None


def match_element(want, item, protocol, captured):
    if not isinstance(want, tuple):
        return match(want, item, protocol, captured)
    return match(want[0], item[0], protocol, captured) or match(want[1], item[1], protocol, captured)


def assign(wants, items, protocol, captured):
    """Whether each pattern can have an item of its own."""
    if not wants:
        return True
    for index, item in enumerate(items):
        trial = dict(captured)
        if not match_element(wants[0], item, protocol, trial):
            if assign(wants[1:], items[:index] + items[index + 1 :], protocol, trial):
                captured.update(trial)
                return True
    return False


# Printing.


def render(value, top=True):
    """A reply in the notation, broken into lines where it is long."""
    flat = render_flat(value, top)
    if len(flat) <= RENDER_WIDTH or not isinstance(value, list):
        return flat
    opening, closing = brackets(value)
    lines = [opening]
    for item in value:
        pair = isinstance(value, RespMap)
        text = f"{render_flat(item[0], False)} {render(item[1], False)}" if pair else render(item, False)
        lines += ["  " + line for line in text.split("\n")]
    return "\n".join([*lines, closing])


class Pairs(RespMap):
    """A map that RESP2 shows as an array of pairs."""


def brackets(value):
    if isinstance(value, Pairs):
        return "@{", "}"
    if isinstance(value, RespMap):
        return "{", "}"
    return {RespSet: "~[", RespPush: ">["}.get(type(value), "["), "]"


def render_flat(value, top):
    if isinstance(value, (SimpleString, RespError)):
        sign = "+" if isinstance(value, SimpleString) else "-"
        plain = top and value == value.strip()
        if re.fullmatch("[A-Za-z]+", value):
            plain = True
        return sign + (value if plain else quote(value.encode("utf-8", "surrogateescape")))
    if isinstance(value, Null):
        return "nilarr" if value is Null.ARRAY else "nil"
    if isinstance(value, bool):
        return "#t" if value else "#f"
    if isinstance(value, Double):
        return "=" + value.text
    if isinstance(value, int):
        return f":{value}"
    if isinstance(value, bytes):
        return ("=" if isinstance(value, Verbatim) else "") + quote(value)
    opening, closing = brackets(value)
    if isinstance(value, RespMap):
        inside = ", ".join(f"{render_flat(k, False)} {render_flat(v, False)}" for k, v in value)
    else:
        inside = ", ".join(render_flat(item, False) for item in value)
    return opening + inside + closing
