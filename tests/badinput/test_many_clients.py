"""More clients than allowed, and as many as are asked for."""

import contextlib
import resource
import socket
from collections.abc import Iterator

import pytest
from badinput.conftest import StartServer
from differential.server import Server
from differential.wire import encode

CLIENTS_WANTED = 10_000
# Descriptors that a process needs beside its connections.
OTHER_DESCRIPTORS = 200
CLIENT_BYTES_MAX = 32 * 1024


@pytest.fixture
def many_descriptors() -> Iterator[int]:
    """Raises the limit of open files, which the servers inherit; gives the connections there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CLIENTS_WANTED + OTHER_DESCRIPTORS
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
    yield limit - OTHER_DESCRIPTORS
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _connect(server: Server, stack: contextlib.ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))


def _answer(client: socket.socket) -> bytes:
    try:
        return client.recv(1000)
    except ConnectionResetError:
        return b""


def _refusal(server: Server) -> tuple[bytes, bytes, bytes]:
    """What the 21st of 20 clients reads, first and then, and what one reads after another has left."""
    with contextlib.ExitStack() as stack:
        clients = [_connect(server, stack) for _ in range(20)]
        for client in clients:
            client.sendall(encode([b"PING"]))
            assert _answer(client) == b"+PONG\r\n"
        refused = _connect(server, stack)
        words, rest = _answer(refused), _answer(refused)
        clients[0].sendall(encode([b"QUIT"]))
        while _answer(clients[0]):
            pass
        later = _connect(server, stack)
        later.sendall(encode([b"PING"]))
        return words, rest, _answer(later)


def test_one_client_too_many_is_refused_in_valkeys_words(
    start_ours: StartServer, start_valkey: StartServer
) -> None:
    refusals = [_refusal(start(maxclients="20")) for start in (start_ours, start_valkey)]
    assert refusals[0] == refusals[1]
    assert refusals[0][1:] == (b"", b"+PONG\r\n")


def test_ten_thousand_clients_are_served_side_by_side(start_ours: StartServer, many_descriptors: int) -> None:
    server = start_ours(maxclients="10000")
    with contextlib.ExitStack() as stack:
        resident_bytes = server.resident_bytes()
        # One place is for the client that asks for INFO.
        clients = [_connect(server, stack) for _ in range(min(many_descriptors, CLIENTS_WANTED) - 1)]
        for number, client in enumerate(clients):
            client.sendall(encode([b"ECHO", b"%d" % number]))
        for number, client in enumerate(clients):
            assert _answer(client) == b"$%d\r\n%d\r\n" % (len(str(number)), number)
        with server.connect() as other:
            lines = other.call(b"INFO", b"clients").text.splitlines()
            assert b"connected_clients:%d" % (len(clients) + 1) in lines
        assert server.resident_bytes() - resident_bytes < len(clients) * CLIENT_BYTES_MAX
    with server.connect() as other:
        assert other.call(b"PING").raw == b"+PONG\r\n"


def test_a_storm_of_clients_that_leave_at_once_leaves_nothing_behind(start_ours: StartServer) -> None:
    server = start_ours(maxclients="2000")
    for _ in range(5):
        with contextlib.ExitStack() as stack:
            for _ in range(500):
                _connect(server, stack)
    with server.connect() as other:
        # The closed ones were accepted before this client, so a few turns later they are gone.
        for _ in range(1_000):
            lines = other.call(b"INFO", b"clients").text.splitlines()
            if b"connected_clients:1" in lines:
                break
        assert b"connected_clients:1" in lines


def test_an_idle_client_is_closed_after_the_timeout(
    start_ours: StartServer, start_valkey: StartServer
) -> None:
    for start in (start_ours, start_valkey):
        server = start(timeout="1")
        with server.connect() as idle:
            assert idle.read_to_end() == b""
        with server.connect() as other:
            assert other.call(b"PING").raw == b"+PONG\r\n"
