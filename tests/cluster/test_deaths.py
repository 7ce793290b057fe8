"""Processes of the tree that are killed: what comes back, and what must not be disturbed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import redis
from support.command_line import CommandLine

from pycluster.supervisor import adoption, control
from pycluster.supervisor.local_cluster import LocalCluster
from pycluster.supervisor.process import ProcessIdentity, wait_ended

Up = Callable[..., int]


def _kill(identity: ProcessIdentity) -> None:
    assert identity.send_signal(signal.SIGKILL)
    assert wait_ended([identity], timeout_ms=5_000) == []


def _nursery_of(supervisor: ProcessIdentity) -> ProcessIdentity:
    """The supervisor's only child."""
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text()
    (pid,) = map(int, children.split())
    nursery = ProcessIdentity.of(pid)
    assert nursery is not None
    return nursery


def _wait_serving(command_line: CommandLine, *killed_pids: int) -> None:
    control.request(command_line.directory.control_socket, {"t": "Wait", "without_pids": list(killed_pids)})


def test_a_killed_node_comes_back_by_itself(cluster: LocalCluster) -> None:
    killed = cluster.kill(0)
    cluster.wait_serving()
    node = cluster.status().nodes[0]
    assert node.pid not in (None, killed)
    assert node.restarts == 1
    assert cluster.status().state == "ok"


def test_all_nodes_killed_at_once_come_back(cluster: LocalCluster) -> None:
    for index in range(len(cluster.addresses)):
        cluster.kill(index)
    cluster.wait_serving()
    assert cluster.status().state == "ok"
    with redis.RedisCluster(*cluster.address) as client:
        assert client.set("key", "value")


def test_a_killed_supervisor_disturbs_no_client_and_the_next_one_adopts(
    up: Up, command_line: CommandLine
) -> None:
    port = up()
    before = command_line.pids()
    bus = adoption.living_bus(command_line.directory)
    with redis.RedisCluster(host="127.0.0.1", port=port) as client:
        client.set("key", "value")
        _kill(command_line.supervisor)
        assert client.get("key") == b"value"
        assert client.set("key", "other")
        command_line.succeed("up", "--detach")
        assert client.get("key") == b"other"
    assert command_line.pids() == before
    assert adoption.living_bus(command_line.directory) == bus
    assert command_line.status()["state"] == "ok"


def test_an_adopted_node_is_restarted_when_it_dies(up: Up, command_line: CommandLine) -> None:
    port = up()
    _kill(command_line.supervisor)
    command_line.succeed("up", "--detach")
    victim = command_line.pids()[str(port)]
    os.kill(victim, signal.SIGKILL)
    _wait_serving(command_line, victim)
    assert command_line.pids()[str(port)] != victim
    assert command_line.status()["state"] == "ok"


def test_only_what_is_missing_is_started_by_the_next_supervisor(up: Up, command_line: CommandLine) -> None:
    port = up()
    before = command_line.pids()
    _kill(command_line.supervisor)
    identity = ProcessIdentity.of(before[str(port)])
    assert identity is not None
    _kill(identity)
    command_line.succeed("up", "--detach")
    after = command_line.pids()
    assert after[str(port)] != before[str(port)]
    assert after[str(port + 1)] == before[str(port + 1)]


def test_status_and_down_work_without_a_supervisor(up: Up, command_line: CommandLine) -> None:
    up()
    before = command_line.pids()
    _kill(command_line.supervisor)
    assert command_line.pids() == before
    assert "no supervisor" in command_line.run("status").stdout
    assert "stopped" in command_line.succeed("down")
    assert adoption.living_nodes(command_line.directory, command_line.config) == {}
    assert adoption.living_bus(command_line.directory) is None


def test_a_killed_bus_comes_back_while_nodes_serve(up: Up, command_line: CommandLine) -> None:
    port = up()
    before = command_line.pids()
    bus = adoption.living_bus(command_line.directory)
    assert bus is not None
    with redis.RedisCluster(host="127.0.0.1", port=port) as client:
        _kill(bus)
        assert client.set("key", "value")
        _wait_serving(command_line, bus.pid)
    assert command_line.pids() == before
    successor = adoption.living_bus(command_line.directory)
    assert successor not in (None, bus)


def test_a_killed_nursery_takes_nobody_with_it_and_is_replaced(up: Up, command_line: CommandLine) -> None:
    port = up()
    before = command_line.pids()
    _kill(_nursery_of(command_line.supervisor))
    assert command_line.pids() == before
    os.kill(before[str(port)], signal.SIGKILL)
    _wait_serving(command_line, before[str(port)])
    after = command_line.pids()
    assert after[str(port)] != before[str(port)]
    assert after[str(port + 1)] == before[str(port + 1)]
