"""Cluster commands on a node that runs alone are refused in Valkey's words."""

import pytest
from differential.pair import Pair

COMMANDS = [
    b"CLUSTER INFO",
    b"CLUSTER NODES",
    b"CLUSTER SLOTS",
    b"CLUSTER SHARDS",
    b"CLUSTER MYID",
    b"CLUSTER KEYSLOT a",
    b"CLUSTER COUNTKEYSINSLOT 0",
    b"CLUSTER GETKEYSINSLOT 0 10",
    b"CLUSTER nosuch",
    b"CLUSTER",
    b"READONLY",
    b"READWRITE",
    b"ASKING",
]


@pytest.mark.parametrize("resp", [2, 3])
def test_cluster_commands_are_refused_without_a_cluster(pair: Pair, resp: int) -> None:
    pair.check([tuple(line.split()) for line in COMMANDS], resp=resp)


def test_keys_of_different_slots_are_no_problem_without_a_cluster(pair: Pair) -> None:
    pair.check(
        [(b"MSET", b"a", b"1", b"b", b"2"), (b"MGET", b"a", b"b"), (b"SELECT", b"3"), (b"DEL", b"a", b"b")]
    )
