"""The Rust engine of one node: sockets, protocol, keyspace, commands, eviction.

One :class:`Engine` belongs to one thread. It owns an epoll descriptor that holds the listening and client
sockets; wait until :meth:`Engine.fileno` is readable, then call :meth:`Engine.turn`.
"""

from collections.abc import Mapping, Sequence, Set
from typing import TypeAlias, final

class EngineError(Exception):
    """The engine could not do what was asked: a socket error, a bad setting, an unknown request id."""

@final
class Reply:
    """A RESP value that has no natural Python type; everything else is converted as ``Engine.reply`` says."""

    @staticmethod
    def simple(text: str) -> Reply:
        """A simple string, such as ``OK``."""

    @staticmethod
    def error(text: str) -> Reply:
        """An error with its code first, such as ``ERR no such node``; line breaks become spaces."""

    @staticmethod
    def verbatim(text: str) -> Reply:
        """A text: a verbatim string in RESP3, a bulk string in RESP2."""

    @staticmethod
    def null_array() -> Reply:
        """The null array in RESP2, null in RESP3."""

# What `Engine.reply` takes. str and bytes: bulk string; dict: map (flat array in RESP2); None: null; bool,
# int and float: their RESP3 types with Redis's RESP2 forms; list and tuple: array; set and frozenset: set.
ReplyValue: TypeAlias = (
    Reply
    | str
    | bytes
    | int
    | float
    | bool
    | Sequence["ReplyValue"]
    | Mapping[str, "ReplyValue"]
    | Set["ReplyValue"]
    | None
)

@final
class ControlRequest:
    """A command that Python answers; the connection's later commands wait for :meth:`Engine.reply`."""

    @property
    def id(self) -> int:
        """Handed back to :meth:`Engine.reply`; never used twice."""

    @property
    def argv(self) -> list[bytes]:
        """The command's name and arguments; the name (and subcommand) in upper case."""

    @property
    def client_id(self) -> int:
        """CLIENT ID of the connection that asked."""

    @property
    def resp_version(self) -> int:
        """2 or 3."""

    @property
    def local_address(self) -> str:
        """The address the client reached us at, without port; CLUSTER SLOTS may have to name it."""

@final
class Engine:
    """One node's data path.

    Args:
        config: settings by Redis's names (``maxmemory``, ``maxclients``, ...), as text.
        cluster: True in a cluster: one database, slots checked against the topology. False: a node alone,
            with 16 databases.
        node_id: forty hexadecimal digits.
        run_id: forty hexadecimal digits, new for every start of the process.

    Raises:
        EngineError: a setting is unknown or out of range.
    """

    def __init__(
        self, *, config: Mapping[str, str] = ..., cluster: bool = False, node_id: str = ..., run_id: str = ...
    ) -> None: ...
    def listen(self, host: str, port: int) -> int:
        """Listen on ``host``, a name or address; port 0 is chosen; returns the port. Raises OSError."""

    def fileno(self) -> int:
        """The epoll descriptor: readable when :meth:`turn` has something to do (also for its own timer)."""

    def turn(self, *, budget_us: int) -> list[ControlRequest]:
        """Serve ready sockets for about ``budget_us`` us, GIL released; raises EngineError, OSError.

        Returns early when no traffic has come for a millisecond, when a command needs Python, or when a
        descriptor given to :meth:`watch` is readable; so the budget can be long without making Python wait.
        """

    def watch(self, fd: int) -> None:
        """End turns early when ``fd``, which Python waits for, is readable. Raises OSError, ValueError."""

    def unwatch(self, fd: int) -> None:
        """No longer look at a descriptor given to :meth:`watch`; call before it is closed. Raises OSError."""

    def reply(self, request_id: int, value: ReplyValue) -> None:
        """Answer a control request; a client that is gone is no error. Raises EngineError, TypeError."""

    @property
    def has_pubsub(self) -> bool:
        """Whether :meth:`take_pubsub` has something to give."""

    def take_pubsub(
        self,
    ) -> tuple[list[tuple[str, bytes, bytes, list[bytes]]], list[tuple[str, bytes, bool]]]:
        """What other nodes are to hear since the last call.

        First the messages that they want: topic (``channel`` or ``shard``), channel, message, and their
        patterns that it matches. Then what got its first subscriber here or lost its last one: topic
        (``channel``, ``pattern`` or ``shard``), name, and whether it has subscribers now.
        """

    def subscriptions(self) -> list[tuple[str, bytes]]:
        """Everything that has subscribers here, as topic and name; later changes are told from now on."""

    def change_wanted(self, changes: Sequence[tuple[str, bytes, bool]], *, reset: bool) -> None:
        """Note what other nodes have subscribers for: topic, name, and whether they do now.

        ``reset`` forgets what they had before. Raises ValueError for an unknown topic.
        """

    def deliver(self, messages: Sequence[tuple[str, bytes, bytes]]) -> None:
        """Send messages of other nodes (topic, channel, message) to the subscribers here.

        Raises EngineError, ValueError.
        """

    def set_topology(
        self,
        *,
        slot_owners: bytes,
        endpoints: Sequence[tuple[str, int]],
        mine: int | None,
        replica: bool,
        down_reason: str | None,
    ) -> None:
        """Tell the engine who serves which slot.

        Args:
            slot_owners: 16384 little-endian 16-bit indices into ``endpoints``; 65535: nobody.
            endpoints: client address of every primary that owns slots, as MOVED names it.
            mine: index of the endpoint whose slots this node holds (as primary or as replica); None: none.
            replica: this node holds them as a replica: MOVED, unless the client said READONLY and only reads.
            down_reason: None while the cluster serves; else the text after ``CLUSTERDOWN ``.

        Raises:
            EngineError: an argument does not have this shape.
        """

    def config_get(self, pattern: str) -> dict[str, str]:
        """Settings whose names match a glob pattern."""

    def config_set(self, settings: Mapping[str, str]) -> None:
        """Change settings, all or none; raises EngineError with Redis's words."""

    def info(self, *sections: str) -> dict[str, str]:
        """The fields of INFO, of the named sections or the default ones."""

    def dbsize(self) -> int:
        """Number of keys in all databases."""

    def count_keys_in_slot(self, slot: int) -> int:
        """Number of keys in a slot of database 0; raises EngineError if ``slot`` is not below 16384."""

    def stop_listening(self) -> None:
        """Close the listening sockets; connected clients are served on."""

    def close(self) -> None:
        """Send what can be sent without waiting, close all connections. Later calls raise EngineError."""

def key_slot(key: bytes) -> int:
    """Hash slot of a key (0 to 16383), by its hash tag when it has one."""
