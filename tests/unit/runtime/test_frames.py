"""Frames: however they are cut they mean the same, and nothing but plain CBOR maps gets through."""

import datetime
from typing import Any

import cbor2
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from pycluster.runtime.frames import FRAME_BYTES_MAX, FrameDecoder, FrameError, FrameStream, encode_frame

_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**64 - 1),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=10,
)
_messages = st.dictionaries(st.text(), _values, max_size=5)


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@given(messages=st.lists(_messages, max_size=4), piece=st.integers(min_value=1, max_value=50))
def test_frames_mean_the_same_however_the_stream_is_cut(messages: list[dict[str, Any]], piece: int) -> None:
    data = b"".join(encode_frame(message) for message in messages)
    decoder, received = FrameDecoder(), []
    for start in range(0, len(data), piece):
        decoder.feed(data[start : start + piece])
        while (message := decoder.next_frame()) is not None:
            received.append(message)
    assert received == messages
    assert decoder.buffered_bytes == 0


@given(junk=st.binary(max_size=200))
def test_a_body_of_junk_raises_nothing_but_frame_error(junk: bytes) -> None:
    decoder = FrameDecoder()
    decoder.feed(_framed(junk))
    try:
        message = decoder.next_frame()
    except FrameError:
        return
    assert isinstance(message, dict)


def test_a_length_over_the_limit_is_refused_before_its_bytes_arrive() -> None:
    decoder = FrameDecoder()
    decoder.feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big"))
    with pytest.raises(FrameError, match="longer"):
        decoder.next_frame()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(cbor2.dumps([1]), id="not a map"),
        pytest.param(cbor2.dumps({1: 2}), id="key not text"),
        pytest.param(cbor2.dumps({b"a": 2}), id="key bytes"),
        pytest.param(
            cbor2.dumps({"a": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}), id="tagged date"
        ),
        pytest.param(cbor2.dumps({"a": 2**70}), id="big integer"),
        pytest.param(cbor2.dumps({"a": 1}) + b"\x00", id="bytes after the map"),
        pytest.param(b"\xbf\x61a\x01\xff", id="indefinite length"),
        pytest.param(b"\xa2\x61a\x01\x61a\x02", id="key twice"),
        pytest.param(b"\xa1\x61a" + b"\x81" * 100 + b"\x00", id="nested too deep"),
        pytest.param(b"\xa1\x61a", id="cut short"),
        pytest.param(b"", id="empty"),
    ],
)
def test_a_body_that_is_no_plain_map_is_refused(body: bytes) -> None:
    decoder = FrameDecoder()
    decoder.feed(_framed(body))
    with pytest.raises(FrameError):
        decoder.next_frame()


def test_a_message_over_the_limit_is_not_encoded() -> None:
    with pytest.raises(FrameError, match="longer"):
        encode_frame({"a": bytes(FRAME_BYTES_MAX)})


async def test_a_stream_that_ends_between_frames_receives_none() -> None:
    left, right = trio.testing.memory_stream_pair()
    async with FrameStream(left) as sender, FrameStream(right) as receiver:
        await sender.send({"t": "Hello", "v": 1})
        await sender.aclose()
        assert await receiver.receive() == {"t": "Hello", "v": 1}
        assert await receiver.receive() is None


async def test_a_stream_that_ends_inside_a_frame_raises() -> None:
    left, right = trio.testing.memory_stream_pair()
    await left.send_all(encode_frame({"a": 1})[:-1])
    await left.aclose()
    with pytest.raises(FrameError, match="ended"):
        await FrameStream(right).receive()


async def test_tasks_that_send_at_once_do_not_mix_their_frames() -> None:
    left, right = trio.testing.memory_stream_pair()
    sender, receiver = FrameStream(left), FrameStream(right)
    async with trio.open_nursery() as tasks:
        for index in range(20):
            tasks.start_soon(sender.send, {"index": index, "pad": bytes(1000 * index)})
    received = [await receiver.receive() for _ in range(20)]
    assert sorted(message["index"] for message in received if message) == list(range(20))
