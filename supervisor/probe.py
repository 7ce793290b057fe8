"""Asks a node, over its client port, what it thinks of itself and of the cluster.

That is how the supervisor knows that a node serves: the way a client would find out. The conversation does no
I/O; :func:`ask` and :func:`ask_blocking` are its two shells.
"""

import socket
from typing import Self

import attrs
import hiredis

# Replies beyond this are no answer to CLUSTER NODES, even with a thousand nodes and scattered slots.
REPLY_BYTES_MAX = 4 * 1024 * 1024
RECEIVE_BYTES = 64 * 1024
# A node that does not answer in this time is busy or stopped.
ASK_TIMEOUT_S = 0.5


class ProbeError(Exception):
    """The node cannot be reached, or answers something that is no answer."""


@attrs.frozen(kw_only=True)
class NodeRole:
    """One line of CLUSTER NODES."""

    node_id: str
    role: str
    primary_id: str | None
    slots: tuple[tuple[int, int], ...]
    flags: frozenset[str]

    @property
    def slot_count(self) -> int:
        """Number of slots the node owns."""
        return sum(end - start + 1 for start, end in self.slots)


@attrs.frozen(kw_only=True)
class ClusterOpinion:
    """What one node says: whether the cluster serves, who it is itself, and who the others are."""

    state_ok: bool
    myself: str
    roles: dict[str, NodeRole]


class Conversation:
    """Two questions, CLUSTER INFO and CLUSTER NODES, in one write; feed it the bytes that come back."""

    def __init__(self, password: str | None = None) -> None:
        self._reader = hiredis.Reader(encoding="utf-8", errors="replace")
        self._replies: list[str] = []
        self._received_bytes = 0
        self._skip = 0 if password is None else 1
        auth = [] if password is None else [("AUTH", password)]
        commands = [*auth, ("CLUSTER", "INFO"), ("CLUSTER", "NODES")]
        self.request = b"".join(map(_pack, commands))

    def feed(self, data: bytes) -> ClusterOpinion | None:
        """The opinion, once all replies are in; raises ProbeError if the node says anything else."""
        self._received_bytes += len(data)
        if not data or self._received_bytes > REPLY_BYTES_MAX:
            raise ProbeError("the node hung up" if not data else "the reply is too long")
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not False:
                self._take(reply)
        except hiredis.ProtocolError as exc:
            raise ProbeError(str(exc)) from exc
        if len(self._replies) < 2:
            return None
        return parse_opinion(self._replies[0], self._replies[1])

    def _take(self, reply: object) -> None:
        if isinstance(reply, hiredis.ReplyError):
            raise ProbeError(str(reply))
        if self._skip:
            self._skip -= 1
        elif isinstance(reply, str):
            self._replies.append(reply)
        else:
            raise ProbeError(f"unexpected reply {reply!r}")


def parse_opinion(info: str, nodes: str) -> ClusterOpinion:
    """Read the texts of CLUSTER INFO and CLUSTER NODES; raises ProbeError if they do not have that form."""
    roles = {role.node_id: role for role in map(_parse_line, nodes.splitlines())}
    myself = next((role.node_id for role in roles.values() if "myself" in role.flags), None)
    if myself is None:
        raise ProbeError("the node does not list itself")
    return ClusterOpinion(state_ok="cluster_state:ok" in info.split(), myself=myself, roles=roles)


def _pack(words: tuple[str, ...]) -> bytes:
    # hiredis annotates its argument as a tuple of one.
    packed: bytes = hiredis.pack_command(words)  # type: ignore[arg-type]
    return packed


def _parse_line(line: str) -> NodeRole:
    fields = line.split(" ")
    try:
        node_id, flags, primary_id = fields[0], frozenset(fields[2].split(",")), fields[3]
        # A slot in brackets is on its way to or from another node; its owner lists it as owned as well.
        slots = tuple(_parse_range(text) for text in fields[8:] if text and not text.startswith("["))
    except (IndexError, ValueError) as exc:
        raise ProbeError(f"not a line of CLUSTER NODES: {line!r}") from exc
    return NodeRole(
        node_id=node_id,
        role="primary" if "master" in flags else "replica",
        primary_id=None if primary_id == "-" else primary_id,
        slots=slots,
        flags=flags,
    )


def _parse_range(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    return int(start), int(end or start)


@attrs.frozen
class Target:
    """Where a node is asked."""

    host: str
    port: int
    password: str | None = attrs.field(default=None, repr=False)

    @classmethod
    def of(cls, bind: str, port: int, settings: dict[str, str]) -> Self:
        """The address to reach a node at that listens on ``bind``, from its own host."""
        host = {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1"}.get(bind, bind)
        return cls(host, port, settings.get("requirepass") or None)


async def ask(target: Target) -> ClusterOpinion:
    """Ask a node; raises ProbeError when it gives no sound answer within ``ASK_TIMEOUT_S``."""
    import trio

    conversation = Conversation(target.password)
    try:
        with trio.fail_after(ASK_TIMEOUT_S):
            stream = await trio.open_tcp_stream(target.host, target.port)
            async with stream:
                await stream.send_all(conversation.request)
                while (opinion := conversation.feed(await stream.receive_some(RECEIVE_BYTES))) is None:
                    pass
                return opinion
    except trio.TooSlowError as exc:
        raise ProbeError("no answer") from exc
    except (OSError, trio.BrokenResourceError) as exc:
        raise ProbeError(str(exc)) from exc


def ask_blocking(target: Target) -> ClusterOpinion:
    """:func:`ask` without an event loop."""
    conversation = Conversation(target.password)
    try:
        with socket.create_connection((target.host, target.port), timeout=ASK_TIMEOUT_S) as connection:
            connection.sendall(conversation.request)
            while (opinion := conversation.feed(connection.recv(RECEIVE_BYTES))) is None:
                pass
            return opinion
    except OSError as exc:
        raise ProbeError(str(exc)) from exc
