"""Commands on their way: split by node, replies put in order, and only what was redirected sent again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import attrs

from pycluster.client.address import Address
from pycluster.client.command_table import Access
from pycluster.client.errors import (
    ClusterError,
    MovedError,
    NoNodeReachableError,
    ResponseError,
    SlotNotCoveredError,
)
from pycluster.client.redirects import Attempt, GiveUp
from pycluster.client.request import Part, Request
from pycluster.client.resp import pack
from pycluster.client.router import Router

UNANSWERED: Final = object()
"""Stands where a reply will be."""

ASKING: Final = pack(("ASKING",))


@attrs.define(eq=False)
class Item:
    """One command of a batch.

    Attributes:
        payload: its bytes.
        slot: its hash slot; None: any primary.
        node: the only node that may execute it; None: whoever serves the slot.
        access: what a repeat would do.
        binary: strings of the reply stay bytes.
        reply: the reply, the error it ended with, or :data:`UNANSWERED`.
        attempt: its history, once something has gone wrong.
        target: where a redirect sends it next.
        asking: with ASKING before it.
        due_ms: not before this time.
    """

    payload: bytes
    slot: int | None
    node: Address | None
    access: Access
    binary: bool
    reply: Any = UNANSWERED
    attempt: Attempt | None = None
    target: Address | None = None
    asking: bool = False
    due_ms: int = 0


@attrs.define(eq=False)
class Share:
    """What one node gets of a batch in one round.

    Attributes:
        address: the node.
        items: whose reply comes when; None stands for that of an ASKING.
        payloads: the bytes, in the same order.
    """

    address: Address
    items: list[Item | None] = attrs.field(factory=list)
    payloads: list[bytes] = attrs.field(factory=list)


@attrs.define
class Batch:
    """Commands that share a deadline.

    The shell repeats until :attr:`pending` is empty: wait :meth:`wait_ms`, send every share of :meth:`shares`
    to its node, and :meth:`settle` each with what came back. Commands for one node keep their order.
    """

    router: Router
    deadline_ms: int
    pending: list[Item] = attrs.field(factory=list)

    def add(self, parts: Iterable[Part]) -> list[Item]:
        """Take commands in; raises ArgumentError for one that cannot be encoded, and then takes none."""
        items = [self._item(part.request, part.node) for part in parts]
        self.pending += items
        return items

    def add_request(self, request: Request[Any]) -> Item:
        """Take one command in; raises ArgumentError."""
        item = self._item(request, None)
        self.pending.append(item)
        return item

    def _item(self, request: Request[Any], node: Address | None) -> Item:
        return Item(pack(request.args), self.router.slot_of(request), node, request.access, request.binary)

    def wait_ms(self, now_ms: int) -> int:
        """How long to wait until the next command is due."""
        return max(0, min((item.due_ms for item in self.pending), default=now_ms) - now_ms)

    def shares(self, now_ms: int) -> list[Share]:
        """Split what is due by node, in one order: threads that take connections so never deadlock."""
        shares: dict[Address, Share] = {}
        for item in self.pending:
            if item.due_ms > now_ms:
                continue
            address = (
                item.target
                or item.node
                or self.router.address_for(item.slot, item.access, primary_only=item.attempt is not None)
            )
            if address is None:
                error = NoNodeReachableError(()) if item.slot is None else SlotNotCoveredError(item.slot)
                self._trouble(item, error, asked=None, now_ms=now_ms)
                continue
            share = shares.get(address)
            if share is None:
                share = shares[address] = Share(address)
            if item.asking:
                share.items.append(None)
                share.payloads.append(ASKING)
            share.items.append(item)
            share.payloads.append(item.payload)
        self._drop_finished()
        return [shares[address] for address in sorted(shares)]

    def settle(
        self, share: Share, replies: Sequence[Any], error: ClusterError | None, *, now_ms: int
    ) -> None:
        """Take what a node answered.

        Args:
            share: what it was sent.
            replies: its replies in their order, error replies as ResponseError objects.
            error: why there are fewer replies than commands, if there are.
            now_ms: the time.
        """
        for item, reply in zip(share.items, replies, strict=False):
            if item is None:
                continue
            if isinstance(reply, ResponseError):
                self._trouble(item, reply, asked=share.address, now_ms=now_ms)
            else:
                item.reply = reply
        if error is not None:
            for item in share.items[len(replies) :]:
                if item is not None:
                    self._trouble(item, error, asked=share.address, now_ms=now_ms)
        self._drop_finished()

    def settle_one(self, item: Item, error: Exception, *, asked: Address | None, now_ms: int) -> None:
        """Take the error that one command got from ``asked``, or from talking to it."""
        self._trouble(item, error, asked=asked, now_ms=now_ms)
        self._drop_finished()

    def _trouble(self, item: Item, error: Exception, *, asked: Address | None, now_ms: int) -> None:
        """Let the rules decide about a command that got an error instead of an answer."""
        options = self.router.options
        if item.attempt is None:
            repeatable = item.access is not Access.WRITE or options.retry_lost_writes
            item.attempt = Attempt(repeatable, self.deadline_ms, options.retries_max)
        decision = item.attempt.next(error, asked=asked, now_ms=now_ms, rng=self.router.rng)
        if isinstance(decision, GiveUp):
            item.reply = decision.error
            if decision.refresh:
                self.router.refresh.request()
            return
        if isinstance(error, MovedError) and decision.address is not None:
            self.router.slots.move(error.slot, decision.address)
        if decision.refresh:
            self.router.refresh.request(decision.address)
        item.target, item.asking, item.due_ms = decision.address, decision.asking, now_ms + decision.delay_ms

    def _drop_finished(self) -> None:
        self.pending = [item for item in self.pending if item.reply is UNANSWERED]
