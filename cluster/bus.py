"""The bus: the process of a host that runs its membership, and hands every node its topology.

This is the shell, and the one file of this folder that does I/O. It listens on ``bus.sock`` for nodes, the
supervisor and the command line, feeds what they say into the membership, writes what is durable to
``bus.state``, and then sends the new view to every node. A node that is slow to read gets only the newest
view, so nothing piles up.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

from pycluster.cluster.bus_spec import BusSpec, PlanError
from pycluster.cluster.membership import HelloRefusedError, Membership, first_state
from pycluster.cluster.messages import (
    BusStatusRequest,
    HelloRefused,
    MessageError,
    NodeExited,
    NodeHello,
    NodePublished,
    NodeStarted,
    NodeStatus,
    NodeSubscriptions,
    NodeWelcome,
    TopologyUpdate,
    decode,
    encode,
)
from pycluster.cluster.pubsub_hub import PubSubHub
from pycluster.cluster.state_file import SavedState, StateFileError, parse, serialise
from pycluster.cluster.view import ClusterView, Health, NodeId, UnknownNodeError
from pycluster.runtime import clock, logs
from pycluster.runtime.frames import FrameError, FrameStream

log = logging.getLogger(__name__)

SOCKET_NAME = "bus.sock"
STATE_NAME = "bus.state"

LISTEN_BACKLOG = 1_024
CONNECTIONS_MAX = 4_096
"""Connections at a time; a thousand nodes, a supervisor and a few people need far fewer."""

SAVE_RETRY_MS = 1_000
"""How long the bus waits before it writes its state again after the disk refused it."""


class BusError(Exception):
    """The bus cannot start: its state is damaged or another cluster's, or another bus lives here."""


def run(spec: BusSpec) -> None:
    """Run the bus until SIGTERM or SIGINT; blocks. Cannot it start, it logs one line and exits with 1."""
    logs.setup("bus", log_format=spec.log_format)
    try:
        trio.run(serve, spec)
    except (BusError, OSError) as exc:
        log.critical("cannot run: %s", exc)
        sys.exit(1)


