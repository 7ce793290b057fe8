"""Send to several nodes at once, then read from all of them, in one thread."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Sequence
from typing import Any

import attrs

from pycluster.client.batch import Share
from pycluster.client.connection import Connection
from pycluster.client.errors import (
    ClusterError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineExceededError,
)
from pycluster.runtime import clock


@attrs.define(eq=False)
class Flight:
    """One node's share on its way.

    Attributes:
        share: the commands.
        connection: where they go; None when there is no connection.
        replies: what came so far.
        error: why no more will come.
    """

    share: Share
    connection: Connection | None = None
    replies: list[Any] = attrs.field(factory=list)
    error: ClusterError | None = None
    _unsent: memoryview = attrs.field(default=memoryview(b""), init=False)

    def start(self) -> None:
        """Send what the socket takes at once."""
        self._unsent = memoryview(b"".join(self.share.payloads))
        self._send_some()

    def _send_some(self) -> None:
        connection = self.connection
        if connection is None or self.error is not None:
            return
        try:
            self._unsent = self._unsent[connection.send_some(self._unsent) :]
        except ConnectionFailedError as exc:
            # Of several commands the first may have been sent whole.
            several = len(self.share.payloads) > 1
            self.error = ConnectionLostError(exc.address, exc.reason) if several else exc

    @property
    def is_sending(self) -> bool:
        """Whether something is left to send."""
        return bool(self._unsent) and self.error is None

    def advance(self, events: int) -> None:
        """Go on after ``poll`` reported ``events``."""
        if self.connection is None or self.error is not None:
            return
        if events & ~select.POLLOUT:
            try:
                self.connection.receive()
            except ConnectionLostError as exc:
                self.error = exc
                return
        if events & select.POLLOUT:
            self._send_some()

    def finish(self, deadline_ms: int) -> None:
        """Read the replies."""
        if self.connection is None:
            return
        if self.error is not None:
            # Replies that came before it broke are replies all the same.
            with contextlib.suppress(ClusterError):
                self.connection.read_replies(self.share.items, self.replies, deadline_ms=0)
            return
        try:
            self.connection.read_replies(self.share.items, self.replies, deadline_ms=deadline_ms)
        except ClusterError as exc:
            self.error = exc


def exchange(flights: Sequence[Flight], *, deadline_ms: int) -> None:
    """Carry out all flights; afterwards each has all its replies or an error.

    Nothing is raised. While a socket takes no more, replies are read from all: a server that holds back its
    replies because nobody reads them would not read our commands either.
    """
    for flight in flights:
        flight.start()
    if any(flight.is_sending for flight in flights):
        _send_rest(flights, deadline_ms)
    for flight in flights:
        flight.finish(deadline_ms)


def _send_rest(flights: Sequence[Flight], deadline_ms: int) -> None:
    by_descriptor = {
        flight.connection.fileno(): flight for flight in flights if flight.connection is not None
    }
    while any(flight.is_sending for flight in flights):
        poller = select.poll()
        for descriptor, flight in by_descriptor.items():
            if flight.error is None:
                poller.register(descriptor, select.POLLIN | (select.POLLOUT if flight.is_sending else 0))
        ready = poller.poll(max(deadline_ms - clock.monotonic_ms(), 0))
        if not ready:
            for flight in flights:
                if flight.is_sending:
                    address = flight.share.address
                    flight.error = DeadlineExceededError(
                        "the commands to be sent", address, maybe_executed=True
                    )
            return
        for descriptor, events in ready:
            by_descriptor[descriptor].advance(events)
