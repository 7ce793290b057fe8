"""What CLUSTER commands show of a view, in the shapes that Valkey 9.1 was seen to answer."""

from typing import Any

import attrs
import pytest
from unit.cluster.plans import node_id, planned_view, run_id

from pycluster.cluster.slots import SlotRange, compress
from pycluster.cluster.view import ClusterView, Health, LinkState
from pycluster.node.cluster_replies import ADDRESSES_KEPT_MAX, ClusterReplies, LinkCounters

HERE = "10.0.0.9"
COUNTERS = LinkCounters(sent_count=5, received_count=7)


def online_view() -> ClusterView:
    """Three primaries with a replica each, all online since 1234."""
    view = planned_view()
    for index, node in enumerate(view.nodes):
        online = attrs.evolve(node, health=Health.ONLINE, link=LinkState.CONNECTED, run_id=run_id(index))
        view = view.with_node(attrs.evolve(online, changed_unix_ms=1234))
    return view


def with_change(view: ClusterView, index: int, **changes: Any) -> ClusterView:
    return view.with_node(attrs.evolve(view.node(node_id(index)), **changes))


def replies(view: ClusterView | None = None, me: int = 0) -> ClusterReplies:
    return ClusterReplies(view or online_view(), node_id(me))


def slots(view: ClusterView, address: str = HERE) -> Any:
    return replies(view).slots(address)


def shards(view: ClusterView) -> Any:
    return replies(view).shards(HERE)


def test_slots_lists_ranges_with_primary_and_replicas() -> None:
    assert slots(online_view()) == [
        [0, 5460, ["127.0.0.1", 7000, node_id(0), {}], ["127.0.0.1", 7003, node_id(3), {}]],
        [5461, 10922, ["127.0.0.1", 7001, node_id(1), {}], ["127.0.0.1", 7004, node_id(4), {}]],
        [10923, 16383, ["127.0.0.1", 7002, node_id(2), {}], ["127.0.0.1", 7005, node_id(5), {}]],
    ]


def test_slots_ascends_over_scattered_ranges() -> None:
    view = with_change(online_view(), 0, slots=())
    view = with_change(view, 1, slots=compress([5, 6, 9]))
    view = with_change(view, 2, slots=compress([0, 7, 16383]))
    assert [(start, end, primary[1]) for start, end, primary, *_ in slots(view)] == [
        (0, 0, 7002),
        (5, 6, 7001),
        (7, 7, 7002),
        (9, 9, 7001),
        (16383, 16383, 7002),
    ]


def test_slots_leaves_out_a_failing_replica_but_not_a_failing_primary() -> None:
    view = with_change(with_change(online_view(), 3, health=Health.FAIL), 4, health=Health.PFAIL)
    view = with_change(view, 1, health=Health.FAIL)
    ports = [[port for _, port, *_ in members] for _, _, *members in slots(view)]
    assert ports == [[7000], [7001], [7002, 7005]]


@pytest.mark.parametrize("wildcard", ["", "0.0.0.0", "::"])
def test_a_wildcard_host_is_named_as_the_client_came(wildcard: str) -> None:
    view = with_change(online_view(), 0, host=wildcard)
    assert slots(view, "10.0.0.8")[0][2][0] == "10.0.0.8"
    assert slots(view, HERE)[0][2][0] == HERE
    assert f"{HERE}:7000@17000 " in replies(view).nodes(HERE)


def test_one_rendering_serves_all_clients() -> None:
    shown = replies()
    assert shown.slots("10.0.0.1") is shown.slots("10.0.0.2")
    wild = replies(with_change(online_view(), 0, host=""))
    assert wild.slots("10.0.0.1") is wild.slots("10.0.0.1")
    for number in range(ADDRESSES_KEPT_MAX + 1):
        wild.slots(f"10.1.0.{number}")
    assert len(wild._rendered) <= ADDRESSES_KEPT_MAX


def test_shards_lists_every_member_with_its_health() -> None:
    view = with_change(with_change(online_view(), 3, health=Health.LOADING), 1, health=Health.FAIL)
    shard = shards(view)[0]
    assert list(shard) == ["slots", "nodes", "id"]
    assert (shard["slots"], shard["id"]) == ([0, 5460], view.nodes[0].shard_id)
    assert list(shard["nodes"][0].items()) == [
        ("id", node_id(0)),
        ("port", 7000),
        ("ip", "127.0.0.1"),
        ("endpoint", "127.0.0.1"),
        ("role", "master"),
        ("replication-offset", 0),
        ("health", "online"),
    ]
    assert (shard["nodes"][1]["role"], shard["nodes"][1]["health"]) == ("replica", "loading")
    assert shards(view)[1]["nodes"][0]["health"] == "fail"


