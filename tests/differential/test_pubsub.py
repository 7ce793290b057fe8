"""Subscribers receive the same from pycluster as from Valkey."""

import pytest
from differential.pair import Pair
from differential.server import Server
from differential.stories import check_story
from differential.wire import CLOSED, Argv, Frame, Wire
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STORIES = {
    "channels and patterns": [
        "a: SUBSCRIBE one",
        "a: SUBSCRIBE one",
        "a: PSUBSCRIBE o*",
        "b: SUBSCRIBE one",
        "c: PUBLISH one hello",
        "a< 2",
        "b< 1",
        "c: PUBLISH other hello",
        "a< 1",
        "c: PUBLISH nobody hello",
        'c: PUBLISH "" ""',
        "a: UNSUBSCRIBE one",
        "c: PUBLISH one hello",
        "a: PUNSUBSCRIBE",
        "a: PUNSUBSCRIBE",
        "a: UNSUBSCRIBE",
        "c: PUBLISH one hello",
    ],
    "shard channels are their own": [
        "a: SUBSCRIBE x",
        "a: SSUBSCRIBE x",
        "c: PUBLISH x channel",
        "c: SPUBLISH x shard",
        "a< 2",
        "c: PUBSUB NUMSUB x y",
        "c: PUBSUB SHARDNUMSUB x y",
        "c: PUBSUB SHARDCHANNELS",
        "a: SUNSUBSCRIBE",
        "a: SUNSUBSCRIBE x",
        "c: SPUBLISH x shard",
        "c: PUBLISH x channel",
    ],
    "what a subscriber may say": [
        "a: SUBSCRIBE x",
        "a: PING",
        "a: PING hello",
        "a: PING too many",
        "a: GET k",
        "a: NOSUCH",
        "a: GET",
        "a: MULTI",
        "a: EXEC",
        "a: DISCARD",
        "a: HELLO 9",
        "a: CLIENT GETNAME",
        "a: RESET",
        "a: GET k",
        "c: PUBLISH x gone",
    ],
    "only a pattern, only a shard channel": [
        "a: PSUBSCRIBE x",
        "a: GET k",
        "a: PUNSUBSCRIBE x",
        "a: GET k",
        "a: SSUBSCRIBE x",
        "a: GET k",
        "a: SUNSUBSCRIBE x",
        "a: GET k",
    ],
    "own messages": [
        "a: HELLO 3",
        "a: SUBSCRIBE x",
        "a: PUBLISH x 1",
        "a< 1",
        "a: MULTI",
        "a: PUBLISH x 2",
        "a: PING",
        "a: EXEC",
        "a< 1",
        "a: PING",
    ],
    "in a transaction": [
        "a: MULTI",
        "a: SUBSCRIBE x",
        "a: SSUBSCRIBE x",
        "a: PING",
        "a: GET k",
        "a: PUBLISH x 1",
        "a: EXEC",
        "a: GET k",
        "b: PUBLISH x 2",
    ],
    "protocol changed while subscribed": [
        "a: HELLO 3",
        "a: SUBSCRIBE x",
        "b: PUBLISH x 1",
        "a< 1",
        "a: HELLO 2 SETNAME y",
        "b: PUBLISH x 2",
        "a< 1",
        "a: GET k",
    ],
    "quit": ["a: SUBSCRIBE x", "a: QUIT", "b: PUBLISH x 1", "b: PUBSUB NUMSUB x"],
    "watched by": [
        "a: SUBSCRIBE x",
        "b: CLIENT KILL TYPE pubsub",
        "b: PUBLISH x 1",
        "a: PING",
    ],
    "wrong arguments": [
        "a: SUBSCRIBE",
        "a: PSUBSCRIBE",
        "a: SSUBSCRIBE",
        "a: PUBLISH x",
        "a: PUBLISH x y z",
        "a: SPUBLISH x",
        "a: PUBSUB",
        "a: PUBSUB NOSUCH",
        "a: PUBSUB CHANNELS a b",
        "a: PUBSUB SHARDCHANNELS a b",
        "a: PUBSUB NUMPAT x",
        "a: PUBSUB NUMSUB",
    ],
}


