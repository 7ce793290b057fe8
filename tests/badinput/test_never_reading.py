"""A client that asks and never reads is paused, not buffered without end; the others are served on."""

import select
import socket
from collections.abc import Iterator

import pytest
from differential.server import Server
from differential.wire import FrameReader, encode

MEBIBYTE = 1 << 20
# What one client may make the server hold, kernel buffers not counted.
UNSENT_BYTES_MAX = 64 * MEBIBYTE
# A sender that cannot send for so long is taken to be paused.
PAUSED_AFTER_MS = 500

pytestmark = pytest.mark.usefixtures("bystander")


@pytest.fixture
def mute(ours: Server) -> Iterator[socket.socket]:
    """A connection that is not read from unless a test does it."""
    with socket.create_connection(("127.0.0.1", ours.port)) as client:
        client.setblocking(False)
        yield client


def _send_until_paused(client: socket.socket, request: bytes, requests_max: int) -> int:
    """Send requests until the server stops taking them; returns how many whole ones went out."""
    poller = select.poll()
    poller.register(client, select.POLLOUT)
    unsent = memoryview(request * requests_max)
    total_bytes = len(unsent)
    while unsent and poller.poll(PAUSED_AFTER_MS):
        unsent = unsent[client.send(unsent[:65536]) :]
    return (total_bytes - len(unsent)) // len(request)


def _used_memory_bytes(server: Server) -> int:
    with server.connect() as wire:
        lines = wire.call(b"INFO", b"memory").text.splitlines()
    return int(next(line for line in lines if line.startswith(b"used_memory:")).split(b":")[1])


def _read_frames(client: socket.socket, count: int) -> Iterator[bytes]:
    client.settimeout(10)
    reader = FrameReader()
    for _ in range(count):
        while (frame := reader.next_frame()) is None:
            received = client.recv(MEBIBYTE)
            assert received, "the server closed the connection"
            reader.feed(received)
        yield frame.raw


def test_large_replies_to_a_client_that_never_reads_stay_bounded(ours: Server, mute: socket.socket) -> None:
    value = b"v" * MEBIBYTE
    with ours.connect() as other:
        other.call(b"SET", b"large", value)
        used_bytes, resident_bytes = _used_memory_bytes(ours), ours.resident_bytes()
        asked = _send_until_paused(mute, encode([b"GET", b"large"]), 500)
        assert asked == 500
        for _ in range(100):
            assert other.call(b"PING").raw == b"+PONG\r\n"
        assert _used_memory_bytes(ours) - used_bytes < UNSENT_BYTES_MAX
        assert ours.resident_bytes() - resident_bytes < UNSENT_BYTES_MAX
        for reply in _read_frames(mute, asked):
            assert reply == b"$%d\r\n%s\r\n" % (MEBIBYTE, value)
        other.call(b"DEL", b"large")


def test_requests_without_end_from_a_client_that_never_reads_are_paused(
    ours: Server, mute: socket.socket
) -> None:
    used_bytes, resident_bytes = _used_memory_bytes(ours), ours.resident_bytes()
    with ours.connect() as other:
        request = encode([b"ECHO", b"e" * 10_000])
        asked = _send_until_paused(mute, request, 20_000)
        assert asked < 20_000
        assert other.call(b"PING").raw == b"+PONG\r\n"
    assert _used_memory_bytes(ours) - used_bytes < UNSENT_BYTES_MAX
    assert ours.resident_bytes() - resident_bytes < UNSENT_BYTES_MAX
    # Nothing was lost: reading lets the server go on.
    assert sum(1 for _ in _read_frames(mute, asked)) == asked


def test_a_monitor_that_never_reads_is_cut_off_or_bounded(ours: Server, mute: socket.socket) -> None:
    mute.sendall(encode([b"MONITOR"]))
    used_bytes, resident_bytes = _used_memory_bytes(ours), ours.resident_bytes()
    with ours.connect() as other:
        for _ in range(20):
            other.exchange([(b"ECHO", b"e" * 10_000)] * 1_000)
    assert _used_memory_bytes(ours) - used_bytes < UNSENT_BYTES_MAX
    assert ours.resident_bytes() - resident_bytes < 2 * UNSENT_BYTES_MAX


def test_a_paused_client_that_vanishes_gives_its_memory_back(ours: Server) -> None:
    with ours.connect() as other:
        other.call(b"SET", b"large", b"v" * MEBIBYTE)
        used_bytes = _used_memory_bytes(ours)
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", ours.port)) as client:
                client.sendall(encode([b"GET", b"large"]) * 50)
                assert other.call(b"PING").raw == b"+PONG\r\n"
        other.exchange([(b"PING",)] * 10)
        assert _used_memory_bytes(ours) - used_bytes < 20 * MEBIBYTE
        other.call(b"DEL", b"large")
