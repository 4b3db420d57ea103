"""A producer that repeats what was not answered: whatever kills the server, each of its entries is there once, in order.

The producer keeps WINDOW entries under way and says them again, with the same iids, after each SIGKILL. Half of it by IDMP,
half by IDMPAUTO. Checkpoints are made all the time, so that iids come from one as often as from the log.
"""

import threading
import time

from cycles import CycleFailed
from leatlib.resp import ConnectionClosed, RespError
from leatlib.server import Server

WINDOW = 50
KEY = "orders"


def run(target, directory, chooser, cycles, directives, say):
    """Raises CycleFailed. `chooser` is a random.Random."""
    answered = []
    for cycle in range(cycles):
        with Server.leat(target.binary, directory, appendfsync=target.mode, **directives) as server:
            if cycle == 0:
                with server.client() as client:
                    client.call("XGROUP", "CREATE", KEY, "g", "0", "MKSTREAM")
                    client.call("XCFGSET", KEY, "IDMP-DURATION", 3600, "IDMP-MAXSIZE", 4 * WINDOW)
            killer = threading.Timer(chooser.uniform(0.1, 0.6), server.kill)
            killer.start()
            produce(server, answered)
            killer.join()
    with Server.leat(target.binary, directory, appendfsync=target.mode, **directives) as server:
        check(server, answered)
    say(f"{len(answered)} entries answered over {cycles} kills, each there once")


def command(number):
    """Entry `number`, always the same words."""
    name = ["IDMP", "p", f"i{number}"] if number % 2 else ["IDMPAUTO", "p"]
    return ["XADD", KEY, *name, "*", "n", number]


def produce(server, answered):
    """Sends entries behind those that are answered, until the server is gone."""
    try:
        with server.client() as client:
            sent = len(answered)
            while True:
                while sent < len(answered) + WINDOW:
                    client.send(*command(sent))
                    sent += 1
                reply = client.read()
                if isinstance(reply, RespError):
                    raise CycleFailed(f"entry {len(answered)}: {reply}")
                answered.append(reply)
    except (ConnectionClosed, OSError):
        time.sleep(0.01)


def check(server, answered):
    with server.client() as client:
        entries = client.call("XRANGE", KEY, "-", "+")
    numbers = [int(fields[1]) for _, fields in entries]
    if numbers != list(range(len(numbers))):
        wrong = next(at for at, number in enumerate(numbers) if number != at)
        raise CycleFailed(f"entry {wrong} of {len(numbers)} has the number {numbers[wrong]}: it is there twice, or one is lost")
    lost = [at for at, (entry_id, reply) in enumerate(zip(entries, answered)) if entry_id[0] != reply]
    if lost or len(answered) > len(entries):
        raise CycleFailed(f"{len(answered)} entries were answered, {len(entries)} are there, {len(lost)} of them with another id than was answered")