@pytest.mark.parametrize("resp", [2, 3])
@pytest.mark.parametrize("name", STORIES)
def test_messages_go_the_same_way(pair: Pair, name: str, resp: int) -> None:
    # HELLO's reply names the server; what it does to the connection shows in what follows.
    check_story(pair, STORIES[name], resp=resp, unshown={"HELLO"})


NAMES = [b"a", b"b", b"ab", b"", b"\x00\r\n"]
PATTERNS = [b"a*", b"*", b"?", b"[ab]", b"a", b"\\a", b"*b", b"", b"[", b"**"]
CLIENTS = range(3)

names = st.sampled_from(NAMES)
patterns = st.sampled_from(PATTERNS)
actions: st.SearchStrategy[Argv] = st.one_of(
    st.tuples(st.just(b"SUBSCRIBE"), names),
    st.tuples(st.just(b"SUBSCRIBE"), names, names),
    st.tuples(st.just(b"PSUBSCRIBE"), patterns),
    st.tuples(st.just(b"PSUBSCRIBE"), patterns, patterns, patterns),
    st.tuples(st.just(b"SSUBSCRIBE"), names),
    st.tuples(st.just(b"UNSUBSCRIBE"), names),
    st.tuples(st.just(b"PUNSUBSCRIBE"), patterns),
    st.tuples(st.just(b"SUNSUBSCRIBE"), names),
    st.tuples(st.sampled_from([b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE", b"RESET"])),
    *[st.tuples(st.just(b"PUBLISH"), names, st.sampled_from([b"", b"hello", b"x" * 20_000]))] * 4,
    st.tuples(st.just(b"SPUBLISH"), names, st.just(b"hello")),
    st.tuples(st.just(b"PUBSUB"), st.just(b"NUMPAT")),
    st.tuples(st.just(b"PUBSUB"), st.just(b"NUMSUB"), names, names),
)


@settings(
    max_examples=100, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(
    steps=st.lists(st.tuples(st.sampled_from(CLIENTS), actions), max_size=40),
    protocols=st.tuples(*[st.sampled_from([2, 3])] * len(CLIENTS)),
)
def test_any_subscriptions_receive_the_same(
    pair: Pair, steps: list[tuple[int, Argv]], protocols: tuple[int, ...]
) -> None:
    ours, theirs = (received(server, steps, protocols) for server in pair.servers)
    for step, our_frames, their_frames in zip(steps, ours, theirs, strict=True):
        assert our_frames == their_frames, f"{steps[: len(ours)]} end with {step}"


def received(
    server: Server, steps: list[tuple[int, Argv]], protocols: tuple[int, ...]
) -> list[list[list[bytes]]]:
    """What each client has received after each step, in an order of its own."""
    wires = [server.connect(resp=resp) for resp in protocols]
    try:
        all_received = []
        for number, (client, argv) in enumerate(steps):
            wires[client].send_raw(_encode(argv))
            # The one that acts is asked first: once it is answered, the others have been sent their part.
            others = [wire for wire in wires if wire is not wires[client]]
            all_received.append([_until_pong(wire, b"%d" % number) for wire in [wires[client], *others]])
        return all_received
    finally:
        for wire in wires:
            wire.close()


def _encode(argv: Argv) -> bytes:
    return b"*%d\r\n" % len(argv) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in argv)


def _until_pong(wire: Wire, token: bytes) -> list[bytes]:
    token = b"token " + token
    wire.send_raw(_encode((b"PING", token)))
    parts: list[bytes] = []
    while (frame := wire.frames(1)[0]) != CLOSED and not _is_pong(frame, token):
        parts += _parts(frame)
    return sorted(parts)


def _is_pong(frame: Frame, token: bytes) -> bool:
    return token in (frame.text, *(item.text for item in frame))


def _parts(frame: Frame) -> list[bytes]:
    """A frame whole, or name and count apart where clients are told many in the order of a hash table."""
    if len(frame.items) == 3 and frame.items[0].text.endswith(b"unsubscribe"):
        return [frame.items[0].raw + frame.items[1].raw, frame.items[0].raw + frame.items[2].raw]
    return [frame.raw]