def test_a_shard_of_several_ranges_lists_all_their_ends() -> None:
    view = with_change(online_view(), 2, slots=(SlotRange(10923, 16000), SlotRange(16002, 16002)))
    assert shards(view)[2]["slots"] == [10923, 16000, 16002, 16002]


def test_a_shard_without_slots_or_primary_is_listed_too() -> None:
    view = with_change(with_change(online_view(), 2, slots=()), 5, shard_id="e" * 40)
    assert [(shard["slots"], len(shard["nodes"])) for shard in shards(view)] == [
        ([0, 5460], 2),
        ([5461, 10922], 2),
        ([], 1),
        ([], 1),
    ]


def test_nodes_has_a_line_for_each_in_rediss_format() -> None:
    lines = replies().nodes(HERE).split("\n")
    assert lines[0] == f"{node_id(0)} 127.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460"
    assert lines[1] == f"{node_id(1)} 127.0.0.1:7001@17000 master - 0 1234 2 connected 5461-10922"
    assert lines[3] == f"{node_id(3)} 127.0.0.1:7003@17000 slave {node_id(0)} 0 1234 1 connected"
    assert lines[6:] == [""]


def test_nodes_flags_who_fails() -> None:
    view = with_change(online_view(), 1, health=Health.PFAIL, link=LinkState.DISCONNECTED)
    view = with_change(view, 4, health=Health.FAIL, link=LinkState.DISCONNECTED)
    lines = replies(view).nodes(HERE).split("\n")
    assert lines[1].endswith("7001@17000 master,fail? - 1234 1234 2 disconnected 5461-10922")
    assert lines[4].endswith(f"7004@17000 slave,fail {node_id(1)} 1234 1234 2 disconnected")


def test_a_node_is_never_failing_in_its_own_eyes() -> None:
    view = with_change(online_view(), 1, health=Health.FAIL, link=LinkState.DISCONNECTED)
    assert " myself,master - 0 0 2 connected " in replies(view, me=1).nodes(HERE)


def test_nodes_names_single_slots_alone() -> None:
    view = with_change(online_view(), 2, slots=compress([10923, 10924, 16002]))
    assert replies(view).nodes(HERE).split("\n")[2].endswith(" connected 10923-10924 16002")


def test_replicas_are_lines_without_line_feed() -> None:
    view = online_view()
    line = f"{node_id(4)} 127.0.0.1:7004@17000 slave {node_id(1)} 0 1234 2 connected"
    assert replies(view).replicas(view.nodes[1], HERE) == [line]


def test_links_are_the_connected_others() -> None:
    links: Any = replies(with_change(online_view(), 1, link=LinkState.DISCONNECTED)).links()
    assert [link["node"] for link in links] == [node_id(index) for index in (2, 3, 4, 5)]
    assert list(links[0].items())[:3] == [("direction", "to"), ("node", node_id(2)), ("create-time", 1234)]
    assert list(links[0])[3:] == ["events", "send-buffer-allocated", "send-buffer-used"]


def info_of(view: ClusterView, me: int = 0, *, serving: bool = True) -> dict[str, str]:
    text = replies(view, me).info(serving=serving, counters=COUNTERS)
    assert text.endswith("\r\n")
    return dict(line.split(":", 1) for line in text.splitlines())


def test_info_counts_slots_and_nodes() -> None:
    assert info_of(online_view()) == {
        "cluster_state": "ok",
        "cluster_slots_assigned": "16384",
        "cluster_slots_ok": "16384",
        "cluster_slots_pfail": "0",
        "cluster_slots_fail": "0",
        "cluster_nodes_pfail": "0",
        "cluster_nodes_fail": "0",
        "cluster_voting_nodes_pfail": "0",
        "cluster_voting_nodes_fail": "0",
        "cluster_known_nodes": "6",
        "cluster_size": "3",
        "cluster_current_epoch": "3",
        "cluster_my_epoch": "1",
        "cluster_stats_messages_sent": "5",
        "cluster_stats_messages_received": "7",
        "total_cluster_links_buffer_limit_exceeded": "0",
    }


def test_info_counts_what_fails() -> None:
    view = with_change(online_view(), 1, health=Health.FAIL)
    view = with_change(with_change(view, 2, health=Health.PFAIL), 4, health=Health.FAIL)
    info = info_of(view, me=3, serving=False)
    assert (info["cluster_state"], info["cluster_my_epoch"]) == ("fail", "1")
    assert [info[f"cluster_slots_{what}"] for what in ("ok", "pfail", "fail")] == ["5461", "5461", "5462"]
    assert [info[f"cluster_nodes_{what}"] for what in ("pfail", "fail")] == ["1", "2"]
    assert [info[f"cluster_voting_nodes_{what}"] for what in ("pfail", "fail")] == ["1", "1"]
