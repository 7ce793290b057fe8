"""LocalCluster and the pytest fixtures: clusters for other people's tests."""

import subprocess
import sys
from pathlib import Path

import anyio
import pytest
import redis
from support.command_line import COMMAND_TIMEOUT_S
from support.processes import running

from pycluster.supervisor import LocalCluster, adoption
from pycluster.supervisor.errors import InputError, SupervisorError
from pycluster.supervisor.layout import ClusterDirectory
from pycluster.supervisor.process import ProcessIdentity, wait_ended

pytest_plugins = ["pytester"]


def test_a_block_has_a_cluster_and_leaves_nothing() -> None:
    with LocalCluster(nodes=2, replicas=1, maxmemory="20mb", settings={"hz": "20"}) as cluster:
        directory = cluster.directory
        assert len(cluster.addresses) == 2
        with redis.RedisCluster.from_url(cluster.url) as client:
            assert client.set("key", "value")
            assert client.config_get("maxmemory") == {"maxmemory": str(20 * 2**20)}
        pids = [node.pid for node in cluster.status().nodes]
        cluster.restart(1)
        assert cluster.status().nodes[0].pid == pids[0]
    assert not directory.exists()
    assert not any(pid and ProcessIdentity.of(pid) for pid in pids)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_an_async_block_has_a_cluster(backend: str, tmp_path: Path) -> None:
    async def use() -> str:
        async with LocalCluster(nodes=1, replicas=0, directory=tmp_path / "data") as cluster:
            return cluster.status().state

    assert anyio.run(use, backend=backend) == "ok"
    assert (tmp_path / "data" / "cluster.json").exists()


def test_an_impossible_cluster_is_refused_with_the_command_lines_words() -> None:
    with pytest.raises(InputError, match="5 nodes cannot be divided"):
        LocalCluster(nodes=5, replicas=1).start()


def test_before_the_start_there_is_nothing_to_ask() -> None:
    cluster = LocalCluster()
    for ask in (
        lambda: cluster.addresses,
        cluster.status,
        lambda: cluster.kill(0),
        lambda: cluster.directory,
    ):
        with pytest.raises(SupervisorError, match="not been started"):
            ask()
    cluster.stop()


def test_the_cluster_ends_when_its_user_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pycluster.supervisor import LocalCluster\n"
        "cluster = LocalCluster(nodes=2, replicas=0, directory=sys.argv[1]).start()\n"
        "print('up', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "data")]
    with running(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "up\n"
        directory = ClusterDirectory(tmp_path / "data")
        config = directory.load()
        assert config is not None
        nodes = [node.identity for node in adoption.living_nodes(directory, config).values()]
        assert len(nodes) == 2
        user.kill()
    assert wait_ended(nodes, timeout_ms=1_000 * COMMAND_TIMEOUT_S) == []


def test_fixtures_share_one_cluster_of_the_configured_size(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npycluster_nodes = 2\npycluster_replicas = 1\n")
    pytester.makepyfile(
        """
        import redis

        def test_first(pycluster_cluster, pycluster_address):
            host, port = pycluster_address
            assert len(pycluster_cluster.addresses) == 2
            assert redis.RedisCluster(host=host, port=port).set("key", "value")

        def test_second(pycluster_url):
            assert redis.RedisCluster.from_url(pycluster_url).get("key") == b"value"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
