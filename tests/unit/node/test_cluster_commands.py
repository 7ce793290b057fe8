"""The CLUSTER table: which answer each subcommand gives, and which error."""

from typing import cast

import pytest
from unit.cluster.plans import node_id, planned_view

from pycluster.node.answers import OK, Answer, CommandError, Verbatim
from pycluster.node.cluster_commands import ClusterCommands, Standing
from pycluster.node.cluster_replies import ClusterReplies, LinkCounters
from pycluster.node.commands import Call

SHOWN = ClusterReplies(planned_view(), node_id(0))
STANDING = Standing(replies=SHOWN, heard=True, serving=True, counters=LinkCounters())
UNHEARD = Standing(replies=SHOWN, heard=False, serving=False, counters=LinkCounters())


def ask(subcommand: str, *arguments: bytes, standing: Standing = STANDING) -> Answer:
    handler = ClusterCommands(lambda: standing).table()[f"CLUSTER {subcommand}"]
    return cast(Answer, handler(Call(arguments=arguments, local_address="127.0.0.1")))


def test_each_question_gets_its_rendering() -> None:
    assert ask("SLOTS") == SHOWN.slots("127.0.0.1")
    assert ask("SHARDS") == SHOWN.shards("127.0.0.1")
    assert ask("NODES") == Verbatim(SHOWN.nodes("127.0.0.1"))
    assert ask("INFO") == Verbatim(SHOWN.info(serving=True, counters=LinkCounters()))
    assert ask("LINKS") == SHOWN.links()
    assert ask("MYID") == node_id(0)
    assert ask("MYSHARDID") == SHOWN.me.shard_id
    assert ask("SAVECONFIG") == OK


@pytest.mark.parametrize("subcommand", ["REPLICAS", "SLAVES"])
def test_replicas_of_a_primary_are_listed(subcommand: str) -> None:
    listed = SHOWN.replicas(SHOWN.view.nodes[0], "127.0.0.1")
    assert ask(subcommand, node_id(0).encode()) == listed != []


def test_a_replica_has_no_replicas() -> None:
    with pytest.raises(CommandError, match=r"^ERR The specified node is not a master$"):
        ask("REPLICAS", node_id(3).encode())


@pytest.mark.parametrize("subcommand", ["REPLICAS", "SLAVES", "COUNT-FAILURE-REPORTS"])
def test_an_unknown_node_is_named(subcommand: str) -> None:
    with pytest.raises(CommandError, match=r"^ERR Unknown node x\ufffdy$"):
        ask(subcommand, b"x\xffy")


def test_one_bus_has_no_failure_reports() -> None:
    assert ask("COUNT-FAILURE-REPORTS", node_id(1).encode()) == 0


def test_before_the_first_topology_the_shard_is_not_known() -> None:
    assert ask("MYID", standing=UNHEARD) == node_id(0)
    with pytest.raises(CommandError, match=r"^CLUSTERDOWN The cluster is down"):
        ask("MYSHARDID", standing=UNHEARD)


@pytest.mark.parametrize(
    ("subcommand", "arguments"),
    [
        ("MEET", (b"127.0.0.1", b"7000")),
        ("ADDSLOTS", (b"1",)),
        ("SETSLOT", (b"1", b"STABLE")),
        ("FAILOVER", ()),
        ("BUMPEPOCH", ()),
        ("RESET", (b"HARD",)),
    ],
)
def test_what_is_not_supported_says_so_by_name(subcommand: str, arguments: tuple[bytes, ...]) -> None:
    with pytest.raises(CommandError, match=f"^ERR CLUSTER {subcommand} is not supported"):
        ask(subcommand, *arguments)
