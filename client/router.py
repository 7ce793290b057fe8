"""What both clients know and decide without touching a socket: who gets a command."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any, Final

import attrs

from pycluster.client.address import Address
from pycluster.client.command_table import Access, CommandTable, command_name
from pycluster.client.errors import (
    ClusterError,
    NoNodeReachableError,
    ResponseError,
    UnexpectedReplyError,
    UnsupportedCommandError,
)
from pycluster.client.options import ClientOptions, ReadFrom
from pycluster.client.request import Request
from pycluster.client.resp import Argument, encode, pack
from pycluster.client.slot_cache import RefreshPolicy, SlotCache, parse_cluster_slots
from pycluster.client.slots import key_slot

CLUSTER_SLOTS: Final = pack(("CLUSTER", "SLOTS"))


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

    def request_for(
        self, args: tuple[Argument, ...], *, access: Access | None = None, binary: bool = False
    ) -> Request[Any] | None:
        """The request for a command given by its words; None: find out by :meth:`asking_for`.

        Raises:
            UnsupportedCommandError: it would change the state of a pooled connection.
        """
        spec = self.commands.find(args)
        if spec is None or spec.ask_server:
            return None
        if spec.stateful:
            raise UnsupportedCommandError(command_name(args))
        return Request(args, spec.first_key(args), access or spec.access, binary=binary)

    def asking_for(
        self, args: tuple[Argument, ...], *, access: Access | None = None, binary: bool = False
    ) -> Generator[Request[Any], Any, Request[Any]]:
        """As :meth:`request_for`, by asking a server.

        Yields requests, is sent a reply or a ResponseError for each, and returns the request. Raises
        UnexpectedReplyError.
        """
        spec = self.commands.find(args)
        if spec is None:
            name = command_name(args)
            spec = self.commands.learn(name, (yield _question("COMMAND", "INFO", name)))
        key = spec.first_key(args)
        if spec.ask_server:
            keys = yield _question("COMMAND", "GETKEYS", *args)
            # An error says that there are no keys, or that the arguments are wrong: so will the command
            # itself.
            key = keys[0] if isinstance(keys, list) and keys else None
        return Request(args, key, access or spec.access, binary=binary)

    def known_addresses(self) -> frozenset[Address]:
        """Every node of the slot table, and the seeds."""
        return frozenset((*self.slots.primaries(), *self.slots.replicas(), *self.seeds))

    def refreshing(self) -> Generator[Address, Any, None]:
        """Fetch the slot table.

        Yields the node to send :data:`CLUSTER_SLOTS` to, and is sent its reply, strings as bytes, or the
        error; ends when the table is there. Raises NoNodeReachableError when nobody is left to ask.
        """
        causes: list[tuple[Address, Exception]] = []
        known = (*self.slots.primaries(), *self.slots.replicas())
        for address in self.refresh.candidates(known, self.seeds, self.rng):
            answer = yield address
            try:
                self._take_slots(answer, address)
                return
            except ClusterError as exc:
                causes.append((address, exc))
        raise NoNodeReachableError(causes)

    def _take_slots(self, answer: Any, asked: Address) -> None:
        if isinstance(answer, ResponseError) and _is_without_cluster(answer):
            self.slots.replace_with_single(asked)
            return
        if isinstance(answer, Exception):
            raise answer
        try:
            self.slots.replace(parse_cluster_slots(answer, asked=asked))
        except ValueError as exc:
            raise UnexpectedReplyError("CLUSTER SLOTS", str(exc)) from exc


def _question(*args: Argument) -> Request[Any]:
    return Request(args, None, Access.READ, binary=True)


def _is_without_cluster(error: ResponseError) -> bool:
    """Whether a refusal of CLUSTER SLOTS means that the server stands alone."""
    message = error.message.lower()
    return "cluster support disabled" in message or "unknown command" in message
