"""What can go wrong, one class per thing the caller can do about it.

::

    ClusterError
    ├── UsageError                  the caller's mistake; nothing was sent
    │   ├── ArgumentError           a value that has no form on the wire (also a TypeError)
    │   ├── UnsupportedCommandError a command that would change the state of a pooled connection
    │   ├── PipelineFullError       more commands queued than allowed
    │   ├── NotExecutedError        a queued command's result was asked for too early
    │   └── ClosedError             the client was closed
    ├── ResponseError               the server's refusal, with ``code`` and ``message``
    │   ├── WrongTypeError, OutOfMemoryError, CrossSlotError, ReadOnlyError, NoScriptError, ...
    │   ├── AuthenticationError, NoPermissionError
    │   ├── RedirectError           MovedError, AskError: answered by the client itself
    │   └── ClusterDownError, TryAgainError, LoadingError, MasterDownError: retried until the deadline
    ├── TooManyRedirectsError
    ├── SlotNotCoveredError
    ├── NodeError                   with the ``address`` it is about
    │   ├── ConnectionFailedError   nothing was executed
    │   ├── ConnectionLostError     the command may have been executed
    │   └── ProtocolError           the peer does not speak RESP
    ├── UnexpectedReplyError        a reply of another shape than the command's
    ├── NoNodeReachableError
    ├── DeadlineExceededError       also a TimeoutError; says whether the command may have been executed
    └── PipelineError               the first error of a pipeline, with all its results
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pycluster.client.address import Address


class ClusterError(Exception):
    """Base of all errors of this package."""


class UsageError(ClusterError, ValueError):
    """The caller asked for something that cannot be sent; nothing reached a server."""


class ArgumentError(UsageError, TypeError):
    """A command's argument is neither bytes, str, int nor float."""

    def __init__(self, position: int, value: object) -> None:
        kind = type(value).__name__
        super().__init__(
            f"argument {position} is {kind}; send bytes, str, int or float (bool and None are ambiguous)"
        )
        self.position, self.kind = position, kind


class UnsupportedCommandError(UsageError):
    """The command changes the state of its connection, which a pooled connection must not."""

    def __init__(self, command: str) -> None:
        super().__init__(f"{command} changes the state of its connection and cannot go through the pools")
        self.command = command


class PipelineFullError(UsageError):
    """A pipeline holds as many commands as it may; execute it first."""

    def __init__(self, depth_max: int) -> None:
        super().__init__(f"the pipeline already holds {depth_max} commands")
        self.depth_max = depth_max


class NotExecutedError(UsageError):
    """The result of a queued command was asked for before its pipeline was executed."""


class ClosedError(UsageError):
    """The client was closed."""


class ResponseError(ClusterError):
    """The server answered with an error.

    Attributes:
        code: its first word, such as ``WRONGTYPE``.
        message: the whole text as it came.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = message.partition(" ")[0]


class WrongTypeError(ResponseError):
    """The key holds another data type than the command works on."""


class OutOfMemoryError(ResponseError):
    """The server is at its memory limit and its policy does not let it evict enough."""


class CrossSlotError(ResponseError):
    """The keys of one command lie in different hash slots; give them a common hash tag."""


class ReadOnlyError(ResponseError):
    """A write reached a replica that stands alone."""


class NoScriptError(ResponseError):
    """The script's digest is unknown to the server; send the script itself."""


class NoReplicasError(ResponseError):
    """Fewer replicas are in touch with the primary than a write needs."""


class AuthenticationError(ResponseError):
    """User name and password are missing or wrong."""


class NoPermissionError(ResponseError):
    """The user may not run this command or touch this key."""


class ClusterDownError(ResponseError):
    """The cluster does not serve this slot now; the command was not executed."""


class TryAgainError(ResponseError):
    """The keys of a command are split over two nodes while their slot moves; it was not executed."""


class LoadingError(ResponseError):
    """The server is still reading its data from disk; the command was not executed."""


class MasterDownError(ResponseError):
    """A replica has lost its primary and does not answer from old data."""


class RedirectError(ResponseError):
    """Another node has the slot. Reaches the caller only inside :class:`TooManyRedirectsError`.

    Attributes:
        slot: the hash slot, 0 to 16383.
        endpoint: ``host:port`` as the server wrote it; an empty host means the server that answered.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        words = message.split(" ")
        if len(words) != 3 or not (words[1].isascii() and words[1].isdigit()):
            raise ValueError(f"malformed redirect: {message!r}")
        self.slot, self.endpoint = int(words[1]), words[2]

    def address(self, asked: Address) -> Address:
        """The node to go to, when ``asked`` sent us there; raises ValueError for a malformed endpoint."""
        return Address.parse(self.endpoint, host_default=asked.host)


class MovedError(RedirectError):
    """The slot belongs to another node, for good."""


class AskError(RedirectError):
    """The slot is on its way to another node, and this command's key is there already."""


