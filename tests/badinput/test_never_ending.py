"""Requests that never end or are huge: memory stays bounded, and they are answered when they do end."""

import contextlib
import socket

import pytest
from badinput.conftest import StartServer
from differential.server import Server
from differential.wire import Wire, encode

MEBIBYTE = 1 << 20
ARGUMENTS_OF_A_HUGE_REQUEST = 1_000_000
ANNOUNCING_CLIENTS = 100
SLOW_CLIENTS = 100

pytestmark = pytest.mark.usefixtures("bystander")


def _used_memory_bytes(server: Server) -> int:
    with server.connect() as wire:
        lines = wire.call(b"INFO", b"memory").text.splitlines()
    return int(next(line for line in lines if line.startswith(b"used_memory:")).split(b":")[1])


def _connected_clients(wire: Wire) -> int:
    lines = wire.call(b"INFO", b"clients").text.splitlines()
    return int(next(line for line in lines if line.startswith(b"connected_clients:")).split(b":")[1])


def test_an_array_of_a_million_is_answered_as_valkey_answers_it(ours: Server, valkey: Server) -> None:
    names = [b"key:%d" % number for number in range(ARGUMENTS_OF_A_HUGE_REQUEST - 1)]
    request = encode([b"EXISTS", *names])
    answers = []
    for server in (ours, valkey):
        with server.connect() as wire:
            answers.append([frame.raw for frame in wire.exchange_raw(request + encode([b"PING"]), 2)])
    assert answers[0] == answers[1] == [b":0\r\n", b"+PONG\r\n"]


def test_a_million_arguments_are_given_back_when_they_are_done_with(ours: Server) -> None:
    def ask() -> None:
        with ours.connect() as wire:
            wire.exchange_raw(encode([b"EXISTS"] + [b"k"] * (ARGUMENTS_OF_A_HUGE_REQUEST - 1)), 1)

    ask()
    resident_bytes = ours.resident_bytes()
    for _ in range(3):
        ask()
    assert ours.resident_bytes() - resident_bytes < 32 * MEBIBYTE


@pytest.mark.parametrize(
    "beginning",
    [b"*2147483647\r\n", b"*2\r\n$4\r\nECHO\r\n$536870912\r\n", b"*1000000\r\n$3\r\nDEL\r\n$536870912\r\nx"],
)
def test_what_is_announced_takes_no_memory_before_it_comes(ours: Server, beginning: bytes) -> None:
    used_bytes, resident_bytes = _used_memory_bytes(ours), ours.resident_bytes()
    clients = [socket.create_connection(("127.0.0.1", ours.port)) for _ in range(ANNOUNCING_CLIENTS)]
    try:
        for client in clients:
            client.sendall(beginning)
        # A later connection is accepted after the earlier ones were read.
        for _ in range(3):
            used_now_bytes = _used_memory_bytes(ours)
        assert used_now_bytes - used_bytes < ANNOUNCING_CLIENTS * MEBIBYTE
        assert ours.resident_bytes() - resident_bytes < ANNOUNCING_CLIENTS * MEBIBYTE
    finally:
        for client in clients:
            client.close()


def test_clients_that_send_a_byte_at_a_time_are_served_in_the_end(ours: Server) -> None:
    request = encode([b"SET", b"slow", b"loris"]) + encode([b"GET", b"slow"])
    clients = [socket.create_connection(("127.0.0.1", ours.port)) for _ in range(SLOW_CLIENTS)]
    try:
        with ours.connect() as other:
            for position in range(len(request)):
                for client in clients:
                    client.sendall(request[position : position + 1])
                assert other.call(b"PING").raw == b"+PONG\r\n"
        for client in clients:
            expected = b"+OK\r\n$5\r\nloris\r\n"
            received = b""
            while len(received) < len(expected):
                received += client.recv(100)
            assert received == expected
    finally:
        for client in clients:
            client.close()


def test_half_a_command_and_a_lost_connection_leave_nothing_behind(ours: Server) -> None:
    half = b"*3\r\n$3\r\nSET\r\n$4\r\nlost\r\n$%d\r\n" % (2 * MEBIBYTE) + b"x" * MEBIBYTE

    def lose_connections() -> None:
        with ours.connect() as other:
            before = _connected_clients(other)
            # All at a time, so that the second time needs no more memory at once than the first.
            with contextlib.ExitStack() as stack:
                for _ in range(50):
                    stack.enter_context(ours.connect()).send_raw(half)
                assert _connected_clients(other) == before + 50
            for _ in range(1_000):
                if _connected_clients(other) == before:
                    break
            assert _connected_clients(other) == before

    lose_connections()
    resident_bytes = ours.resident_bytes()
    lose_connections()
    with ours.connect() as wire:
        assert wire.call(b"EXISTS", b"lost").raw == b":0\r\n"
    assert ours.resident_bytes() - resident_bytes < 32 * MEBIBYTE


def test_the_largest_values_come_back_whole(ours: Server, valkey: Server) -> None:
    value = bytes(range(256)) * (64 * MEBIBYTE // 256)
    for server in (ours, valkey):
        with server.connect() as wire:
            replies = wire.exchange([(b"SET", b"large", value), (b"GET", b"large"), (b"DEL", b"large")])
            assert replies[0].raw == b"+OK\r\n"
            assert replies[1].text == value
            assert replies[2].raw == b":1\r\n"


def _query_buffer_limit_closes(server: Server) -> bool:
    with Wire(server.port) as wire, server.connect() as admin:
        assert admin.call(b"CONFIG", b"SET", b"client-query-buffer-limit", b"1mb").raw == b"+OK\r\n"
        wire.send_raw(b"*2\r\n$4\r\nECHO\r\n$10000000\r\n" + b"x" * (3 * MEBIBYTE))
        wire.read_to_end()
        return wire.closed


def test_a_request_over_the_query_buffer_limit_ends_the_connection(
    start_ours: StartServer, start_valkey: StartServer
) -> None:
    assert _query_buffer_limit_closes(start_valkey())
    assert _query_buffer_limit_closes(start_ours())
