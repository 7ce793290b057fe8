"""The supervisor's socket for the command line: one request in, one reply out, and the connection is done.

Requests are frames ``{"v": 1, "t": "Status" | "Restart" | "Wait" | "Down", ...}``; the reply has ``"t"`` of
``Report``, ``Done`` or ``Refused`` (with a ``reason``).
"""

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pycluster.runtime.frames import FrameDecoder, FrameError, FrameStream, encode_frame
from pycluster.supervisor.errors import InputError, NotRunningError, SupervisorError
from pycluster.supervisor.report import ClusterReport

if TYPE_CHECKING:
    import trio

log = logging.getLogger(__name__)

VERSION = 1
RECEIVE_BYTES = 64 * 1024
# A peer that connects and says nothing is not listened to for longer.
REQUEST_TIMEOUT_S = 5
CONNECTIONS_MAX = 64
# Longer than the supervisor takes for any request, which all have bounds there.
REPLY_TIMEOUT_S = 150

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlServer:
    """Listens on the control socket and answers each connection with a handler's reply."""

    def __init__(self, path: Path, handler: Handler) -> None:
        """``handler`` turns a request's map into the reply's; a SupervisorError becomes ``Refused``."""
        self._path = path
        self._handler = handler

    def listen(self) -> "trio.SocketListener":
        """Make the socket, for this user alone; the caller holds the directory's lock. Raises OSError."""
        import trio

        self._path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(os.fspath(self._path))
        self._path.chmod(0o600)
        sock.listen(CONNECTIONS_MAX)
        return trio.SocketListener(trio.socket.from_stdlib_socket(sock))

    async def serve(self, listener: "trio.SocketListener") -> None:
        """Answer until cancelled."""
        import trio

        await trio.serve_listeners(self._answer, [listener])

    async def _answer(self, connection: "trio.SocketStream") -> None:
        import trio

        stream = FrameStream(connection)
        try:
            with trio.fail_after(REQUEST_TIMEOUT_S):
                request = await stream.receive()
            if request is not None:
                await stream.send({"v": VERSION, **await self._reply(request)})
        except (trio.TooSlowError, trio.BrokenResourceError, FrameError) as exc:
            log.warning("dropped a control connection: %r", exc)
        finally:
            with trio.CancelScope(shield=True):
                await stream.aclose()

    async def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("v") != VERSION:
            return {"t": "Refused", "reason": "the supervisor is of another version", "input": False}
        try:
            return await self._handler(request)
        except SupervisorError as exc:
            return {"t": "Refused", "reason": str(exc), "input": isinstance(exc, InputError)}
        except Exception as exc:
            # One request that goes wrong must not end the supervisor.
            log.exception("request %r failed", request.get("t"))
            return {"t": "Refused", "reason": f"{type(exc).__name__}: {exc}", "input": False}


def request(path: Path, message: dict[str, Any]) -> dict[str, Any]:
    """Ask the supervisor and wait for its reply; blocks.

    Raises:
        NotRunningError: nobody answers there.
        InputError: the supervisor finds fault with the request.
        SupervisorError: it could not do what was asked.
    """
    decoder = FrameDecoder()
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(REPLY_TIMEOUT_S)
            connection.connect(os.fspath(path))
            connection.sendall(encode_frame({"v": VERSION, **message}))
            while (reply := decoder.next_frame()) is None:
                data = connection.recv(RECEIVE_BYTES)
                if not data:
                    raise NotRunningError("the supervisor hung up")
                decoder.feed(data)
    except TimeoutError as exc:
        raise SupervisorError("the supervisor does not answer") from exc
    except OSError as exc:
        raise NotRunningError(f"no supervisor answers at {path}") from exc
    except FrameError as exc:
        raise SupervisorError(f"the supervisor's reply makes no sense: {exc}") from exc
    if reply["t"] == "Refused":
        raise (InputError if reply["input"] else SupervisorError)(reply["reason"])
    return reply


def request_report(path: Path) -> ClusterReport:
    """How the cluster is doing, in the supervisor's words; raises as :func:`request`."""
    return ClusterReport.from_plain(request(path, {"t": "Status"})["report"])
