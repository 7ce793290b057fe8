"""Carrying out the rows about collections, transactions and pub/sub."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from pycluster.bench import _loadgen, processes
from pycluster.bench.servers import Server
from pycluster.bench.wire import Connection, encode
from pycluster.bench.work_kinds import CollectionMemory, Command, RequestLoad, Stall, Structure

Numbers: TypeAlias = dict[str, float]

MEMBERS_PER_COMMAND = 50
COMMANDS_PER_BATCH = 20
SCORE_BYTES = 8
PROBE_RATE_PER_S = 1_000.0
PROBE_SETTLE_S = 0.2
PROBE_MAX_S = 600.0

_WRITE_VERBS: dict[Structure, str] = {"hash": "HSET", "set": "SADD", "sorted-set": "ZADD", "list": "RPUSH"}
_REMOVE_VERBS: dict[Structure, str] = {"hash": "HDEL", "set": "SREM", "sorted-set": "ZREM", "list": "LPOP"}


def request_load(work: RequestLoad, server: Server, *, quick: bool) -> Numbers:
    """One round of an operation against a running server.

    Raises:
        BenchError: A command failed.
    """
    operations = work.operations_quick if quick else work.operations
    batch = b"".join(map(encode, work.operation)) * work.pipeline
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(contextlib.closing(Connection(server.port)))
        connection.run((("FLUSHALL",), *work.prepare))
        audience = []
        for _ in range(work.subscribers):
            listener = stack.enter_context(contextlib.closing(Connection(server.port)))
            listener.run((work.subscribe,))
            audience.append(listener)
        replies = len(work.operation) * work.pipeline
        heard_bytes = _message_bytes(work) * work.pipeline
        # Parsing replies here would be the bottleneck: the first batch tells their length. The ids of XADD
        # differ in theirs, and are counted.
        fixed = connection.measure_reply(batch, replies) if work.operation[0][0] != "XADD" else None
        if fixed is None:
            connection.send(batch)
            connection.receive(replies)
        for listener in audience:
            listener.skip(heard_bytes)
        before_ns, start_ns = processes.cpu_ns(server.pid), time.monotonic_ns()
        rounds = operations // work.pipeline
        for _ in range(rounds):
            connection.send(batch)
            if fixed is None:
                connection.receive(replies)
            else:
                connection.skip(fixed)
            for listener in audience:
                listener.skip(heard_bytes)
        elapsed_s = (time.monotonic_ns() - start_ns) / 1e9
        used_ns = processes.cpu_ns(server.pid) - before_ns
    done = rounds * work.pipeline
    return {"cpu per op": used_ns / done / 1_000, "throughput": done / elapsed_s}


def _message_bytes(work: RequestLoad) -> int:
    """Bytes that a subscriber gets for one operation, in RESP2."""
    if not work.subscribers:
        return 0
    _, channel, payload = work.operation[0]
    return len(encode(("message", channel, payload)))


def fill_collections(work: CollectionMemory, server: Server, *, quick: bool) -> tuple[int, int]:
    """Fill a server; the number of what the overhead is told by (keys or members), and the payload in bytes.

    Raises:
        BenchError: A command failed.
    """
    keys, members = work.keys, work.members
    if quick:
        keys, members = (
            (max(1, keys // work.shrink_quick), members) if keys > 1 else (1, members // work.shrink_quick)
        )
    names = [f"key:{index:08}" for index in range(keys)]
    with contextlib.closing(Connection(server.port)) as connection:
        for batch, replies in _batches(
            command for name in names for command in _writes(work.structure, name, members)
        ):
            connection.send(batch)
            connection.receive(replies)
    payload = keys * (len(names[0]) + members * _member_bytes(work.structure))
    return (keys if work.per_key else keys * members), payload


def stall(work: Stall, server: Server, *, quick: bool) -> Numbers:
    """Grow, shrink and delete one large collection while another client asks for a string all the time.

    Raises:
        BenchError: A command failed.
    """
    members = work.members_quick if quick else work.members
    with contextlib.closing(Connection(server.port)) as connection:
        connection.run((("FLUSHALL",), ("SET", "key:000000000000", "x")))
        numbers = {}
        commands = _writes(work.structure, "large", members)
        numbers["grow"] = _longest_wait_ms(server.port, lambda: _send_all(connection, commands))
        removals = _removals(work.structure, "large", members // 2)
        numbers["shrink"] = _longest_wait_ms(server.port, lambda: _send_all(connection, removals))
        numbers["delete"] = _longest_wait_ms(server.port, lambda: connection.run((("DEL", "large"),)))
    return numbers


def _longest_wait_ms(port: int, act: Callable[[], None]) -> float:
    """The longest that a GET took while ``act`` ran and for a moment afterwards."""
    stop, longest_us = threading.Event(), [0.0]

    def probe() -> None:
        deadline_ns = time.monotonic_ns() + int(PROBE_MAX_S * 1e9)
        while not stop.is_set() and time.monotonic_ns() < deadline_ns:
            report = _loadgen.run(
                "127.0.0.1",
                port,
                rate=PROBE_RATE_PER_S,
                connections=1,
                keys=1,
                writes=0,
                duration_s=PROBE_SETTLE_S,
                cluster=False,
            )
            longest_us[0] = max(longest_us[0], report["latency"]["max_us"] - report["lateness"]["max_us"])

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        act()
        time.sleep(2 * PROBE_SETTLE_S)
    finally:
        stop.set()
        thread.join()
    return longest_us[0] / 1_000


def _send_all(connection: Connection, commands: Iterator[Command]) -> None:
    for batch, replies in _batches(commands):
        connection.send(batch)
        connection.receive(replies)


def _batches(commands: Iterator[Command]) -> Iterator[tuple[bytes, int]]:
    """Commands by the pipeline, encoded, with their number."""
    batch: list[bytes] = []
    for command in commands:
        batch.append(encode(command))
        if len(batch) == COMMANDS_PER_BATCH:
            yield b"".join(batch), len(batch)
            batch.clear()
    if batch:
        yield b"".join(batch), len(batch)


def _member_bytes(structure: Structure) -> int:
    match structure:
        case "hash":
            return 7 + 16
        case "sorted-set":
            return 16 + SCORE_BYTES
        case "set" | "list":
            return 16


def _writes(structure: Structure, key: str, members: int) -> Iterator[Command]:
    """Commands that write so many distinct members under a key."""
    for start in range(0, members, MEMBERS_PER_COMMAND):
        words: list[str] = []
        for index in range(start, min(start + MEMBERS_PER_COMMAND, members)):
            # Scattered, so that a sorted set does not grow at one end only, and no number.
            scattered = index * 2_654_435_761 % (1 << 32)
            match structure:
                case "hash":
                    words += (f"f{index:06}", f"v{scattered:015}")
                case "sorted-set":
                    words += (str(scattered), f"m{index:015}")
                case "set" | "list":
                    words.append(f"m{scattered:015}")
        yield (_WRITE_VERBS[structure], key, *words)


def _removals(structure: Structure, key: str, members: int) -> Iterator[Command]:
    """Commands that remove so many of the members that :func:`_writes` has written."""
    if structure == "list":
        for _ in range(0, members, MEMBERS_PER_COMMAND):
            yield ("LPOP", key, str(MEMBERS_PER_COMMAND))
        return
    for command in _writes(structure, key, members):
        words = command[2:]
        match structure:
            case "hash":
                words = words[::2]
            case "sorted-set":
                words = words[1::2]
        yield (_REMOVE_VERBS[structure], key, *words)
