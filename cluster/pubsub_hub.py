"""The bus's part in pub/sub: what nodes want and publish, to the other nodes that are connected."""

import logging
from collections import deque

import attrs
import trio

from pycluster.cluster.messages import (
    NodePublished,
    NodeSubscriptions,
    PublishedMessage,
    RemotePublished,
    RemoteSubscriptions,
    encode,
)
from pycluster.cluster.pubsub import PubSubRouter, TooManyNamesError
from pycluster.cluster.pubsub_batches import batches, part_bytes
from pycluster.cluster.view import NodeId
from pycluster.runtime.frames import FrameStream

log = logging.getLogger(__name__)

WAITING_BYTES_MAX = 32 << 20
"""Messages that wait for one node; what comes while a node is that slow to read is dropped for it."""


@attrs.define
class _Outbox:
    """What waits for one node."""

    messages: deque[PublishedMessage] = attrs.field(factory=deque)
    messages_bytes: int = 0
    something: trio.Event = attrs.field(factory=trio.Event)

    def push(self, message: PublishedMessage) -> bool:
        """Add a message; False if too much waits already."""
        size_bytes = part_bytes(message)
        if self.messages_bytes + size_bytes > WAITING_BYTES_MAX:
            return False
        self.messages.append(message)
        self.messages_bytes += size_bytes
        self.something.set()
        return True

    def take_all(self) -> deque[PublishedMessage]:
        """Everything that waits; what is pushed from now on waits anew."""
        messages, self.messages, self.messages_bytes = self.messages, deque(), 0
        return messages


class PubSubHub:
    """Outboxes of the connected nodes around one router."""

    def __init__(self) -> None:
        self._router = PubSubRouter()
        self._outboxes: dict[NodeId, _Outbox] = {}
        self.dropped_count = 0
        """Messages that a node was too slow to take."""

    def handle(self, node_id: NodeId, message: NodeSubscriptions | NodePublished) -> None:
        """Take in what a connected node says."""
        match message:
            case NodeSubscriptions(changes=changes):
                try:
                    self._wake(self._router.handle_subscriptions(node_id, changes))
                except TooManyNamesError as exc:
                    log.warning("%s", exc)
                    self._wake(frozenset(self._outboxes))
            case NodePublished(messages=messages):
                for target, parts in self._router.route(node_id, messages).items():
                    if (outbox := self._outboxes.get(target)) is not None:
                        self.dropped_count += sum(not outbox.push(part) for part in parts)

    async def serve(self, frames: FrameStream, node_id: NodeId, shard: str, welcomed: trio.Event) -> None:
        """Tell a node what others want and publish, from its welcome on, until cancelled.

        Raises:
            trio.BrokenResourceError: the connection is lost.
        """
        outbox = _Outbox()
        self._outboxes[node_id] = outbox
        self._wake(self._router.handle_lost(node_id))
        self._router.handle_connected(node_id, shard)
        try:
            await welcomed.wait()
            while True:
                outbox.something = trio.Event()
                for changes in batches(self._router.take_untold(node_id)):
                    await frames.send(encode(RemoteSubscriptions(changes=changes)))
                for messages in batches(outbox.take_all()):
                    await frames.send(encode(RemotePublished(messages=messages)))
                await outbox.something.wait()
        finally:
            # A newer connection of the same node may have taken the place.
            if self._outboxes.get(node_id) is outbox:
                del self._outboxes[node_id]
                self._wake(self._router.handle_lost(node_id))

    def _wake(self, node_ids: frozenset[NodeId]) -> None:
        for node_id in node_ids:
            if (outbox := self._outboxes.get(node_id)) is not None:
                outbox.something.set()
