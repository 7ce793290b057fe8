"""The ``CLUSTER`` subcommands that Python answers; those on keys and slots of this node are the engine's."""

from collections.abc import Callable

import attrs

from pycluster.cluster.topology import NOT_HEARD
from pycluster.cluster.view import NodeRecord, Role
from pycluster.node.answers import OK, Answer, CommandError, Verbatim
from pycluster.node.cluster_replies import ClusterReplies, LinkCounters
from pycluster.node.commands import Call, Handler, Table


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
        answered: dict[str, Handler] = {
            "SLOTS": self.slots,
            "SHARDS": self.shards,
            "NODES": self.nodes,
            "INFO": self.info,
            "MYID": self.my_id,
            "MYSHARDID": self.my_shard_id,
            "LINKS": self.links,
            "REPLICAS": self.replicas,
            "SLAVES": self.replicas,
            "COUNT-FAILURE-REPORTS": self.count_failure_reports,
            "SAVECONFIG": self.save_config,
        }
        refused = {name: _refuse(name) for name in REFUSED}
        return {f"CLUSTER {name}": handler for name, handler in (answered | refused).items()}

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

    @property
    def _replies(self) -> ClusterReplies:
        return self._standing().replies

    def _named(self, call: Call) -> NodeRecord:
        text = call.arguments[0].decode("utf-8", "replace")
        record = self._replies.view.get(text.lower())
        if record is None:
            raise CommandError(f"ERR Unknown node {text}")
        return record


# What changes a cluster by hand. The ways through the bus are yet to be built; without them, a node that just
# obeyed would split the view it shares with the others.
REFUSED = (
    "ADDSLOTS",
    "ADDSLOTSRANGE",
    "BUMPEPOCH",
    "DELSLOTS",
    "DELSLOTSRANGE",
    "FAILOVER",
    "FLUSHSLOTS",
    "FORGET",
    "MEET",
    "REPLICATE",
    "RESET",
    "SET-CONFIG-EPOCH",
    "SETSLOT",
)


def _refuse(name: str) -> Handler:
    def refuse(_call: Call) -> Answer:
        raise CommandError(f"ERR CLUSTER {name} is not supported: the bus alone changes members and slots")

    return refuse
