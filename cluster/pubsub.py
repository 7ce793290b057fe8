"""Which node wants what is published on the others: the bus's state for pub/sub, without I/O.

Nodes tell what they have subscribers for. Each node hears what the *others* want, so that it hands on only
messages that somebody is waiting for; and a message goes to the nodes that want it, not to all. Shard
channels stay within their shard: a name is wanted by the nodes of one shard.
"""

from collections.abc import Iterable, Mapping

import attrs

from pycluster.cluster.messages import PublishedMessage, SubscriptionChange, Topic
from pycluster.cluster.view import NodeId

NAMES_PER_NODE_MAX = 1_000_000
"""Channels and patterns that one node may have subscribers for, as far as other nodes' messages go."""

Key = tuple[Topic, str, bytes]
"""A topic, the shard it belongs to (empty for what is wanted from everywhere), and a name."""


class TooManyNamesError(Exception):
    """A node wants more than ``NAMES_PER_NODE_MAX``; what is beyond stays unknown to the others."""


@attrs.define
class _Node:
    """A connected node."""

    shard: str
    wants: set[Key] = attrs.field(factory=set)
    untold: dict[Key, bool] = attrs.field(factory=dict)
    """Whether others want a name, for names of which the node has yet to hear that."""


class PubSubRouter:
    """Knows what connected nodes want."""

    def __init__(self) -> None:
        self._nodes: dict[NodeId, _Node] = {}
        self._wanted_by: dict[Key, set[NodeId]] = {}

    def handle_connected(self, node_id: NodeId, shard: str) -> None:
        """A node has connected: it wants nothing yet, and will hear all that others want."""
        self.handle_lost(node_id)
        node = _Node(shard)
        self._nodes[node_id] = node
        node.untold = {key: True for key in self._wanted_by if self._concerns(node, key)}

    def handle_lost(self, node_id: NodeId) -> frozenset[NodeId]:
        """A node's connection has ended; returns the nodes that have something to hear of it."""
        node = self._nodes.pop(node_id, None)
        if node is None:
            return frozenset()
        return self._unwant_all(node_id, node)

    def handle_subscriptions(
        self, node_id: NodeId, changes: Iterable[SubscriptionChange]
    ) -> frozenset[NodeId]:
        """A node tells what it has subscribers for; returns the nodes that have something to hear of it.

        Args:
            node_id: The node; one that is not connected is no error.
            changes: In the order in which they happened.
        Raises:
            TooManyNamesError: some changes went beyond the limit, and were left out.
        """
        node = self._nodes.get(node_id)
        if node is None:
            return frozenset()
        concerned: set[NodeId] = set()
        left_out = 0
        for change in changes:
            key = (change.topic, node.shard if change.topic is Topic.SHARD else "", change.channel)
            if not change.subscribed:
                concerned |= self._unwant(node_id, node, key)
            elif len(node.wants) < NAMES_PER_NODE_MAX:
                concerned |= self._want(node_id, node, key)
            else:
                left_out += 1
        if left_out:
            raise TooManyNamesError(f"{node_id} has subscribers for {left_out} names beyond the limit")
        return frozenset(concerned)

    def take_untold(self, node_id: NodeId) -> tuple[SubscriptionChange, ...]:
        """What a node has yet to hear of the others' subscriptions."""
        node = self._nodes.get(node_id)
        if node is None:
            return ()
        untold, node.untold = node.untold, {}
        return tuple(
            SubscriptionChange(topic=topic, channel=name, subscribed=wanted)
            for (topic, _, name), wanted in untold.items()
        )

    def route(
        self, node_id: NodeId, messages: Iterable[PublishedMessage]
    ) -> Mapping[NodeId, list[PublishedMessage]]:
        """The messages that a node has published, by the nodes that want them."""
        node = self._nodes.get(node_id)
        routed: dict[NodeId, list[PublishedMessage]] = {}
        if node is None:
            return routed
        for message in messages:
            shard = node.shard if message.topic is Topic.SHARD else ""
            targets = set(self._wanted_by.get((message.topic, shard, message.channel), ()))
            for pattern in message.patterns:
                targets |= self._wanted_by.get((Topic.PATTERN, "", pattern), set())
            for target in targets - {node_id}:
                # Which patterns match is the receiver's to find: it knows its clients' own.
                routed.setdefault(target, []).append(attrs.evolve(message, patterns=()))
        return routed

    def _want(self, node_id: NodeId, node: _Node, key: Key) -> set[NodeId]:
        node.wants.add(key)
        wanted_by = self._wanted_by.setdefault(key, set())
        wanted_by.add(node_id)
        return self._tell(key, wanted_by)

    def _unwant(self, node_id: NodeId, node: _Node, key: Key) -> set[NodeId]:
        node.wants.discard(key)
        wanted_by = self._wanted_by.get(key, set())
        wanted_by.discard(node_id)
        if not wanted_by:
            self._wanted_by.pop(key, None)
        return self._tell(key, wanted_by)

    def _unwant_all(self, node_id: NodeId, node: _Node) -> frozenset[NodeId]:
        concerned: set[NodeId] = set()
        for key in tuple(node.wants):
            concerned |= self._unwant(node_id, node, key)
        return frozenset(concerned)

    def _tell(self, key: Key, wanted_by: set[NodeId]) -> set[NodeId]:
        """Have nodes hear whether others want a name, where that may have changed; returns those nodes.

        With three and more that want it, nobody's own subscription makes a difference to what it hears.
        """
        if len(wanted_by) > 2:
            return set()
        concerned = {other for other, node in self._nodes.items() if self._concerns(node, key)}
        for other in concerned:
            self._nodes[other].untold[key] = bool(wanted_by - {other})
        return concerned

    def _concerns(self, node: _Node, key: Key) -> bool:
        _, shard, _ = key
        return shard in ("", node.shard)
