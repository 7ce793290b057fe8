from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pycluster.client.resp import INCOMPLETE, Argument, ReplyParser, encode, pack

text = st.text(max_size=20)
arguments = st.one_of(st.binary(max_size=20), text, st.integers(), st.floats(allow_nan=False))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.binary(max_size=30)),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


def resp3(value: Any) -> bytes:
    """How a server would write a value."""
    match value:
        case None:
            return b"_\r\n"
        case bool():
            return b"#t\r\n" if value else b"#f\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(value), value)
        case _:
            return b"*%d\r\n" % len(value) + b"".join(map(resp3, value))


def parse(parser: ReplyParser) -> list[Any]:
    replies = []
    while (reply := parser.next_reply()) is not INCOMPLETE:
        replies.append(reply)
    return replies


@given(st.lists(values, max_size=6), st.data())
def test_replies_parse_the_same_however_the_stream_is_cut(sent: list[Any], data: st.DataObject) -> None:
    stream = b"".join(map(resp3, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parser, replies = ReplyParser(decode=False), []
    buffer = bytearray(len(stream))
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        buffer[: end - start] = stream[start:end]
        parser.feed(buffer, 0, end - start)
        replies += parse(parser)
        buffer[:] = bytes(len(buffer))  # as if reused: nothing may still point into it
    assert replies == sent
    assert [type(reply) for reply in replies] == [type(value) for value in sent]


@given(st.lists(arguments, min_size=1, max_size=6))
def test_a_command_is_read_back_as_it_was_packed(args: list[Argument]) -> None:
    parser, packed = ReplyParser(decode=False), pack(args)
    parser.feed(packed, 0, len(packed))
    assert parse(parser) == [[encode(arg) for arg in args]]


@given(st.binary(max_size=40))
def test_a_decoded_reply_is_sent_back_as_the_bytes_it_came_from(value: bytes) -> None:
    parser, sent = ReplyParser(decode=True), resp3(value)
    parser.feed(sent, 0, len(sent))
    (decoded,) = parse(parser)
    assert isinstance(decoded, str)
    assert pack((decoded,)) == pack((value,))
