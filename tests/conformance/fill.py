"""Writing transcripts: puts the server's reply below every command of a file that has none.

The file is played twice, in RESP2 and RESP3, because only RESP2 shows which null a reply is and only RESP3 shows maps,
sets and doubles. The result is a draft: whoever keeps it has to check each reply against the specification, and to
replace what varies (ids, times) by wildcards.
"""

import notation
import player
import transcript
from leatlib.resp import Double, Null, RespMap, RespSet, Verbatim


class Recorder(player.Player):
    """Takes every reply as it comes and remembers it by line."""

    def __init__(self, *args):
        super().__init__(*args)
        self.heard = {}

    def expect(self, connection, step, switches_to=0):
        if step.replies:
            super().expect(connection, step, switches_to)
            return
        self.heard[step.line] = connection.client.read()


def merged(old, new):
    """One value that shows what both replies told, or None when no single notation fits both."""
    if new is Null.RESP3:
        return old if isinstance(old, Null) else None
    if isinstance(new, (Double, Verbatim)) or isinstance(new, bool):
        return new
    if isinstance(new, RespSet):
        return RespSet(sorted(new, key=repr)) if isinstance(old, list) and len(old) == len(new) else None
    if isinstance(new, RespMap):
        return merged_map(old, new)
    if isinstance(new, list) and isinstance(old, list):
        if len(old) != len(new):
            return None
        items = [merged(*pair) for pair in zip(old, new)]
        return None if None in items else type(new)(items)
    return None if type(old) is not type(new) or isinstance(old, list) else new


def merged_map(old, new):
    if not isinstance(old, list) or len(old) not in (len(new), 2 * len(new)):
        return None
    as_pairs = len(old) == len(new) > 0
    pairs = old if as_pairs else zip(old[::2], old[1::2])
    items = [(merged(a, c), merged(b, d)) for (a, b), (c, d) in zip(pairs, new)]
    return None if any(None in item for item in items) else (notation.Pairs if as_pairs else RespMap)(items)


def in_notation(old, new):
    both = merged(old, new)
    if both is not None:
        return notation.render(both)
    return "2| " + notation.render(old) + "\n3| " + notation.render(new)


def filled(path, servers):
    script = transcript.read(path)
    heard = []
    for protocol in script.protocols:
        server = servers.take(script)
        recorder = Recorder(server, servers.name, protocol)
        failures = [why for _, outcome, why in recorder.play(script) if outcome == "fail"]
        if failures:
            print(f"# RESP{protocol}: " + "\n".join(failures).replace("\n", "\n# "))
        recorder.close()
        servers.give_back(server)
        heard.append(recorder.heard)
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        out.append(line)
        replies = [replies[number] for replies in heard if number in replies]
        if len(replies) == 2:
            out.append(in_notation(*replies))
        elif len(heard) == 1 and replies:
            out.append(notation.render(replies[0]))
    return "\n".join(out)
