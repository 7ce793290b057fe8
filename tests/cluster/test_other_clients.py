"""Clients of other people on a whole cluster: redis-cli, redis-benchmark and redis-py."""

import shutil
import subprocess

import pytest
import redis

from pycluster.client import key_slot
from pycluster.client.slots import SLOT_COUNT
from pycluster.supervisor.local_cluster import LocalCluster

TOOL_TIMEOUT_S = 60
REQUESTS = 20_000


def _run_tool(name: str, *words: str, stdin: str = "") -> str:
    """Run a program of Debian's redis-tools and return what it printed."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed (Debian: apt install redis-tools)")
    done = subprocess.run(
        [program, *words], input=stdin, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _a_key_in_every_slot() -> list[str]:
    keys: dict[int, str] = {}
    number = 0
    while len(keys) < SLOT_COUNT:
        keys.setdefault(key_slot(b"%d" % number), str(number))
        number += 1
    return list(keys.values())


def test_redis_cli_follows_redirections_across_nodes(cluster: LocalCluster) -> None:
    port = str(cluster.addresses[0][1])
    # Keys of all three primaries.
    assert {key_slot(key) * 3 // SLOT_COUNT for key in (b"a", b"b", b"c", b"d")} == {0, 1, 2}
    writes = "".join(f"SET {key} value-{key}\n" for key in "abcd")
    assert _run_tool("redis-cli", "-c", "-p", port, stdin=writes).count("OK") == 4
    for key in "abcd":
        assert _run_tool("redis-cli", "-c", "-p", port, "GET", key) == f"value-{key}\n"


def test_redis_cli_finds_the_cluster_sound(cluster: LocalCluster) -> None:
    host, port = cluster.address
    checked = _run_tool("redis-cli", "--cluster", "check", f"{host}:{port}")
    assert "[OK] All nodes agree about slots configuration." in checked
    assert "[OK] All 16384 slots covered." in checked


def test_redis_benchmark_runs_through_a_cluster(cluster: LocalCluster) -> None:
    port = str(cluster.addresses[0][1])
    words = (
        "--cluster",
        "-p",
        port,
        "-t",
        "set,get,incr",
        "-n",
        str(REQUESTS),
        "-r",
        "1000",
        "-P",
        "8",
        "--csv",
    )
    output = _run_tool("redis-benchmark", *words)
    rows = [line for line in output.splitlines() if line.startswith('"')]
    assert [row.split(",")[0] for row in rows[-3:]] == ['"SET"', '"GET"', '"INCR"']
    assert all(float(row.split(",")[1].strip('"')) > 0 for row in rows[-3:])


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_pipeline_of_redis_py_reaches_every_slot(cluster: LocalCluster, protocol: int) -> None:
    keys = _a_key_in_every_slot()
    with redis.RedisCluster(*cluster.address, protocol=protocol, decode_responses=True) as client:
        with client.pipeline() as pipeline:
            for key in keys:
                pipeline.set(f"{{{key}}}:{protocol}", key)
            assert all(pipeline.execute())
        with client.pipeline() as pipeline:
            for key in keys:
                pipeline.get(f"{{{key}}}:{protocol}")
            assert pipeline.execute() == keys
        with client.pipeline() as pipeline:
            for key in keys:
                pipeline.delete(f"{{{key}}}:{protocol}")
            assert pipeline.execute() == [1] * SLOT_COUNT
