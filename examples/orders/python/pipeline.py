"""What the programs of the pipeline share: the names of the keys, the connection, and how to survive losing it."""

import os
import signal
import time

import redis

STREAM = "orders"
DEAD_LETTERS = "orders-dlq"
BILLING = "billing"
BILLED_LINES = "billing:lines"
REVENUE = "billing:revenue"
ANALYTICS = "analytics"
UNITS = "analytics:units"
UNITS_REBUILT = "analytics:units:rebuilt"

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
RETRY_AFTER_MS = int(os.environ.get("RETRY_AFTER_MS", "1000"))
BLOCK_MS = 500
RECONNECT_SECONDS = 0.1


def connect():
    """A client. redis-py connects when a command needs it, and again after the connection was lost."""
    return redis.Redis.from_url(URL, decode_responses=True, socket_timeout=BLOCK_MS / 1000 + 10)


def keep_trying(work):
    """Calls work() until it returns. When the server goes away work() starts over, so it must bear being repeated: a
    command whose reply was lost may or may not have been executed."""
    while True:
        try:
            return work()
        except (redis.ConnectionError, redis.TimeoutError) as error:
            print(f"no server ({error}), trying again", flush=True)
            time.sleep(RECONNECT_SECONDS)


def create_group(server, group):
    """A group that reads the stream from its beginning; an existing one is left as it is."""
    try:
        server.xgroup_create(STREAM, group, id="0", mkstream=True)
    except redis.ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


class StopRequest:
    """Becomes true with SIGTERM or SIGINT, so that a program can finish what it has in hand."""

    def __init__(self):
        self._requested = False
        signal.signal(signal.SIGTERM, self._request)
        signal.signal(signal.SIGINT, self._request)

    def __bool__(self):
        return self._requested

    def _request(self, *_):
        self._requested = True
