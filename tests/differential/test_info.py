"""INFO has the fields that clients, redis-cli and exporters read, with values of Valkey's kinds."""

import re
from collections.abc import Mapping

import pytest
from differential.pair import Pair
from differential.server import Server

FIELDS_READ_BY_CLIENTS: Mapping[str, str] = {
    "server": """redis_version server_name os arch_bits process_id run_id tcp_port uptime_in_seconds
        uptime_in_days hz""",
    "clients": "connected_clients maxclients blocked_clients",
    "memory": """used_memory used_memory_human used_memory_rss used_memory_peak used_memory_dataset maxmemory
        maxmemory_human maxmemory_policy mem_fragmentation_ratio mem_allocator""",
    "stats": """total_connections_received total_commands_processed instantaneous_ops_per_sec
        total_net_input_bytes total_net_output_bytes rejected_connections expired_keys evicted_keys
        keyspace_hits keyspace_misses""",
    "replication": "role connected_slaves master_replid master_repl_offset",
    "cpu": "used_cpu_sys used_cpu_user",
    "cluster": "cluster_enabled",
}


def _info(server: Server, *sections: bytes) -> dict[str, dict[str, str]]:
    """INFO by section in lower case and field."""
    with server.connect() as wire:
        text = wire.call(b"INFO", *sections).text.decode()
    found: dict[str, dict[str, str]] = {}
    for part in re.split(r"^# ", text, flags=re.MULTILINE)[1:]:
        heading, *lines = part.splitlines()
        found[heading.lower()] = dict(line.split(":", 1) for line in lines if line)
    return found


@pytest.mark.parametrize("section", FIELDS_READ_BY_CLIENTS)
def test_info_has_the_fields_that_clients_read(pair: Pair, section: str) -> None:
    ours, theirs = (_info(server, section.encode())[section] for server in pair.servers)
    for field in FIELDS_READ_BY_CLIENTS[section].split():
        assert field in theirs
        assert field in ours
        assert _kind(ours[field]) == _kind(theirs[field]), field


def test_info_of_a_section_that_does_not_exist_is_empty_on_both(pair: Pair) -> None:
    assert [_info(server, b"nosuch") for server in pair.servers] == [{}, {}]


def test_info_keyspace_counts_keys_and_deadlines(pair: Pair) -> None:
    pair.reset()
    seen = []
    for server in pair.servers:
        with server.connect() as wire:
            wire.exchange(
                [
                    (b"MSET", b"a", b"1", b"b", b"2"),
                    (b"EXPIRE", b"a", b"1000"),
                    (b"SELECT", b"3"),
                    (b"SET", b"c", b"3"),
                ]
            )
        databases = _info(server, b"keyspace")["keyspace"]
        seen.append({name: re.sub(r"avg_ttl=\d+", "avg_ttl=N", line) for name, line in databases.items()})
    assert seen[0] == seen[1]


def test_info_counts_hits_misses_and_connections_like_valkey(pair: Pair) -> None:
    pair.reset()
    counted = []
    for server in pair.servers:
        with server.connect() as wire:
            wire.exchange(
                [
                    (b"CONFIG", b"RESETSTAT"),
                    (b"SET", b"a", b"1"),
                    *[(b"GET", b"a")] * 3,
                    *[(b"GET", b"b")] * 2,
                ]
            )
            wire.exchange(
                [(b"MGET", b"a", b"b"), (b"EXISTS", b"b"), (b"STRLEN", b"a"), (b"TTL", b"b"), (b"TYPE", b"a")]
            )
        stats = _info(server, b"stats")["stats"]
        counted.append(
            {
                field: stats[field]
                for field in ("keyspace_hits", "keyspace_misses", "expired_keys", "evicted_keys")
            }
        )
    assert counted[0] == counted[1]


def _kind(value: str) -> str:
    """What sort of text this is: a number, a number with a unit, or a word."""
    for kind, pattern in (("id", r"[0-9a-f]{40}"), ("number", r"-?\d+(\.\d+)?"), ("size", r"[\d.]+[BKMGT]")):
        if re.fullmatch(pattern, value):
            return kind
    return "word"
