"""What both clients know and decide without touching a socket: who gets a command."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import attrs

from pycluster.client.address import Address
from pycluster.client.command_table import Access, CommandSpec, CommandTable, command_name
from pycluster.client.errors import ProtocolError, ResponseError, UnsupportedCommandError
from pycluster.client.options import ClientOptions, ReadFrom
from pycluster.client.request import Request
from pycluster.client.resp import Argument, encode
from pycluster.client.slot_cache import RefreshPolicy, SlotCache, parse_cluster_slots
from pycluster.client.slots import key_slot

CLUSTER_SLOTS = ("CLUSTER", "SLOTS")


@attrs.define
class Router:
    """Slot table, command table and the choices made with them; one per client.

    Attributes:
        seeds: the nodes the caller named.
        options: the client's settings.
        rng: for choosing among equals, and for jitter.
    """

    seeds: tuple[Address, ...]
    options: ClientOptions
    rng: random.Random
    slots: SlotCache = attrs.field(factory=SlotCache, init=False)
    commands: CommandTable = attrs.field(factory=CommandTable, init=False)
    refresh: RefreshPolicy = attrs.field(factory=RefreshPolicy, init=False)
    # Computed once: the question is asked for every command.
    _replicas_read: bool = attrs.field(init=False)

    @_replicas_read.default
    def _whether_replicas_read(self) -> bool:
        return self.options.read_from is not ReadFrom.PRIMARY

    def slot_of(self, request: Request[Any]) -> int | None:
        """The hash slot that decides where a request goes; None: any primary will do."""
        key = request.key
        if key is None:
            return None
        return key_slot(key if type(key) is bytes else encode(key, 1))

    def address_for(self, slot: int | None, access: Access, *, primary_only: bool = False) -> Address | None:
        """The node for a command; None when nobody is known to serve its slot.

        Args:
            slot: from :meth:`slot_of`.
            access: only reads may go to replicas, and only if the options say so.
            primary_only: set after a failure: a replica gets one chance.
        """
        if slot is None:
            primaries = self.slots.primaries()
            return self.rng.choice(primaries) if primaries else None
        if self._replicas_read and access is Access.READ and not primary_only:
            return self.slots.reader(slot, self.options.read_from, self.rng)
        return self.slots.primary(slot)

    def spec(self, args: Sequence[Argument]) -> CommandSpec | None:
        """What is known of a command; None: :meth:`CommandTable.learn` what a server says of it first.

        Raises:
            UnsupportedCommandError: it would change the state of a pooled connection.
        """
        spec = self.commands.find(args)
        if spec is not None and spec.stateful:
            raise UnsupportedCommandError(command_name(args))
        return spec

    def refresh_candidates(self) -> list[Address]:
        """Whom to ask for the slot table, best first."""
        known = (*self.slots.primaries(), *self.slots.replicas())
        return self.refresh.candidates(known, self.seeds, self.rng)

    def take_slots(self, reply: Any, asked: Address) -> None:
        """Take a node's answer to CLUSTER SLOTS, strings as bytes.

        Raises:
            ResponseError: the node refused; ask another.
            ProtocolError: the answer has no such shape.
        """
        if isinstance(reply, ResponseError):
            if not is_without_cluster(reply):
                raise reply
            self.slots.replace_with_single(asked)
            return
        try:
            self.slots.replace(parse_cluster_slots(reply, asked=asked))
        except ValueError as exc:
            raise ProtocolError(asked, str(exc)) from exc


def is_without_cluster(error: ResponseError) -> bool:
    """Whether a refusal of CLUSTER SLOTS means that the server stands alone."""
    message = error.message.lower()
    return "cluster support disabled" in message or "unknown command" in message
