import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from pycluster.bench.cli import bench
from pycluster.bench.compare import main
from pycluster.bench.servers import Server, running, server_kind


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    """A Valkey that the tests of this module share."""
    with running(server_kind("valkey"), core=None) as server:
        yield server


@pytest.mark.parametrize(
    "arguments",
    [
        ["localhost"],
        ["localhost:0"],
        ["localhost:70000"],
        ["localhost:1", "--mix", "0:0"],
        ["localhost:1", "--mix", "10"],
        ["localhost:1", "--rate", "0"],
        ["localhost:1", "--rate", "10", "--pipeline", "4"],
        ["localhost:1", "--ops", "10", "--duration", "4"],
        ["localhost:1", "--core", "100000"],
        ["localhost:1", "--key-size", "3", "--no-fill"],
    ],
)
def test_wrong_input_is_status_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(bench, arguments)
    assert result.exit_code == 2, result.output


def test_a_load_fills_first_and_prints_json(valkey: Server) -> None:
    arguments = [
        f"127.0.0.1:{valkey.port}",
        "--rate",
        "5000",
        "--ops",
        "500",
        "--warm-up",
        "0",
        "--keys",
        "200",
    ]
    result = CliRunner().invoke(bench, [*arguments, "--mix", "1:0", "--json"])
    data = json.loads(result.output)
    assert (data["report"]["hits"], data["report"]["misses"]) == (500, 0)
    assert data["settings"]["rate"] == 5_000.0


def test_a_closed_loop_prints_a_table(valkey: Server) -> None:
    address = f"127.0.0.1:{valkey.port}"
    result = CliRunner().invoke(
        bench, [address, "--pipeline", "8", "--ops", "400", "--warm-up", "0", "--keys", "50"]
    )
    assert result.exit_code == 0, result.output
    assert "closed loop, pipeline 8" in result.output
    assert "p99.99" in result.output


def test_unknown_rows_are_wrong_input() -> None:
    result = CliRunner().invoke(main, ["--only", "nothing"])
    assert result.exit_code == 2
    assert "no row is called nothing" in result.output


def test_rows_can_be_listed() -> None:
    result = CliRunner().invoke(main, ["--list"])
    assert "get-100-p16 " in result.output
    assert "memory-16-8 " in result.output
