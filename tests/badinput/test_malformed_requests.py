"""What is no RESP gets Valkey's words and a closed connection, and nobody else notices."""

import socket

import pytest
from differential.server import Server
from differential.wire import RECEIVE_BYTES_MAX, REPLY_TIMEOUT_S, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LINE_BYTES_MAX = 64 * 1024

pytestmark = pytest.mark.usefixtures("bystander")

FATAL = {
    "count is no number": b"*abc\r\n",
    "count is empty": b"*\r\n",
    "count has a space": b"* 1\r\n",
    "count has a plus": b"*+1\r\n$4\r\nPING\r\n",
    "count has a leading zero": b"*01\r\n$4\r\nPING\r\n",
    "count over 32 bits": b"*2147483648\r\n",
    "count over 64 bits": b"*99999999999999999999\r\n",
    "count line without end": b"*" + b"1" * (LINE_BYTES_MAX + 1),
    "length line without end": b"*1\r\n$" + b"1" * (LINE_BYTES_MAX + 1),
    "integer where a bulk string belongs": b"*1\r\n:1\r\n",
    "simple string where a bulk string belongs": b"*1\r\n+PING\r\n",
    "array in an array": b"*1\r\n*1\r\n$4\r\nPING\r\n",
    "type byte is a line break": b"*1\r\n\r\n",
    "type byte is not ASCII": b"*1\r\n\xff\r\n",
    "length is no number": b"*1\r\n$abc\r\n",
    "length is empty": b"*1\r\n$\r\n",
    "length is minus one": b"*1\r\n$-1\r\n",
    "length is very negative": b"*1\r\n$-9223372036854775808\r\n",
    "length one over 512 MB": b"*1\r\n$536870913\r\n",
    "length over 64 bits": b"*1\r\n$99999999999999999999\r\n",
    "length has a leading zero": b"*1\r\n$04\r\nPING\r\n",
    "bad length after a good argument": b"*2\r\n$3\r\nGET\r\n$-5\r\n",
    "good commands first": encode([b"PING"]) * 3 + b"*1\r\n$-5\r\n",
    "inline without end": b"x" * (LINE_BYTES_MAX + 1),
    "inline with an open double quote": b'ECHO "a\r\n',
    "inline with an open single quote": b"ECHO 'a\r\n",
    "inline with text after a quote": b'ECHO "a"b\r\n',
    "HTTP POST": b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP Host header": b"Host: x\r\n",
}

HARMLESS = {
    "nothing": b"",
    "empty lines": b"\r\n\n\r\n",
    "arrays of nothing": b"*0\r\n*-1\r\n*-5\r\n*-2147483648\r\n",
    "argument not followed by a line break": b"*1\r\n$4\r\nPINGxx",
    "half a count": b"*1",
    "half an argument": b"*2\r\n$4\r\nECHO\r\n$100\r\nhalf",
    "half an inline request": b"PING",
    "a null byte inline": b"\x00\r\n",
    "an inline request with null bytes": b"ECHO a\x00b\r\n",
    "HTTP GET": b"GET / HTTP/1.1\r\n\r\n",
    "TLS hello": bytes.fromhex("16030100a5010000a10303") + b"\x00" * 100 + b"\r\n",
    "replies instead of requests": b"+OK\r\n:1\r\n$-1\r\n-ERR\r\n",
    "longest inline request": b"ECHO " + b"x" * (LINE_BYTES_MAX - 100) + b"\r\n",
}


def _answers(server: Server, request: bytes) -> bytes:
    """All a server says to a client that sends this, then closes its sending side and reads to the end."""
    received = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=REPLY_TIMEOUT_S) as client:
        try:
            client.sendall(request)
            client.shutdown(socket.SHUT_WR)
            while chunk := client.recv(RECEIVE_BYTES_MAX):
                received.append(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass  # The server hung up before it had read everything, as it may after a protocol error.
    return b"".join(received)


@pytest.mark.parametrize("name", FATAL)
def test_a_protocol_error_is_named_as_valkey_names_it(ours: Server, valkey: Server, name: str) -> None:
    # The command after it has to stay unanswered: the connection is lost.
    request = FATAL[name] + (b"" if "without end" in name else b"\r\nPING\r\n")
    assert _answers(ours, request) == _answers(valkey, request)


@pytest.mark.parametrize("name", HARMLESS)
def test_an_odd_request_is_answered_as_valkey_answers_it(ours: Server, valkey: Server, name: str) -> None:
    assert _answers(ours, HARMLESS[name]) == _answers(valkey, HARMLESS[name])


pieces = st.one_of(
    st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"*", b"$", b"-", b"1", b"3", b'"', b"'", b"\x00"]),
    st.sampled_from(
        [b"*1\r\n", b"*2\r\n", b"$4\r\n", b"$3\r\n", b"$0\r\n", b"PING", b"GET", b"ECHO ", b"PING\r\n"]
    ),
    st.sampled_from([encode([b"PING"]), encode([b"ECHO", b"x"]), encode([b"GET", b"nosuch"])]),
    # Valkey 9.1 drops the byte 0xFF from requests that are lines.
    st.binary(max_size=6).map(lambda some: some.replace(b"\xff", b"\xfe")),
)


@settings(
    max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(request=st.lists(pieces, max_size=20).map(b"".join))
def test_any_bytes_are_answered_as_valkey_answers_them(ours: Server, valkey: Server, request: bytes) -> None:
    assert _answers(ours, request) == _answers(valkey, request)
