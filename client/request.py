"""Commands as values, and how one definition becomes a method of every client.

A command is written once, as a method of a :class:`CommandSet` that builds an :class:`Operation` and does
nothing else. Each client says, by its base class, what its methods make of an operation:
:class:`BlockingTarget` runs it and returns the result, :class:`AsyncTarget` returns an awaitable,
:class:`QueueTarget` queues it and returns a handle. Type checkers see the right return type for each through
the overloads of :meth:`Command.__get__`.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

import attrs

from pycluster.client.address import Address
from pycluster.client.command_table import Access
from pycluster.client.errors import UnexpectedReplyError
from pycluster.client.resp import Argument, encode
from pycluster.client.slots import key_slot

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
V = TypeVar("V", bytes, str)
"""What a string reply is to a client: bytes, or str with ``decode_responses``."""


class Topology(Protocol):
    """What an operation must know to be cut into parts."""

    @property
    def sharded(self) -> bool:
        """False when one server has all slots and takes any keys together."""

    def primaries(self) -> tuple[Address, ...]:
        """All primaries."""


class Operation(ABC, Generic[R]):
    """Something to be asked of the cluster: one command or several, and how to read the replies."""

    __slots__ = ()

    @abstractmethod
    def parts(self, topology: Topology) -> list[Part]:
        """The commands to send."""

    @abstractmethod
    def merge(self, parts: Sequence[Part], replies: Sequence[Any]) -> R:
        """The result, from the replies to ``parts`` in the same order; none of them is an error."""


# Not frozen, though nothing changes it: every call makes one, and a frozen one takes three times as long.
@attrs.define(eq=False)
class Request(Operation[R]):
    """One command for one node.

    Attributes:
        args: the command's name and arguments.
        key: the key that decides which node; None: any primary.
        access: what a repeat would do.
        decode: makes the result of the reply; None: the reply is the result.
        binary: strings of the reply stay bytes whatever the client decodes.
    """

    args: tuple[Argument, ...]
    key: Argument | None
    access: Access
    decode: Callable[[Any], R] | None = None
    binary: bool = False

    def parts(self, topology: Topology) -> list[Part]:
        return [Part(self)]

    def merge(self, parts: Sequence[Part], replies: Sequence[Any]) -> R:
        return self.result(replies[0])

    def result(self, reply: Any) -> R:
        """What the caller gets for a reply; raises UnexpectedReplyError for one that makes no sense."""
        if self.decode is None:
            return reply  # type: ignore[no-any-return]  # R says what the server answers
        try:
            return self.decode(reply)
        except (TypeError, ValueError) as exc:
            raise UnexpectedReplyError(str(self.args[0]), str(exc)) from exc


@attrs.define(eq=False)
class Part:
    """One command of an operation.

    Attributes:
        request: the command.
        node: the node that has to execute it; None: the one that serves its key.
        positions: which of the operation's items it carries.
    """

    request: Request[Any]
    node: Address | None = None
    positions: Sequence[int] = ()


@attrs.define(eq=False)
class SplitRequest(Operation[R]):
    """A command on many keys, sent as one command per slot. Not atomic across slots.

    Attributes:
        name: the command.
        items: per key: the key and what goes with it.
        access: what a repeat would do.
        combine: makes the result of the number of items and, per part, its items' positions and its reply.
    """

    name: str
    items: Sequence[tuple[Argument, ...]]
    access: Access
    combine: Callable[[int, Sequence[tuple[Sequence[int], Any]]], R]

    def parts(self, topology: Topology) -> list[Part]:
        if not self.items:
            return []
        if not topology.sharded:
            return [self._part(range(len(self.items)))]
        by_slot: dict[int, list[int]] = {}
        for position, item in enumerate(self.items):
            by_slot.setdefault(key_slot(encode(item[0], position + 1)), []).append(position)
        return [self._part(positions) for positions in by_slot.values()]

    def _part(self, positions: Sequence[int]) -> Part:
        args = [self.name, *(arg for position in positions for arg in self.items[position])]
        return Part(Request(tuple(args), self.items[positions[0]][0], self.access), positions=positions)

    def merge(self, parts: Sequence[Part], replies: Sequence[Any]) -> R:
        answered = [(part.positions, reply) for part, reply in zip(parts, replies, strict=True)]
        return self.combine(len(self.items), answered)


@attrs.define(eq=False)
class BroadcastRequest(Operation[R]):
    """One command for every primary.

    Attributes:
        args: the command's name and arguments.
        access: what a repeat would do.
        combine: makes the result of all replies.
    """

    args: tuple[Argument, ...]
    access: Access
    combine: Callable[[Sequence[Any]], R]

    def parts(self, topology: Topology) -> list[Part]:
        request = Request[Any](self.args, None, self.access)
        return [Part(request, node) for node in topology.primaries()]

    def merge(self, parts: Sequence[Part], replies: Sequence[Any]) -> R:
        return self.combine(replies)


class Handle(Protocol[R_co]):
    """The place where a queued command's result will be."""

    def result(self) -> R_co:
        """The result; raises the command's error, or NotExecutedError."""


class BlockingTarget(ABC):
    """A client whose methods run an operation and return its result."""

    @abstractmethod
    def run(self, operation: Operation[R]) -> R:
        """Do it, and return the result."""


class AsyncTarget(ABC):
    """A client whose methods return an awaitable of the result."""

    @abstractmethod
    def run(self, operation: Operation[R]) -> Awaitable[R]:
        """Do it; await the result."""


class QueueTarget(ABC):
    """A client whose methods queue an operation and return a handle to its result."""

    @abstractmethod
    def run(self, operation: Operation[R]) -> Handle[R]:
        """Queue it."""


class Command(Generic[P, R]):
    """Decorator of a builder in a :class:`CommandSet`; in a client it is a method."""

    def __init__(self, build: Callable[Concatenate[Any, P], Operation[R]]) -> None:
        self.build = build
        functools.update_wrapper(self, build)  # type: ignore[arg-type]  # mypy wants a plain function here

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: BlockingTarget, owner: type) -> Callable[P, R]: ...
    @overload
    def __get__(self, instance: AsyncTarget, owner: type) -> Callable[P, Awaitable[R]]: ...
    @overload
    def __get__(self, instance: QueueTarget, owner: type) -> Callable[P, Handle[R]]: ...
    def __get__(self, instance: object, owner: type) -> Any:
        # Clients have real methods in our place (see CommandSet); this serves a look at the set itself.
        return self if instance is None else self.method().__get__(instance, owner)

    def method(self) -> Callable[..., Any]:
        """The method a client gets: builds the operation and runs it."""
        build = self.build

        @functools.wraps(build)
        def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            return self.run(build(self, *args, **kwargs))

        return method


class CommandSet(Generic[V]):
    """Base of a family of commands. A client inherits the sets it offers, and one target."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not issubclass(cls, (BlockingTarget, AsyncTarget, QueueTarget)):
            return
        # Plain functions in place of descriptors: they are found faster, and help() shows them.
        for base in cls.__mro__[1:]:
            for name, command in list(vars(base).items()):
                if isinstance(command, Command) and name not in vars(cls):
                    setattr(cls, name, command.method())
