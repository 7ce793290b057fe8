"""What CLUSTER commands answer, beside a real Valkey cluster: the same types, fields, words and errors."""

import re
from collections.abc import Iterator

import pytest
import redis
from client_servers.valkey import ValkeyCluster
from differential.compare import by_shape
from differential.wire import Frame, Wire

from pycluster.supervisor.local_cluster import LocalCluster

NODE_LINE = re.compile(
    r"[0-9a-f]{40} 127\.0\.0\.1:\d+@\d+ (myself,)?(master|slave) (-|[0-9a-f]{40}) \d+ \d+ \d+ connected"
    r"( \d+(-\d+)?)*"
)
RESP_VERSIONS = pytest.mark.parametrize("resp", [2, 3])


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyCluster]:
    """Three primaries, the first with a replica."""
    running = ValkeyCluster()
    yield running
    running.stop()


@pytest.fixture
def ports(cluster: LocalCluster, valkey: ValkeyCluster) -> tuple[int, int]:
    """The first node of our cluster, and a node of Valkey's."""
    return cluster.addresses[0][1], valkey.address.port


def ask(port: int, *words: bytes, resp: int = 2) -> Frame:
    with Wire(port, resp=resp) as wire:
        return wire.call(*words)


def ask_both(ports: tuple[int, int], *words: bytes, resp: int = 2) -> tuple[Frame, Frame]:
    ours, theirs = ask(ports[0], *words, resp=resp), ask(ports[1], *words, resp=resp)
    return ours, theirs


def slots_entries(reply: Frame) -> list[tuple[bytes, bytes, Frame]]:
    """Start, end and primary of each range."""
    return [(entry.items[0].text, entry.items[1].text, entry.items[2]) for entry in reply]


def fields_of(reply: Frame) -> dict[bytes, Frame]:
    """A map's fields, also where RESP2 flattens it into an array."""
    return {name.text: value for name, value in zip(reply.items[::2], reply.items[1::2], strict=True)}


@RESP_VERSIONS
def test_slots_has_valkeys_shape_down_to_the_metadata(ports: tuple[int, int], resp: int) -> None:
    ours, theirs = ask_both(ports, b"CLUSTER", b"SLOTS", resp=resp)
    assert [entry[:2] for entry in slots_entries(ours)] == [
        (b"0", b"5460"),
        (b"5461", b"10922"),
        (b"10923", b"16383"),
    ]
    assert ours.kind == theirs.kind
    for entry in ours:
        assert [item.kind for item in entry] == [b":", b":", b"*", b"*"]
        for node in entry.items[2:]:
            assert by_shape(node, theirs.items[0].items[2])
            assert node.items[3].raw == theirs.items[0].items[2].items[3].raw


@RESP_VERSIONS
def test_shards_has_valkeys_fields(ports: tuple[int, int], resp: int) -> None:
    ours, theirs = ask_both(ports, b"CLUSTER", b"SHARDS", resp=resp)
    their_shard = next(shard for shard in theirs if len(fields_of(shard)[b"nodes"].items) == 2)
    their_nodes = fields_of(their_shard)[b"nodes"].items
    for shard in ours:
        assert by_shape(shard, their_shard)
        assert list(fields_of(shard)) == list(fields_of(their_shard))
        nodes = fields_of(shard)[b"nodes"].items
        assert [list(fields_of(node)) for node in nodes] == [list(fields_of(node)) for node in their_nodes]
        assert [fields_of(node)[b"role"].text for node in nodes] == [b"master", b"replica"]
        assert [fields_of(node)[b"health"].text for node in nodes] == [b"online", b"online"]


@RESP_VERSIONS
def test_nodes_lines_have_rediss_format(ports: tuple[int, int], resp: int) -> None:
    for reply in ask_both(ports, b"CLUSTER", b"NODES", resp=resp):
        assert reply.kind == {2: b"$", 3: b"="}[resp]
        lines = reply.text.decode().removeprefix("txt:").split("\n")
        assert lines.pop() == ""
        for line in lines:
            assert NODE_LINE.fullmatch(line), line
        assert sum(" myself," in line for line in lines) == 1


