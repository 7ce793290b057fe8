"""A node's connection with its host's bus: says hello, hears the views, tells how the node is doing.

The bus may be away (not started yet, killed, restarting): the node serves on by the last view it heard, and
the link comes back by itself.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

import trio

from pycluster.cluster.messages import (
    HelloRefused,
    MessageError,
    NodeHello,
    NodeStatus,
    NodeWelcome,
    RemotePublished,
    RemoteSubscriptions,
    TopologyUpdate,
    decode,
    encode,
)
from pycluster.cluster.view import ClusterView
from pycluster.node.cluster_replies import LinkCounters
from pycluster.runtime.frames import FrameError, FrameStream

log = logging.getLogger(__name__)

RECONNECT_FIRST_MS = 10
RECONNECT_MAX_MS = 1_000
STATUS_INTERVAL_MS = 5_000
"""How often a node tells its figures: seldom, because an idle node should stay idle."""


class LinkedMember(Protocol):
    """The node at this end of the link."""

    @property
    def hello(self) -> NodeHello:
        """What this process says first."""

    @property
    def status(self) -> NodeStatus:
        """How the node is doing just now."""

    def apply(self, view: ClusterView) -> None:
        """Serve by this view from now on."""


class LinkedPubSub(Protocol):
    """Pub/sub at this end of the link."""

    async def send(self, send: Callable[[object], Awaitable[None]]) -> None:
        """Tell the bus of subscriptions and messages, until cancelled."""

    def handle(self, message: RemoteSubscriptions | RemotePublished) -> None:
        """Hear of other nodes' subscriptions and messages."""


class _LinkLostError(Exception):
    """The conversation with the bus has ended; the text says how."""


class BusLink:
    """Keeps one connection with the bus, for as long as :meth:`run` runs.

    Args:
        socket_path: The bus's Unix socket.
        member: The node.
        rng: For the jitter between attempts to connect.
        pubsub: The node's part in pub/sub across nodes.
    """

    def __init__(
        self, socket_path: Path, member: LinkedMember, rng: random.Random, pubsub: LinkedPubSub
    ) -> None:
        self._socket_path = socket_path
        self._member = member
        self._pubsub = pubsub
        self._rng = rng
        self._delay_ms = RECONNECT_FIRST_MS
        self._sent_count = 0
        self._received_count = 0

    @property
    def counters(self) -> LinkCounters:
        """Messages exchanged so far."""
        return LinkCounters(sent_count=self._sent_count, received_count=self._received_count)

    async def run(self) -> None:
        """Connect, talk, and connect again, until cancelled."""
        while True:
            try:
                await self._converse()
            except _LinkLostError as exc:
                # Nodes start beside the bus and often before it.
                text = "lost the bus: %s" if self._received_count else "waiting for the bus: %s"
                log.log(logging.INFO if self._is_fresh else logging.DEBUG, text, exc)
            # The jitter keeps the nodes of a host from coming back all at the same moment.
            await trio.sleep(self._delay_ms * (0.5 + self._rng.random() / 2) / 1_000)
            self._delay_ms = min(2 * self._delay_ms, RECONNECT_MAX_MS)

    @property
    def _is_fresh(self) -> bool:
        """Whether this is the first loss since the last welcome; the later ones say nothing new."""
        return self._delay_ms == RECONNECT_FIRST_MS

    async def _converse(self) -> None:
        """Talk with the bus until the connection is lost, which it always is in the end.

        Raises:
            _LinkLostError: always.
        """
        try:
            async with FrameStream(await trio.open_unix_socket(self._socket_path)) as frames:
                await self._send(frames, self._member.hello)
                self._member.apply(await self._receive_welcome(frames))
                self._delay_ms = RECONNECT_FIRST_MS
                await self._receive_views(frames)
        except (OSError, trio.BrokenResourceError, FrameError, MessageError) as exc:
            reason = (isinstance(exc, OSError) and exc.strerror) or str(exc) or type(exc).__name__
            raise _LinkLostError(reason) from exc

    async def _receive_welcome(self, frames: FrameStream) -> ClusterView:
        match await self._receive(frames):
            case NodeWelcome(view=view):
                return view
            case HelloRefused(reason=reason):
                log.warning("the bus refuses this node: %s", reason)
                raise _LinkLostError("refused")
            case message:
                raise MessageError(f"the bus answered {type(message).__name__} to a hello")

    async def _receive_views(self, frames: FrameStream) -> None:
        async with trio.open_nursery() as tasks:
            tasks.start_soon(self._send_status, frames)
            tasks.start_soon(self._send_pubsub, frames)
            # What ends the conversation is raised outside the nursery, which would wrap it in a group.
            lost = await self._apply_views(frames)
            tasks.cancel_scope.cancel()
        raise lost

    async def _apply_views(self, frames: FrameStream) -> Exception:
        """Apply views as they come; returns how the conversation ended."""
        try:
            while True:
                match await self._receive(frames):
                    case TopologyUpdate(view=view):
                        self._member.apply(view)
                    case RemotePublished() | RemoteSubscriptions() as message:
                        self._pubsub.handle(message)
                    case message:
                        raise MessageError(f"the bus sent {type(message).__name__} instead of a view")
        except (_LinkLostError, trio.BrokenResourceError, FrameError, MessageError) as exc:
            return exc

    async def _send_status(self, frames: FrameStream) -> None:
        # A connection that breaks here breaks for the receiving side as well, which ends the conversation.
        with suppress(trio.BrokenResourceError):
            while True:
                await self._send(frames, self._member.status)
                await trio.sleep(STATUS_INTERVAL_MS / 1_000)

    async def _send_pubsub(self, frames: FrameStream) -> None:
        with suppress(trio.BrokenResourceError):
            await self._pubsub.send(partial(self._send, frames))

    async def _send(self, frames: FrameStream, message: object) -> None:
        self._sent_count += 1
        await frames.send(encode(message))

    async def _receive(self, frames: FrameStream) -> object:
        frame = await frames.receive()
        if frame is None:
            raise _LinkLostError("it closed the connection")
        self._received_count += 1
        return decode(frame)
