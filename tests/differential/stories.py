"""Stories: several connections to one server, what they say in turn, and what each of them receives.

A line of a story is ``name: COMMAND argument ...`` (the command is sent, and the next frame received),
``name~ COMMAND ...`` (it is sent, and the story goes on when the client waits), ``name< count`` (as many
frames are received), ``name?`` (all frames that have come are received), ``name!`` (the connection is
closed) or ``# what the next lines are about``.
"""

import difflib
import time
from collections.abc import Collection, Sequence

from differential.pair import Pair
from differential.server import Server
from differential.wire import Argv, Wire, encode

END = b"end of the story"
BLOCK_TIMEOUT_S = 10.0


def check_story(pair: Pair, lines: Sequence[str], *, resp: int = 2, unshown: Collection[str] = ()) -> None:
    """Tell a story to both servers, on emptied databases.

    Args:
        pair: The servers.
        lines: The story.
        resp: Protocol version of all its connections.
        unshown: Commands whose replies are not compared.

    Raises:
        AssertionError: the servers differ; the message shows the story with what was received.
    """
    pair.reset()
    ours, theirs = (told(server, lines, resp=resp, unshown=unshown) for server in pair.servers)
    if ours != theirs:
        difference = difflib.unified_diff(
            theirs, ours, pair.oracle.name, pair.subject.name, n=100, lineterm=""
        )
        raise AssertionError("\n".join([f"RESP{resp}", *difference]))


def told(server: Server, lines: Sequence[str], *, resp: int = 2, unshown: Collection[str] = ()) -> list[str]:
    """The story with what was received written between its lines."""
    wires: dict[str, Wire] = {}
    ids: dict[str, bytes] = {}
    protocol: list[str] = []
    waiting: set[str] = set()
    try:
        for line in lines:
            protocol.append(line)
            if line.startswith("#"):
                continue
            name, kind, words = line[0], line[1], line[2:].strip()
            if name not in wires:
                wires[name] = server.connect(resp=resp)
                ids[name] = wires[name].call(b"CLIENT", b"ID").text
            wire = wires[name]
            match kind:
                case ":":
                    wire.send_raw(encode(argv_of(words)))
                    reply = shown(wire, 1)
                    protocol += [] if words.split()[0] in unshown else reply
                case "~":
                    wire.send_raw(encode(argv_of(words)))
                    wait_until_blocked(server, ids[name])
                    waiting.add(name)
                case "<":
                    protocol += shown(wire, int(words))
                    waiting.discard(name)
                case "?":
                    protocol += rest(wire)
                case "!":
                    wire.close()
                    del wires[name]
                case _:
                    raise ValueError(f"no line of a story: {line!r}")
        for name in sorted(wires.keys() - waiting):
            protocol += [f"{name} ends", *rest(wires[name])]
    finally:
        for wire in wires.values():
            wire.close()
    return protocol


def argv_of(words: str) -> Argv:
    """A command's words; ``""`` is the empty string, ``_`` a space."""
    return tuple(b"" if word == '""' else word.replace("_", " ").encode() for word in words.split())


def shown(wire: Wire, count: int) -> list[str]:
    """The next frames, replies or pushes."""
    return [f"    {frame.raw!r}" for frame in wire.frames(count)]


def rest(wire: Wire) -> list[str]:
    """What a connection receives until it has answered one more PING."""
    wire.send_raw(encode((b"PING", END)))
    received: list[str] = []
    while not wire.closed and not (received and END in received[-1].encode()):
        received += shown(wire, 1)
    return received


def wait_until_blocked(server: Server, number: bytes) -> None:
    """Wait until the client with this id waits in a blocking command."""
    deadline_s = time.monotonic() + BLOCK_TIMEOUT_S
    with server.connect() as observer:
        while time.monotonic() < deadline_s:
            line = observer.call(b"CLIENT", b"LIST", b"ID", number).text
            fields = dict(field.split(b"=", 1) for field in line.split() if b"=" in field)
            if b"b" in fields[b"flags"]:
                return
    raise AssertionError(f"client {number!r} does not wait")
