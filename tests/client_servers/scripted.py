"""A server that answers as a test says, for what a real one does not do on demand."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

import hiredis

from pycluster.client import Address

Answer = bytes | None
"""Bytes to send; None: close the connection without an answer; empty: say nothing."""

HOST = "127.0.0.1"
OK = b"+OK\r\n"
ALONE = b"-ERR This instance has cluster support disabled\r\n"
GREETINGS: dict[bytes, Answer] = {b"HELLO": b"%1\r\n+proto\r\n:3\r\n", b"CLIENT": OK, b"READONLY": OK}


class ScriptedServer:
    """Listens on a port of its own; a thread per connection. A context manager.

    Args:
        script: what to answer to a command, by its words; greetings and CLUSTER SLOTS do not come to it.

    Attributes:
        seen: the commands that came, but for greetings.
        greetings: the answers to HELLO, CLIENT and READONLY.
        slots: the answer to CLUSTER SLOTS; at first: a server alone.
        tables_asked: how often CLUSTER SLOTS came.
        connections: how many connections were made.
    """

    def __init__(self, script: Callable[[list[bytes]], Answer]) -> None:
        self.script = script
        self.seen: list[list[bytes]] = []
        self.slots: Answer = ALONE
        self.greetings: dict[bytes, Answer] = dict(GREETINGS)
        self.tables_asked = 0
        self.connections = 0
        self._listener = socket.create_server((HOST, 0))
        self.address = Address(HOST, self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        reader = hiredis.Reader()
        with contextlib.suppress(OSError), connection:
            while chunk := connection.recv(65_536):
                reader.feed(chunk)
                while (command := reader.gets()) is not False:
                    answer = self._answer(command)
                    if answer is None:
                        connection.shutdown(socket.SHUT_RDWR)
                        return
                    connection.sendall(answer)

    def _answer(self, command: list[bytes]) -> Answer:
        name = command[0].upper()
        if name in self.greetings:
            return self.greetings[name]
        if name == b"CLUSTER":
            self.tables_asked += 1
            return self.slots
        self.seen.append(command)
        return self.script(command)

    def count(self, *command: bytes) -> int:
        """How often a command came."""
        return self.seen.count(list(command))

    def say(self, data: bytes) -> None:
        """Send something unasked on the newest connection."""
        self._open[-1].sendall(data)

    def break_connections(self) -> None:
        """Close every open connection, as a restart would."""
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.break_connections()
        self._thread.join()


def slots_of(*owners: Address) -> bytes:
    """A CLUSTER SLOTS answer that divides the slots evenly among nodes."""
    count = len(owners)
    rows = [
        b"*3\r\n:%d\r\n:%d\r\n*2\r\n$%d\r\n%s\r\n:%d\r\n"
        % (16_384 * index // count, 16_384 * (index + 1) // count - 1, len(HOST), HOST.encode(), owner.port)
        for index, owner in enumerate(owners)
    ]
    return b"*%d\r\n" % count + b"".join(rows)


def in_turn(*answers: Answer) -> Callable[[list[bytes]], Answer]:
    """Give these answers one after the other, the last one for ever."""
    left: list[Any] = list(answers)

    def script(_: list[bytes]) -> Answer:
        answer: Answer = left.pop(0) if len(left) > 1 else left[0]
        return answer

    return script
