"""The ``CLUSTER`` subcommands that Python answers; those on keys and slots of this node are the engine's."""

from collections.abc import Callable
from typing import NoReturn

import attrs

from pycluster.cluster.topology import NOT_HEARD
from pycluster.cluster.view import NodeRecord, Role
from pycluster.node.answers import OK, Answer, CommandError, SimpleLines, Verbatim
from pycluster.node.cluster_replies import ClusterReplies, LinkCounters
from pycluster.node.commands import Call, Command, Table, refusing

CLUSTER_DISABLED = "ERR This instance has cluster support disabled"


@attrs.frozen(kw_only=True)
class Standing:
    """Where a node stands: what it knows of its cluster, and whether it serves.

    ``heard`` is False before the first topology: ``replies`` then shows the node alone.
    """

    replies: ClusterReplies
    heard: bool
    serving: bool
    counters: LinkCounters


class ClusterCommands:
    """Handlers over where the node stands at the time of each call."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def table(self) -> Table:
        """All subcommands, also those that are refused so far."""
        answered = {
            "SLOTS": Command(self.slots),
            "SHARDS": Command(self.shards),
            "NODES": Command(self.nodes),
            "INFO": Command(self.info),
            "MYID": Command(self.my_id),
            "MYSHARDID": Command(self.my_shard_id),
            "LINKS": Command(self.links),
            "REPLICAS": Command(self.replicas, 1, 1),
            "SLAVES": Command(self.replicas, 1, 1),
            "COUNT-FAILURE-REPORTS": Command(self.count_failure_reports, 1, 1),
            "SAVECONFIG": Command(self.save_config),
            "GETSLOTMIGRATIONS": Command(self.slot_migrations),
            "CANCELSLOTMIGRATIONS": Command(self.cancel_slot_migrations, 1, 1),
            "SLOT-STATS": Command(self.slot_stats, 1, None),
            "HELP": Command(self.help),
        }
        refused = {
            name: Command(_refuse(f"CLUSTER {name}"), least, most) for name, (least, most) in _REFUSED.items()
        }
        return {f"CLUSTER {name}": command for name, command in (answered | refused).items()}

    def slots(self, call: Call) -> Answer:
        """``CLUSTER SLOTS``"""
        return self._replies.slots(call.local_address)

    def shards(self, call: Call) -> Answer:
        """``CLUSTER SHARDS``"""
        return self._replies.shards(call.local_address)

    def nodes(self, call: Call) -> Answer:
        """``CLUSTER NODES``"""
        return Verbatim(self._replies.nodes(call.local_address))

    def info(self, _call: Call) -> Answer:
        """``CLUSTER INFO``"""
        standing = self._standing()
        return Verbatim(standing.replies.info(serving=standing.serving, counters=standing.counters))

    def my_id(self, _call: Call) -> Answer:
        """``CLUSTER MYID``"""
        return self._replies.me.node_id

    def my_shard_id(self, _call: Call) -> Answer:
        """``CLUSTER MYSHARDID``"""
        standing = self._standing()
        if not standing.heard:
            raise CommandError(f"CLUSTERDOWN {NOT_HEARD}")
        return standing.replies.me.shard_id

    def links(self, _call: Call) -> Answer:
        """``CLUSTER LINKS``"""
        return self._replies.links()

    def replicas(self, call: Call) -> Answer:
        """``CLUSTER REPLICAS node-id``"""
        primary = self._named(call)
        if primary.role is not Role.PRIMARY:
            raise CommandError("ERR The specified node is not a master")
        return self._replies.replicas(primary, call.local_address)

    def count_failure_reports(self, call: Call) -> Answer:
        """``CLUSTER COUNT-FAILURE-REPORTS node-id``: none so far, for one bus alone needs nobody's report."""
        self._named(call)
        return 0

    def save_config(self, _call: Call) -> Answer:
        """``CLUSTER SAVECONFIG``: the bus saves every change before any node hears of it."""
        return OK

    def slot_migrations(self, _call: Call) -> Answer:
        """``CLUSTER GETSLOTMIGRATIONS``: there are none, as slots do not migrate yet."""
        return []

    def cancel_slot_migrations(self, _call: Call) -> Answer:
        """``CLUSTER CANCELSLOTMIGRATIONS ALL``"""
        raise CommandError("ERR No migrations ongoing")

    def slot_stats(self, _call: Call) -> Answer:
        """``CLUSTER SLOT-STATS``: the engine does not count by slot."""
        raise CommandError("ERR CLUSTER SLOT-STATS is not supported")

    def help(self, _call: Call) -> Answer:
        """``CLUSTER HELP``"""
        return SimpleLines(HELP)

    @property
    def _replies(self) -> ClusterReplies:
        return self._standing().replies

    def _named(self, call: Call) -> NodeRecord:
        text = call.arguments[0].decode("utf-8", "replace")
        record = self._replies.view.get(text.lower())
        if record is None:
            raise CommandError(f"ERR Unknown node {text}")
        return record


def disabled_table() -> Table:
    """The same subcommands for a node alone, all refused."""
    return refusing(ClusterCommands(_disabled).table(), CLUSTER_DISABLED)


def _disabled() -> NoReturn:
    raise CommandError(CLUSTER_DISABLED)


def _refuse(name: str) -> Callable[[Call], Answer]:
    def refuse(_call: Call) -> Answer:
        raise CommandError(
            f"ERR {name} is not supported: membership and slots are changed by the cluster's bus"
        )

    return refuse


# What changes a cluster by hand, with the least and the most arguments. Their ways through the bus are yet to
# be built; without them, a node that just obeyed would split the view it shares with the others.
_REFUSED: dict[str, tuple[int, int | None]] = {
    "ADDSLOTS": (1, None),
    "ADDSLOTSRANGE": (2, None),
    "BUMPEPOCH": (0, 0),
    "DELSLOTS": (1, None),
    "DELSLOTSRANGE": (2, None),
    "FAILOVER": (0, 1),
    "FLUSHSLOTS": (0, 0),
    "FORGET": (1, 1),
    "MEET": (2, 3),
    "MIGRATESLOTS": (5, None),
    "REPLICATE": (1, 2),
    "RESET": (0, 1),
    "SET-CONFIG-EPOCH": (1, 1),
    "SETSLOT": (2, None),
}

HELP = (
    "CLUSTER <subcommand> [<argument> ...]. Subcommands:",
    "COUNT-FAILURE-REPORTS <node-id>",
    "    How many nodes report this one as failing.",
    "COUNTKEYSINSLOT <slot>",
    "    How many keys this node has in a slot.",
    "GETKEYSINSLOT <slot> <count>",
    "    Some keys that this node has in a slot.",
    "INFO",
    "    State of the cluster, in numbers.",
    "KEYSLOT <key>",
    "    The slot of a key.",
    "LINKS",
    "    Members that are connected.",
    "MYID",
    "    This node's id.",
    "MYSHARDID",
    "    The id of this node's shard.",
    "NODES",
    "    All members, a line each:",
    "    <id> <ip:port@bus-port> <flags> <primary> <ping> <pong> <epoch> <link> <slot> ...",
    "REPLICAS <node-id>",
    "    The lines of a primary's replicas.",
    "SAVECONFIG",
    "    Does nothing: every change is saved before it counts.",
    "SHARDS",
    "    All shards, with their slots and members.",
    "SLOTS",
    "    All ranges of slots, with their primary and replicas.",
    "HELP",
    "    This text.",
)
