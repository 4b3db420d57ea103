"""The load driver: many client connections in one thread, every invocation and every answer recorded.

An actor is a generator that yields batches (lists of Operation) and is resumed when the whole batch is answered; a
batch is sent at once, so its length is the pipeline depth. The fault strikes from another thread, at any moment of
the driver's work; what the server had sent before its end is still read and counts as answered.
"""

import selectors
import socket
import sys
import threading
import time

from wire import ErrorReply, ReplyParser, encode

RECEIVE_SIZE = 1 << 18
STALL_SECONDS = 30
SWITCH_SECONDS = 0.0002   # How long the driver may keep the interpreter while the strike is due.


class _Connection:
    def __init__(self, port, name, actor):
        self.name = name
        self.actor = actor
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.parser = ReplyParser()
        self.batch = []
        self.answered = 0       # operations of the batch
        self.replies_left = 0   # of the operation that is being answered
        self.first_error = None
        self.unsent = b""
        self.is_open = True

    def send(self):
        try:
            while self.unsent:
                self.unsent = self.unsent[self.socket.send(self.unsent):]
        except BlockingIOError:
            pass
        except OSError:
            self.unsent = b""   # The end of the stream, and the answers before it, come by receive().

    def receive(self):
        """Replies that have arrived; closes at the end of the stream."""
        try:
            chunk = self.socket.recv(RECEIVE_SIZE)
        except BlockingIOError:
            return []
        except OSError:
            chunk = b""
        if not chunk:
            self.is_open = False
            return []
        return self.parser.feed(chunk)


class _Strike(threading.Thread):
    """Brings the fault at its time, whatever the driver is doing then."""

    def __init__(self, history, strike, after_seconds):
        super().__init__(daemon=True)
        self._history, self._strike, self._after_seconds = history, strike, after_seconds
        self.error = None

    def run(self):
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            time.sleep(self._after_seconds)
            self._history.strike()
            self._strike()
        except Exception as error:  # Raised again by Load.run().
            self.error = error
        finally:
            sys.setswitchinterval(interval)


class Load:
    """Runs actors against a server until all of them have ended or all connections are closed."""

    def __init__(self, port, history, actors):
        self._history = history
        self._selector = selectors.DefaultSelector()
        self._connections = [_Connection(port, name, actor) for name, actor in actors]
        self._is_stopping = False

    def stop(self):
        """Every actor ends with the batch that it is in. May be called from the strike."""
        self._is_stopping = True

    def run(self, strike=None, after_seconds=0.0):
        """With `strike`, a function that brings the fault and ends the server or the load, called after `after_seconds`.

        Raises what `strike` raised, and TimeoutError when answers stay out for STALL_SECONDS."""
        thread = _Strike(self._history, strike, after_seconds) if strike else None
        try:
            for connection in self._connections:
                self._selector.register(connection.socket, selectors.EVENT_READ, connection)
                self._resume(connection)
            if thread:
                thread.start()
            self._serve()
        finally:
            if thread and thread.ident:
                thread.join()
            for connection in self._connections:
                connection.socket.close()
            self._selector.close()
        if thread and thread.error:
            raise thread.error

    def _serve(self):
        while any(connection.batch and connection.is_open for connection in self._connections):
            ready = self._selector.select(STALL_SECONDS)
            if not ready:
                waiting = [connection.name for connection in self._connections if connection.batch and connection.is_open]
                raise TimeoutError(f"no answer for {STALL_SECONDS} s to {', '.join(waiting)}")
            for key, events in ready:
                connection = key.data
                if events & selectors.EVENT_WRITE:
                    connection.send()
                    self._watch(connection)
                if events & selectors.EVENT_READ:
                    self._take(connection, connection.receive())
                    if connection.batch and connection.answered == len(connection.batch):
                        self._resume(connection)
                if not connection.is_open:
                    self._selector.unregister(connection.socket)

    def _watch(self, connection):
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        self._selector.modify(connection.socket, events, connection)

    def _resume(self, connection):
        finished = connection.batch
        if self._is_stopping:
            connection.batch = []
            return
        try:
            connection.batch = connection.actor.send(finished if finished else None)
        except StopIteration:
            connection.batch = []
            return
        connection.answered, connection.first_error = 0, None
        connection.replies_left = len(connection.batch[0].commands)
        for operation in connection.batch:
            self._history.invoke(operation, connection.name)
        connection.unsent = b"".join(encode(command) for operation in connection.batch for command in operation.commands)
        connection.send()
        if connection.unsent:
            self._watch(connection)

    def _take(self, connection, replies):
        for reply in replies:
            operation = connection.batch[connection.answered]
            if isinstance(reply, ErrorReply) and connection.first_error is None:
                connection.first_error = reply
            connection.replies_left -= 1
            if connection.replies_left:
                continue
            # The first error of a MULTI ... EXEC says more than the EXECABORT that follows it.
            self._history.answer(operation, connection.first_error or reply)
            connection.answered += 1
            connection.first_error = None
            if connection.answered < len(connection.batch):
                connection.replies_left = len(connection.batch[connection.answered].commands)