async def serve(spec: BusSpec, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
    """Run the bus in trio until SIGTERM, SIGINT or cancellation; started once it listens.

    Raises:
        BusError: it cannot start.
        OSError: the directory cannot be written or the socket not be bound.
    """
    saved = load_state(spec.directory / STATE_NAME)
    membership = Membership(
        saved if saved is not None else _first_state(spec),
        node_timeout_ms=spec.node_timeout_ms,
        now_ms=clock.monotonic_ms(),
    )
    if membership.view.cluster_id != spec.cluster_id:
        raise BusError(f"{spec.directory / STATE_NAME} belongs to cluster {membership.view.cluster_id}")
    save_state(spec.directory / STATE_NAME, membership.saved_state)
    bus = Bus(membership, spec.directory / STATE_NAME)
    listener = _listen(spec.directory / SOCKET_NAME)
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with trio.open_nursery() as tasks:
            tasks.start_soon(bus.publish_changes)
            tasks.start_soon(bus.notice_silence)
            await tasks.start(partial(trio.serve_listeners, bus.serve_connection, [listener]))
            log.info("the bus serves %d nodes", len(membership.view.nodes))
            task_status.started()
            async for signum in signals:
                log.info("stopping on %s", signal.Signals(signum).name)
                break
            tasks.cancel_scope.cancel()
    (spec.directory / SOCKET_NAME).unlink(missing_ok=True)


@attrs.frozen
class _Published:
    """A view that nodes may see, with the frames that carry it: encoded once for however many nodes."""

    view: ClusterView
    welcome: dict[str, Any]
    update: dict[str, Any]


def _published(view: ClusterView) -> _Published:
    return _Published(view, encode(NodeWelcome(view=view)), encode(TopologyUpdate(view=view)))


class Bus:
    """Connections around one membership."""

    def __init__(self, membership: Membership, state_path: Path) -> None:
        self._membership = membership
        self._state_path = state_path
        self._changed = trio.Event()
        self._published = _published(membership.view)
        self._newly_published = trio.Event()
        self._saved_changes = membership.durable_changes
        self._links: dict[NodeId, trio.CancelScope] = {}
        self._pubsub = PubSubHub()
        self._connections_count = 0

    async def publish_changes(self) -> None:
        """Let nodes see each new view, after what is durable in it has reached the disk."""
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            view, state = self._membership.view, self._membership.saved_state
            changes = self._membership.durable_changes
            if changes > self._saved_changes:
                try:
                    await trio.to_thread.run_sync(save_state, self._state_path, state)
                except OSError as exc:
                    log.error("cannot write %s, trying again: %s", self._state_path, exc)
                    await trio.sleep(SAVE_RETRY_MS / 1_000)
                    self._changed.set()
                    continue
                self._saved_changes = changes
            if view.version > self._published.view.version:
                self._published = _published(view)
                self._newly_published.set()
                self._newly_published = trio.Event()

    async def notice_silence(self) -> None:
        """Let the membership know when a deadline has passed."""
        while True:
            # Waits for a published view, not for a change: publish_changes replaces the event of changes.
            newly_published = self._newly_published
            deadline_ms = self._membership.next_deadline_ms()
            if deadline_ms is None:
                await newly_published.wait()
                continue
            with trio.move_on_after(max(deadline_ms - clock.monotonic_ms(), 0) / 1_000):
                await newly_published.wait()
                continue
            with self._reporting_changes():
                self._membership.handle_time(now_ms=clock.monotonic_ms(), unix_ms=clock.unix_ms())

    async def serve_connection(self, stream: trio.SocketStream) -> None:
        """Talk with a node, the supervisor or the command line until it is gone or says something wrong."""
        if self._connections_count >= CONNECTIONS_MAX:
            log.warning("refused a connection: there are %d already", CONNECTIONS_MAX)
            await stream.aclose()
            return
        self._connections_count += 1
        try:
            async with FrameStream(stream) as frames:
                await self._converse(frames)
        except (MessageError, FrameError, UnknownNodeError) as exc:
            log.warning("closed a connection: %s", exc)
        except trio.BrokenResourceError as exc:
            log.debug("lost a connection: %s", exc)
        finally:
            self._connections_count -= 1

    async def _converse(self, frames: FrameStream) -> None:
        # Who speaks shows in the first message: only nodes say hello.
        frame = await frames.receive()
        message = None if frame is None else decode(frame)
        if isinstance(message, NodeHello):
            await self._serve_node(frames, message)
            return
        while message is not None:
            await self._handle_client_message(frames, message)
            frame = await frames.receive()
            message = None if frame is None else decode(frame)

    async def _handle_client_message(self, frames: FrameStream, message: object) -> None:
        """Handle what the supervisor or the command line says."""
        now_ms, unix_ms = clock.monotonic_ms(), clock.unix_ms()
        match message:
            case NodeStarted():
                with self._reporting_changes():
                    self._membership.handle_started(message, now_ms=now_ms, unix_ms=unix_ms)
            case NodeExited():
                with self._reporting_changes():
                    self._membership.handle_exited(message, unix_ms=unix_ms)
            case BusStatusRequest():
                await frames.send(encode(self._membership.status(pid=os.getpid())))
            case _:
                raise MessageError(f"{type(message).__name__} is not for the bus")

    async def _serve_node(self, frames: FrameStream, hello: NodeHello) -> None:
        try:
            with self._reporting_changes():
                self._membership.handle_hello(hello, unix_ms=clock.unix_ms())
        except HelloRefusedError as exc:
            log.warning("refused a hello: %s", exc)
            await frames.send(encode(HelloRefused(reason=str(exc))))
            return
        if (older := self._links.get(hello.node_id)) is not None:
            older.cancel()
        with trio.CancelScope() as scope:
            self._links[hello.node_id] = scope
            try:
                await self._talk_with_node(frames, hello.node_id, since_version=self._membership.view.version)
            finally:
                if self._links.get(hello.node_id) is scope:
                    del self._links[hello.node_id]
                    self._lose_link(hello)

    async def _talk_with_node(self, frames: FrameStream, node_id: NodeId, *, since_version: int) -> None:
        # Receiving and sending must not wait for each other; the first of the two that fails ends both. Their
        # errors are raised here rather than in the nursery, which would wrap them in a group.
        errors: list[Exception] = []

        async def guarded(talk: Callable[[], Awaitable[None]]) -> None:
            try:
                await talk()
            except (MessageError, FrameError, trio.BrokenResourceError) as exc:
                errors.append(exc)
            tasks.cancel_scope.cancel()

        shard = self._membership.view.node(node_id).shard_id
        welcomed = trio.Event()
        async with trio.open_nursery() as tasks:
            tasks.start_soon(guarded, partial(self._receive_from_node, frames, node_id))
            tasks.start_soon(guarded, partial(self._send_views, frames, since_version, welcomed))
            tasks.start_soon(guarded, partial(self._pubsub.serve, frames, node_id, shard, welcomed))
        if errors:
            raise errors[0]

    async def _receive_from_node(self, frames: FrameStream, node_id: NodeId) -> None:
        while (frame := await frames.receive()) is not None:
            match decode(frame):
                case NodeStatus() as message:
                    self._membership.handle_status(node_id, message)
                case NodeSubscriptions() | NodePublished() as message:
                    self._pubsub.handle(node_id, message)
                case message:
                    raise MessageError(f"{type(message).__name__} is not what a node says after its hello")

    async def _send_views(self, frames: FrameStream, since_version: int, welcomed: trio.Event) -> None:
        """Send the first published view of ``since_version`` or later as a welcome, then every newer one."""
        sent_version = since_version - 1
        while True:
            published = self._published
            if published.view.version <= sent_version:
                await self._newly_published.wait()
                continue
            await frames.send(published.update if sent_version >= since_version else published.welcome)
            sent_version = published.view.version
            welcomed.set()

    def _lose_link(self, hello: NodeHello) -> None:
        with self._reporting_changes():
            self._membership.handle_link_lost(
                hello.node_id, hello.run_id, now_ms=clock.monotonic_ms(), unix_ms=clock.unix_ms()
            )

    @contextmanager
    def _reporting_changes(self) -> Iterator[None]:
        """Around what feeds the membership: logs who changed, and has the new view published."""
        before = self._membership.view
        yield
        if self._membership.view is not before:
            _log_changes(before, self._membership.view)
            self._changed.set()


def load_state(path: Path) -> SavedState | None:
    """What an earlier bus saved; None if none has run here.

    Raises:
        BusError: the file is damaged or of another version.
        OSError: it cannot be read.
    """
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except StateFileError as exc:
        raise BusError(f"{path}: {exc}") from exc


def save_state(path: Path, state: SavedState) -> None:
    """Put a state on disk, so that a crash at any moment leaves the old or the new one; raises OSError."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(serialise(state))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    # The rename itself is on disk only when the directory is.
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _first_state(spec: BusSpec) -> SavedState:
    try:
        return first_state(spec.cluster_id, spec.nodes, new_id=clock.new_node_id)
    except PlanError as exc:
        raise BusError(str(exc)) from exc


def _listen(path: Path) -> trio.SocketListener:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            pass
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise BusError(f"another bus listens on {path}")
    server = trio.socket.from_stdlib_socket(_bound(path))
    return trio.SocketListener(server)


def _bound(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.bind(str(path))
        server.listen(LISTEN_BACKLOG)
    except OSError:
        server.close()
        raise
    return server


def _log_changes(before: ClusterView, after: ClusterView) -> None:
    for node in after.nodes:
        old = before.node(node.node_id)
        if old.health is not node.health:
            level = logging.WARNING if node.health in (Health.FAIL, Health.PFAIL) else logging.INFO
            log.log(level, "%s is %s, was %s", node.name, node.health.value, old.health.value)
        elif old.link is not node.link:
            log.info("%s is %s", node.name, node.link.value)