@RESP_VERSIONS
def test_info_has_valkeys_fields_in_valkeys_order(ports: tuple[int, int], resp: int) -> None:
    ours, theirs = ask_both(ports, b"CLUSTER", b"INFO", resp=resp)
    assert ours.kind == theirs.kind
    names, their_names = (
        [line.split(b":")[0] for line in reply.text.removeprefix(b"txt:").split(b"\r\n")]
        for reply in (ours, theirs)
    )
    assert [name for name in their_names if name in names] == names
    assert b"cluster_state:ok\r\n" in ours.text
    assert {b"cluster_state", b"cluster_slots_ok", b"cluster_known_nodes", b"cluster_size"} < set(names)


@RESP_VERSIONS
@pytest.mark.parametrize("question", [b"LINKS", b"MYID", b"MYSHARDID"])
def test_the_other_questions_have_valkeys_shape(ports: tuple[int, int], resp: int, question: bytes) -> None:
    ours, theirs = ask_both(ports, b"CLUSTER", question, resp=resp)
    if ours.kind == b"*":
        ours, theirs = ours.items[0], theirs.items[0]
        assert list(fields_of(ours)) == list(fields_of(theirs))
    else:
        assert len(ours.text) == len(theirs.text) == 40
    assert by_shape(ours, theirs)


def test_replicas_are_listed_for_a_primary_only(ports: tuple[int, int]) -> None:
    my_id = ask(ports[0], b"CLUSTER", b"MYID").text
    listed = ask(ports[0], b"CLUSTER", b"REPLICAS", my_id)
    assert [NODE_LINE.fullmatch(line.text.decode()) is not None for line in listed] == [True]
    assert listed.raw == ask(ports[0], b"CLUSTER", b"SLAVES", my_id).raw
    replica_id = listed.items[0].text[:40]
    assert (
        ask(ports[0], b"CLUSTER", b"REPLICAS", replica_id).text == b"ERR The specified node is not a master"
    )
    assert ask(ports[0], b"CLUSTER", b"COUNT-FAILURE-REPORTS", replica_id).raw == b":0\r\n"


@pytest.mark.parametrize(
    "command",
    [
        b"CLUSTER",
        b"CLUSTER nosuch",
        b"CLUSTER SLOTS x",
        b"CLUSTER REPLICAS",
        b"CLUSTER REPLICAS nobody",
        b"CLUSTER COUNT-FAILURE-REPORTS nobody",
        b"CLUSTER MEET 1",
        b"CLUSTER SETSLOT 1",
        b"CLUSTER COUNTKEYSINSLOT 16384",
        b"CLUSTER SAVECONFIG",
        b"SHUTDOWN nosuch",
        b"SHUTDOWN SAVE NOSAVE",
        b"SHUTDOWN ABORT",
        b"MSET a 1 b 2",
    ],
)
def test_mistakes_are_answered_in_valkeys_words(ports: tuple[int, int], command: bytes) -> None:
    ours, theirs = ask_both(ports, *command.split())
    assert ours.raw == theirs.raw


def test_what_changes_members_by_hand_is_refused(ports: tuple[int, int]) -> None:
    for command in (b"MEET 127.0.0.1 1", b"ADDSLOTS 1", b"FAILOVER", b"RESET HARD", b"SETSLOT 1 STABLE"):
        reply = ask(ports[0], b"CLUSTER", *command.split())
        assert re.match(rb"ERR CLUSTER [A-Z]+ is not supported", reply.text)


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_reads_every_answer(cluster: LocalCluster, protocol: int) -> None:
    host, port = cluster.addresses[0]
    with redis.RedisCluster(host=host, port=port, protocol=protocol) as client:
        assert len(client.get_primaries()) == len(client.get_replicas()) == 3
        assert sorted(client.cluster_slots()) == [(0, 5460), (5461, 10922), (10923, 16383)]
        assert len(client.cluster_nodes()) == 6
        assert len(client.cluster_shards()) == 3
        assert client.cluster_info(target_nodes=client.get_primaries()[0])["cluster_state"] == "ok"
        assert len(client.cluster_links(client.get_primaries()[0])) == 5


def test_every_node_shows_the_same_slots(cluster: LocalCluster) -> None:
    shown = {ask(port, b"CLUSTER", b"SLOTS").raw for _, port in cluster.addresses}
    assert len(shown) == 1
