"""A plain connection that sends ready-made requests and counts or checks what comes back."""

import socket
from collections.abc import Iterable

import hiredis

from pycluster.bench.servers import BenchError
from pycluster.bench.work_kinds import Command

READ_BYTES = 1 << 20
TIMEOUT_S = 120.0


class Connection:
    """One connection to a server on the loopback interface.

    Raises:
        BenchError: The server closed it, answered with an error, or did not answer within ``TIMEOUT_S``.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, request: bytes) -> None:
        """Send bytes, however long the server takes to read them."""
        self._socket.sendall(request)

    def receive(self, replies: int) -> None:
        """Wait for so many replies; none may be an error."""
        while replies:
            reply = self._reader.gets()
            if reply is False:
                self._reader.feed(self._read())
            elif isinstance(reply, hiredis.ReplyError):
                raise BenchError(f"the server answered {reply}")
            else:
                replies -= 1

    def skip(self, count: int) -> None:
        """Read so many bytes without a look at them."""
        while count > 0:
            count -= len(self._read())

    def run(self, commands: Iterable[Command]) -> None:
        """Send commands one after another and wait for each reply."""
        for command in commands:
            self.send(encode(command))
            self.receive(1)

    def measure_reply(self, request: bytes, replies: int) -> int:
        """Bytes of the replies to a request, of which there are so many."""
        self.send(request)
        total = 0
        while replies:
            reply = self._reader.gets()
            if reply is False:
                data = self._read()
                total += len(data)
                self._reader.feed(data)
            elif isinstance(reply, hiredis.ReplyError):
                raise BenchError(f"the server answered {reply}")
            else:
                replies -= 1
        return total

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(READ_BYTES)
        except TimeoutError as exc:
            raise BenchError(f"no answer within {TIMEOUT_S:.0f} s") from exc
        if not data:
            raise BenchError("the server closed the connection")
        return data


def encode(command: Command) -> bytes:
    """A command as a RESP array."""
    # hiredis takes any number of words; its stub says one.
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]
    return packed