class TooManyRedirectsError(ClusterError):
    """A command was still redirected after the last allowed hop; the slot table is probably in flux."""

    def __init__(self, slot: int, hops: tuple[str, ...]) -> None:
        super().__init__(f"slot {slot} redirected {len(hops)} times: {' -> '.join(hops)}")
        self.slot, self.hops = slot, hops


class SlotNotCoveredError(ClusterError):
    """No node is known to serve the slot, also after asking the cluster again."""

    def __init__(self, slot: int) -> None:
        super().__init__(f"no node serves slot {slot}")
        self.slot = slot


class NodeError(ClusterError):
    """Something happened between us and one node.

    Attributes:
        address: the node.
        reason: what the system or the parser said.
    """

    def __init__(self, address: Address, reason: str) -> None:
        super().__init__(f"{address}: {reason}")
        self.address, self.reason = address, reason


class ConnectionFailedError(NodeError):
    """No connection, or one that broke before a whole command was sent: nothing was executed."""


class ConnectionLostError(NodeError):
    """The connection broke after the command was sent: it may or may not have been executed."""


class ProtocolError(NodeError):
    """The peer sent something that is not RESP."""


class UnexpectedReplyError(ClusterError):
    """A reply has another shape than the command promises; the server may be of another make.

    Attributes:
        command: the command's name.
        detail: what was wrong with the reply.
    """

    def __init__(self, command: str, detail: str) -> None:
        super().__init__(f"unexpected reply to {command}: {detail}")
        self.command, self.detail = command, detail


class NoNodeReachableError(ClusterError):
    """None of the nodes that were tried told us who serves which slot.

    Attributes:
        causes: the address and the error of each try.
    """

    def __init__(self, causes: Sequence[tuple[Address, Exception]]) -> None:
        # Most errors name their node already; the others get it put in front.
        said = [str(exc) if isinstance(exc, NodeError) else f"{address}: {exc}" for address, exc in causes]
        super().__init__("no node could be asked for the slot table: " + ("; ".join(said) or "none is known"))
        self.causes = tuple(causes)


class DeadlineExceededError(ClusterError, TimeoutError):
    """The time allowed for a command ran out.

    Attributes:
        waited_for: what was being waited for.
        address: the node it was waited for at, if it was one.
        maybe_executed: whether the command had been sent.
    """

    def __init__(self, waited_for: str, address: Address | None, *, maybe_executed: bool) -> None:
        super().__init__(f"time ran out waiting for {waited_for}" + (f" of {address}" if address else ""))
        self.waited_for, self.address, self.maybe_executed = waited_for, address, maybe_executed


class PipelineError(ClusterError):
    """A command of a pipeline failed; the others were executed all the same.

    Attributes:
        index: position of the first failed command.
        command: its name.
        error: what it failed with (also ``__cause__``).
        results: results of all commands in their order, errors in their places.
    """

    def __init__(self, index: int, command: str, error: Exception, results: list[Any]) -> None:
        super().__init__(f"command {index} ({command}) of {len(results)} failed: {error}")
        self.index, self.command, self.error, self.results = index, command, error, results


_BY_CODE: dict[str, type[ResponseError]] = {
    "WRONGTYPE": WrongTypeError,
    "OOM": OutOfMemoryError,
    "CROSSSLOT": CrossSlotError,
    "READONLY": ReadOnlyError,
    "NOSCRIPT": NoScriptError,
    "NOREPLICAS": NoReplicasError,
    "NOAUTH": AuthenticationError,
    "WRONGPASS": AuthenticationError,
    "NOPERM": NoPermissionError,
    "CLUSTERDOWN": ClusterDownError,
    "TRYAGAIN": TryAgainError,
    "LOADING": LoadingError,
    "MASTERDOWN": MasterDownError,
    "MOVED": MovedError,
    "ASK": AskError,
}


def error_from_reply(message: str) -> ResponseError:
    """The exception for an error reply; its class follows the code, the first word."""
    kind = _BY_CODE.get(message.partition(" ")[0], ResponseError)
    try:
        return kind(message)
    except ValueError:  # "MOVED" with something else behind it: not a redirect we could follow
        return ResponseError(message)
