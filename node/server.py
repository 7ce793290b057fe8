"""The node: a trio loop that gives the engine its turns, and control commands and the bus beside it."""

import errno
import gc
import logging
import os
import select
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import trio

from pycluster.node._engine import ControlRequest, Engine, EngineError
from pycluster.node.admin_commands import AdminCommands
from pycluster.node.bus_link import BusLink
from pycluster.node.cluster_commands import ClusterCommands
from pycluster.node.commands import Table
from pycluster.node.control import Control
from pycluster.node.member import Member
from pycluster.node.pubsub_link import PubSubLink
from pycluster.node.spec import NodeSpec
from pycluster.runtime import clock, logs

log = logging.getLogger(__name__)

TURN_BUDGET_US = 5_000
"""How long one turn of the engine may take while there is work; tasks of this loop wait that long at most.

A pass of the loop costs some 80 us: every millisecond that was 8 % of the thread. What waits here, messages
of the bus and timers, is due within seconds, and a command for Python ends the turn at once.
"""

DRAIN_TURNS_MAX = 100
"""Turns in which a stopping node serves what clients have sent already; who goes on sending is cut off."""


class ListenError(Exception):
    """Nobody can listen there: the port is in use, or the address is not ours."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        reason = cause.strerror or str(cause)
        in_use = f"port {port} is in use"
        super().__init__(in_use if cause.errno == errno.EADDRINUSE else f"cannot listen on {host}: {reason}")


def run_member(spec: NodeSpec) -> None:
    """Run a member of a cluster until SIGTERM, SIGINT or SHUTDOWN; blocks.

    Exits with status 1 and one line in the log if it cannot start.
    """
    # A level that is no level is the engine's to refuse, with all other settings.
    level = spec.settings.get("loglevel", "notice")
    level = level if level in logs.LEVELS else "notice"
    logs.setup("node", port=spec.port, log_format=spec.log_format, level=level)
    _spare_the_collector()
    try:
        trio.run(serve_member, spec)
    except (EngineError, ListenError, OSError) as exc:
        log.critical("cannot run: %s", exc)
        sys.exit(1)


def run_standalone(*, host: str, port: int, settings: Mapping[str, str], directory: Path) -> None:
    """Run a node alone, without a cluster, until SIGTERM, SIGINT or SHUTDOWN; blocks.

    Args:
        host: Address to listen on.
        port: Port for clients; 0 lets the system choose.
        settings: Redis's option names and values.
        directory: Becomes the working directory; the node's files go there.
    Raises:
        EngineError: a setting is unknown or out of range.
        ListenError: the port is in use, or the address not ours.
        OSError: the directory is not there.
    """
    os.chdir(directory)
    _spare_the_collector()
    trio.run(partial(serve_standalone, host=host, port=port, settings=settings))


async def serve_member(
    spec: NodeSpec, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """:func:`run_member` within trio: started with the port when it listens.

    Raises:
        EngineError: a setting is unknown or out of range.
        ListenError: the port is in use, or the address not ours.
    """
    engine = Engine(config=spec.settings, cluster=True, node_id=spec.node_id, run_id=spec.run_id)
    member = Member(spec, os.getpid(), engine)
    pubsub = PubSubLink(engine)
    link = BusLink(spec.bus_socket, member, clock.new_rng(), pubsub)
    table = ClusterCommands(lambda: member.standing(link.counters)).table()
    port = _listen(engine, spec.host, spec.port)
    log.info(
        "node %s listens on %s:%d, run %s, core %s", spec.node_id, spec.host, port, spec.run_id, spec.cpu
    )
    server = Server(engine, table, beside=(link.run,), fetch_pubsub=pubsub.fetch)
    await server.serve(partial(task_status.started, port))


async def serve_standalone(
    *,
    host: str,
    port: int,
    settings: Mapping[str, str],
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The same for :func:`run_standalone`."""
    engine = Engine(config=settings, node_id=clock.new_node_id(), run_id=clock.new_node_id())
    port = _listen(engine, host, port)
    log.info("listening on %s:%d", host, port)
    await Server(engine, {}).serve(partial(task_status.started, port))


class Server:
    """One engine's loop, from listening to the graceful stop.

    Args:
        engine: It listens already.
        table: The control commands beside those of the process itself.
        beside: Tasks that run as long as the loop.
        fetch_pubsub: Called after a turn that has left messages or subscriptions for other nodes.
    """

    def __init__(
        self,
        engine: Engine,
        table: Table,
        *,
        beside: tuple[Callable[[], Awaitable[None]], ...] = (),
        fetch_pubsub: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._stopping = trio.Event()
        self._table = {**table, **AdminCommands(self._stopping.set).table()}
        self._beside = beside
        self._fetch_pubsub = fetch_pubsub

    async def serve(self, on_started: Callable[[], None]) -> None:
        """Serve until a signal or SHUTDOWN, then finish what was received and close; raises EngineError."""
        try:
            async with trio.open_nursery() as tasks:
                control = Control(self._engine, self._table, tasks)
                await tasks.start(self._stop_on_signals)
                for task in self._beside:
                    tasks.start_soon(task)
                tasks.start_soon(self._turn, control.handle)
                on_started()
                await self._stopping.wait()
                self._engine.stop_listening()
                self._drain(control.handle)
                tasks.cancel_scope.cancel()
        finally:
            self._engine.close()
        log.info("stopped")

    async def _turn(self, handle: Callable[[ControlRequest], None]) -> None:
        turn, descriptor = self._engine.turn, self._engine.fileno()
        while True:
            await trio.lowlevel.wait_readable(descriptor)
            for request in turn(budget_us=TURN_BUDGET_US):
                handle(request)
            if self._engine.has_pubsub:
                self._fetch_pubsub()

    def _drain(self, handle: Callable[[ControlRequest], None]) -> None:
        """Serve what has arrived already, without waiting for more."""
        poll = select.poll()
        poll.register(self._engine.fileno(), select.POLLIN)
        for _ in range(DRAIN_TURNS_MAX):
            if not poll.poll(0):
                return
            for request in self._engine.turn(budget_us=TURN_BUDGET_US):
                handle(request)

    async def _stop_on_signals(self, *, task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async for signum in signals:
                log.info("stopping on %s", signal.Signals(signum).name)
                self._stopping.set()


def _listen(engine: Engine, host: str, port: int) -> int:
    try:
        return engine.listen(host, port)
    except OSError as exc:
        raise ListenError(host, port, exc) from exc


def _spare_the_collector() -> None:
    """Keep what was imported from the garbage collector: a full collection would hold up clients."""
    gc.freeze()
