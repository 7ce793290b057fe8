"""The directory of a cluster and the records in it."""

import json
from pathlib import Path

import pytest

from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory, FileLock, read_record


def _config(**changes: object) -> ClusterConfig:
    wishes = {
        "host": "127.0.0.1",
        "port": 7000,
        "nodes": 4,
        "replicas": 1,
        "settings": {},
        "log_format": "text",
    }
    return ClusterConfig.new(**{**wishes, **changes})  # type: ignore[arg-type]


def test_a_created_cluster_is_read_back_as_it_was(tmp_path: Path) -> None:
    directory = ClusterDirectory(tmp_path / "data")
    config = _config(settings={"maxmemory": "1mb"})
    directory.make()
    directory.create(config)
    assert directory.load() == config
    assert all(directory.node_directory(plan).is_dir() for plan in config.nodes)


def test_primaries_come_first_and_replicas_follow_different_ones() -> None:
    first, second, third, fourth = _config().nodes
    assert (first.replica_of, second.replica_of) == (None, None)
    assert {third.replica_of, fourth.replica_of} == {first.node_id, second.node_id}


def test_the_secret_is_for_the_owner_alone_and_never_printed(tmp_path: Path) -> None:
    directory, config = ClusterDirectory(tmp_path / "data"), _config()
    directory.make()
    directory.create(config)
    assert directory.config_file.stat().st_mode & 0o077 == 0
    assert directory.path.stat().st_mode & 0o077 == 0
    assert config.secret not in repr(config)


def test_a_directory_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(InputError, match=r"thesis\.txt"):
        ClusterDirectory(tmp_path).create(_config())
    assert not (tmp_path / "cluster.json").exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2}', json.dumps({"format": 1, "nodes": []}), "\x00"]
)
def test_a_cluster_file_that_is_not_ours_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "cluster.json").write_text(text)
    with pytest.raises(InputError, match=r"cluster\.json"):
        ClusterDirectory(tmp_path).load()


def test_a_directory_without_cluster_file_holds_no_cluster(tmp_path: Path) -> None:
    assert ClusterDirectory(tmp_path).load() is None
    assert ClusterDirectory(tmp_path / "missing").load() is None


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="too long"):
        ClusterDirectory(tmp_path / ("x" * 100)).check_socket_paths()


def test_nodes_are_named_by_port_id_or_the_beginning_of_it() -> None:
    config = _config()
    plan = config.nodes[2]
    assert config.node("7002") is plan
    assert config.node(plan.node_id) is plan
    assert config.node(plan.node_id[:8]) is plan
    for stranger in ("7009", plan.node_id[:4], ""):
        with pytest.raises(InputError, match="7000, 7001, 7002, 7003"):
            config.node(stranger)


def test_a_lock_is_held_by_one_and_its_record_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "place.lock"
    first, second = FileLock(path), FileLock(path)
    assert first.acquire()
    first.write({"pid": 1})
    first.write({"pid": 22})
    assert not second.acquire()
    assert read_record(path) == {"pid": 22}
    first.release()
    assert read_record(path) == {}
    assert second.acquire()
    second.release()
