"""The supervisor's line to the bus: which runs of nodes have started, and which have ended.

The line may break and the bus may restart at any time, so what is sent on every (re)connection is the whole
present state, one message a node; after that, each change at once.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import trio

from pycluster.cluster.messages import NodeExited, NodeStarted, encode
from pycluster.runtime.frames import FrameError, FrameStream

log = logging.getLogger(__name__)

RECONNECT_FIRST_S = 0.005
RECONNECT_MAX_S = 0.5


class BusLink:
    """Tells the bus of starts and deaths; what it has not been told yet is kept, the newest for each node."""

    def __init__(self, socket_path: Path, on_connect: Callable[[], None]) -> None:
        """``on_connect`` is called whenever the bus has answered the phone."""
        self._path = socket_path
        self._on_connect = on_connect
        self._latest: dict[str, NodeStarted | NodeExited] = {}
        self._unsent: dict[str, None] = {}
        self._wake = trio.Event()

    def node_started(self, node_id: str, run_id: str, pid: int) -> None:
        """This run of the node lives now."""
        self._tell(node_id, NodeStarted(node_id=node_id, run_id=run_id, pid=pid))

    def node_exited(self, node_id: str, run_id: str, exit_status: int | None) -> None:
        """This run of the node has ended; ``exit_status`` as from waitpid, None if unknown."""
        self._tell(node_id, NodeExited(node_id=node_id, run_id=run_id, exit_status=exit_status))

    async def run(self) -> None:
        """Keep the line up, until cancelled."""
        delay_s = RECONNECT_FIRST_S
        while True:
            try:
                stream = FrameStream(await trio.open_unix_socket(self._path))
            except OSError:
                await trio.sleep(delay_s)
                delay_s = min(2 * delay_s, RECONNECT_MAX_S)
                continue
            delay_s = RECONNECT_FIRST_S
            self._on_connect()
            self._unsent = dict.fromkeys(self._latest)
            async with stream, trio.open_nursery() as tasks:
                tasks.start_soon(self._read_until_closed, stream, tasks.cancel_scope)
                tasks.start_soon(self._write, stream, tasks.cancel_scope)

    def _tell(self, node_id: str, message: NodeStarted | NodeExited) -> None:
        self._latest[node_id] = message
        self._unsent[node_id] = None
        self._wake.set()

    async def _write(self, stream: FrameStream, scope: trio.CancelScope) -> None:
        try:
            while True:
                while self._unsent:
                    node_id = next(iter(self._unsent))
                    del self._unsent[node_id]
                    await stream.send(encode(self._latest[node_id]))
                self._wake = trio.Event()
                await self._wake.wait()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            log.info("lost the bus: %s", exc)
            scope.cancel()

    async def _read_until_closed(self, stream: FrameStream, scope: trio.CancelScope) -> None:
        try:
            while (message := await stream.receive()) is not None:
                log.debug("from the bus: %s", message.get("t"))
        except (trio.BrokenResourceError, FrameError) as exc:
            log.info("lost the bus: %s", exc)
        scope.cancel()
