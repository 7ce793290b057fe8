"""`up`, `status`, `logs`, `restart`, `down`: the life of a cluster from the command line."""

import signal
import subprocess
from collections.abc import Callable

import pytest
import redis
from support.command_line import COMMAND_TIMEOUT_S, CommandLine, pycluster
from support.processes import running
from support.waiting import wait_until

from pycluster.supervisor import adoption
from pycluster.supervisor.ports import free_port_range

Up = Callable[..., int]


def test_a_detached_cluster_serves_when_the_command_returns(up: Up, command_line: CommandLine) -> None:
    port = up(nodes=4, replicas=1)
    status = command_line.status()
    assert status["state"] == "ok"
    assert [node["role"] for node in status["nodes"]] == ["primary", "primary", "replica", "replica"]
    assert [node["primary"] for node in status["nodes"][2:]] == [str(port), str(port + 1)]
    with redis.RedisCluster(host="127.0.0.1", port=port) as client:
        for index in range(20):
            assert client.set(f"key{index}", index)
        assert [client.get(f"key{index}") for index in range(20)] == [b"%d" % index for index in range(20)]


def test_down_ends_every_process_and_a_later_up_needs_no_options(up: Up, command_line: CommandLine) -> None:
    up()
    before = command_line.status()
    assert "stopped" in command_line.succeed("down")
    assert adoption.living_supervisor(command_line.directory) is None
    assert adoption.living_bus(command_line.directory) is None
    assert adoption.living_nodes(command_line.directory, command_line.config) == {}
    assert "nothing was running" in command_line.succeed("down")
    command_line.succeed("up", "--detach")
    after = command_line.status()
    assert after["state"] == "ok"
    assert [node["node_id"] for node in after["nodes"]] == [node["node_id"] for node in before["nodes"]]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_foreground_command_stops_all_cleanly(
    command_line: CommandLine, signum: signal.Signals
) -> None:
    port = free_port_range(2)
    words = ["up", "--nodes", "2", "--replicas", "0", "--port", str(port), "--dir", str(command_line.path)]
    with running([*pycluster(), *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any(line.startswith("stop ") for line in lines)
        assert redis.Redis(port=port).ping()
        process.send_signal(signum)
        rest = list(lines)
        assert process.wait(timeout=COMMAND_TIMEOUT_S) == 0
    assert rest[-1] == "stopped\n"
    assert adoption.living_nodes(command_line.directory, command_line.config) == {}


def test_an_interrupt_while_it_comes_up_leaves_nothing_behind(command_line: CommandLine) -> None:
    port = free_port_range(2)
    words = ["up", "--nodes", "2", "--replicas", "0", "--port", str(port), "--dir", str(command_line.path)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with running([*pycluster(), *words], **pipes) as process:
        wait_until(command_line.directory.config_file.exists, "laying out the directory")
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=COMMAND_TIMEOUT_S)[1]
    assert process.returncode in (0, 130)
    assert errors.strip() == ""
    assert adoption.living_nodes(command_line.directory, command_line.config) == {}
    assert adoption.living_bus(command_line.directory) is None


def test_restart_puts_a_new_process_into_the_place(up: Up, command_line: CommandLine) -> None:
    port = up()
    before = command_line.pids()
    command_line.succeed("restart", str(port))
    after = command_line.pids()
    assert after[str(port)] != before[str(port)]
    assert after[str(port + 1)] == before[str(port + 1)]
    assert command_line.status()["state"] == "ok"


def test_status_shows_nodes_and_fails_when_not_all_is_well(up: Up, command_line: CommandLine) -> None:
    port = up()
    text = command_line.succeed("status")
    assert [line.split()[0] for line in text.splitlines()[-2:]] == [str(port), str(port + 1)]
    assert "0-8191" in text
    command_line.succeed("down")
    stopped = command_line.run("status")
    assert stopped.returncode == 1
    assert "is down" in stopped.stdout


def test_logs_of_one_node_and_of_all(up: Up, command_line: CommandLine) -> None:
    port = up()
    assert f"node:{port}" in command_line.succeed("logs", str(port))
    everything = command_line.succeed("logs", "-n", "1000")
    sources = {line.split("|")[0].strip() for line in everything.splitlines()}
    assert {"supervisor", "bus", str(port), str(port + 1)} <= sources


def test_a_setting_given_to_up_reaches_every_node(command_line: CommandLine) -> None:
    port = free_port_range(2)
    command_line.succeed(
        *("up", "--detach", "--nodes", "2", "--replicas", "0", "--port", str(port)),
        *("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru", "--hz", "20"),
    )
    for node_port in (port, port + 1):
        settings = redis.Redis(port=node_port, decode_responses=True).config_get("*")
        assert settings["maxmemory"] == str(50 * 2**20)
        assert settings["maxmemory-policy"] == "allkeys-lru"
        assert settings["hz"] == "20"
