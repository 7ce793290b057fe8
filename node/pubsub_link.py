"""Pub/sub between this node and the others: carries subscriptions and messages between engine and bus."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import trio

from pycluster.cluster.messages import (
    NodePublished,
    NodeSubscriptions,
    PublishedMessage,
    RemotePublished,
    RemoteSubscriptions,
    SubscriptionChange,
    Topic,
)
from pycluster.cluster.pubsub_batches import PART_BYTES_MAX, batches, part_bytes

WAITING_BYTES_MAX = 32 << 20
"""Messages that wait for the bus; beyond this the newest are dropped, as nothing is promised to others."""


class PubSubEngine(Protocol):
    """The part of the engine that pub/sub across nodes needs."""

    def take_pubsub(
        self,
    ) -> tuple[list[tuple[str, bytes, bytes, list[bytes]]], list[tuple[str, bytes, bool]]]:
        """As ``Engine.take_pubsub``."""

    def subscriptions(self) -> list[tuple[str, bytes]]:
        """As ``Engine.subscriptions``."""

    def change_wanted(self, changes: Sequence[tuple[str, bytes, bool]], *, reset: bool) -> None:
        """As ``Engine.change_wanted``."""

    def deliver(self, messages: Sequence[tuple[str, bytes, bytes]]) -> None:
        """As ``Engine.deliver``."""


class PubSubLink:
    """What waits for the bus, and what comes from it."""

    def __init__(self, engine: PubSubEngine) -> None:
        self._engine = engine
        self._changes: deque[SubscriptionChange] = deque()
        self._messages: deque[PublishedMessage] = deque()
        self._messages_bytes = 0
        self._connected = False
        self._something = trio.Event()
        self.dropped_count = 0
        """Messages that were dropped because the bus was slow."""

    def fetch(self) -> None:
        """Take over what the engine has for the others; without a bus nobody is there to hear of it."""
        messages, changes = self._engine.take_pubsub()
        if not self._connected:
            return
        for topic, channel, payload, patterns in messages:
            message = PublishedMessage(
                topic=Topic(topic), channel=channel, payload=payload, patterns=tuple(patterns)
            )
            size_bytes = part_bytes(message)
            if size_bytes > PART_BYTES_MAX or self._messages_bytes + size_bytes > WAITING_BYTES_MAX:
                self.dropped_count += 1
                continue
            self._messages_bytes += size_bytes
            self._messages.append(message)
        self._changes.extend(
            SubscriptionChange(topic=Topic(topic), channel=name, subscribed=subscribed)
            for topic, name, subscribed in changes
            if len(name) <= PART_BYTES_MAX
        )
        self._something.set()

    async def send(self, send: Callable[[object], Awaitable[None]]) -> None:
        """Tell a bus that has just welcomed this node everything, and then what is new, until cancelled."""
        self._forget()
        self._connected = True
        try:
            everything = [
                SubscriptionChange(topic=Topic(topic), channel=name, subscribed=True)
                for topic, name in self._engine.subscriptions()
                if len(name) <= PART_BYTES_MAX
            ]
            for changes in batches(everything):
                await send(NodeSubscriptions(changes=changes))
            while True:
                await self._something.wait()
                self._something = trio.Event()
                # What is subscribed to first is wanted for what is published after it.
                changes_now, self._changes = self._changes, deque()
                for changes in batches(changes_now):
                    await send(NodeSubscriptions(changes=changes))
                messages_now, self._messages, self._messages_bytes = self._messages, deque(), 0
                for messages in batches(messages_now):
                    await send(NodePublished(messages=messages))
        finally:
            self._connected = False
            self._forget()
            self._engine.change_wanted((), reset=True)

    def handle(self, message: RemoteSubscriptions | RemotePublished) -> None:
        """Hand the engine what the bus says."""
        match message:
            case RemoteSubscriptions(changes=changes):
                wanted = [(change.topic.value, change.channel, change.subscribed) for change in changes]
                self._engine.change_wanted(wanted, reset=False)
            case RemotePublished(messages=messages):
                self._engine.deliver([(part.topic.value, part.channel, part.payload) for part in messages])

    def _forget(self) -> None:
        self._changes.clear()
        self._messages.clear()
        self._messages_bytes = 0
