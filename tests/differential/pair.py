"""The oracle and the subject side by side: the same commands to both, and a readable word on what differs."""

from collections.abc import Mapping, Sequence

import attrs
from differential.commands_server import CONFIG_DEFAULTS
from differential.compare import Rules
from differential.server import Server
from differential.values import DATABASES
from differential.wire import Argv, Frame, Wire

SHOWN_BYTES_MAX = 200
SCAN_CALLS_MAX = 10_000

# How a key of each type is read whole, to compare everything that is stored. Another type adds its line.
READERS: Mapping[bytes, Argv] = {
    b"string": (b"GET",),
    b"list": (b"LRANGE", b"0", b"-1"),
    b"stream": (b"XRANGE", b"-", b"+"),
    b"zset": (b"ZRANGE", b"0", b"-1", b"WITHSCORES"),
    b"hash": (b"HGETALL",),
    b"set": (b"SMEMBERS",),
}

# Where the cursor of each kind of scan stands.
_CURSORS: Mapping[bytes, int] = {b"SCAN": 1, b"HSCAN": 2, b"SSCAN": 2, b"ZSCAN": 2}
# After these the runner looks at the reply before it sends more.
_BARRIERS = frozenset({*_CURSORS, b"QUIT"})


class MismatchError(AssertionError):
    """The servers disagree; the message shows the sequence and both replies."""


@attrs.frozen
class Pair:
    """Two servers and the rules for comparing them."""

    subject: Server
    oracle: Server
    rules: Rules

    @property
    def servers(self) -> tuple[Server, Server]:
        """Ours first."""
        return self.subject, self.oracle

    def reset(self) -> None:
        """Empty both servers and restore the settings that generated commands touch."""
        restore = [(b"CONFIG", b"SET", name, value) for name, value in CONFIG_DEFAULTS.items()]
        for server in self.servers:
            with server.connect() as wire:
                wire.exchange([(b"FLUSHALL",), (b"CLIENT", b"UNPAUSE"), *restore])

    def check(self, commands: Sequence[Argv], *, resp: int = 2) -> None:
        """Run a sequence on fresh connections to emptied servers and compare replies, then all data.

        Raises:
            MismatchError: the servers disagree.
        """
        self.reset()
        ours, theirs = (run(server, commands, resp=resp) for server in self.servers)
        for position, (argv, our_reply, their_reply) in enumerate(zip(commands, ours, theirs, strict=True)):
            if not self.rules.equal(argv, our_reply, their_reply):
                story = commands[: position + 1]
                raise MismatchError(self._describe(story, resp, _shown(our_reply), _shown(their_reply)))
        our_data, their_data = (everything(server) for server in self.servers)
        for database, argv in sorted(our_data.keys() | their_data.keys()):
            one, other = our_data.get((database, argv)), their_data.get((database, argv))
            if one is None or other is None or not self.rules.equal(argv, one, other):
                story = [*commands, (b"SELECT", database), argv]
                raise MismatchError(self._describe(story, resp, _shown(one), _shown(other)))

    def _describe(self, commands: Sequence[Argv], resp: int, ours: str, theirs: str) -> str:
        lines = [f"RESP{resp}, {len(commands)} commands; the servers differ after the last one:"]
        lines += [f"  {position}> {readable(argv)}" for position, argv in enumerate(commands, 1)]
        lines += [f"    {self.subject.name:>10}: {ours}", f"    {self.oracle.name:>10}: {theirs}"]
        return "\n".join(lines)


def run(server: Server, commands: Sequence[Argv], *, resp: int = 2) -> list[Frame]:
    """Replies to a sequence on one new connection; SCANs are followed to their end."""
    frames: list[Frame] = []
    with server.connect(resp=resp) as wire:
        batch: list[Argv] = []
        for argv in commands:
            batch.append(argv)
            if argv[0].upper() in _BARRIERS:
                frames += wire.exchange(batch)
                batch = []
                if argv[0].upper() in _CURSORS:
                    frames[-1] = _scan_on(wire, argv, frames[-1])
        frames += wire.exchange(batch)
    return frames


def everything(server: Server) -> dict[tuple[bytes, Argv], Frame]:
    """Type, encoding, deadline and value of every key: replies by database and command."""
    replies: dict[tuple[bytes, Argv], Frame] = {}
    with server.connect() as wire:
        for database in DATABASES:
            selected, listed = wire.exchange([(b"SELECT", database), (b"KEYS", b"*")])
            if selected.is_error:
                continue
            names = sorted(item.text for item in listed)
            types = wire.exchange([(b"TYPE", name) for name in names])
            questions: list[Argv] = []
            for name, kind in zip(names, types, strict=True):
                questions += [(b"TYPE", name), (b"OBJECT", b"ENCODING", name), (b"PEXPIRETIME", name)]
                if (reader := READERS.get(kind.text)) is not None:
                    questions.append((reader[0], name, *reader[1:]))
                if kind.text == b"stream":
                    questions.append((b"XINFO", b"STREAM", name, b"FULL", b"COUNT", b"0"))
            answers = wire.exchange(questions)
            replies.update({(database, argv): reply for argv, reply in zip(questions, answers, strict=True)})
    return replies


def readable(argv: Argv) -> str:
    """A command as one would type it, long arguments cut short."""
    return " ".join(_quoted(argument) for argument in argv)


def _scan_on(wire: Wire, argv: Argv, first: Frame) -> Frame:
    """All elements of a scan in the frame of its first call, as if they had come at once, sorted."""
    if len(first.items) != 2:
        return first
    place = _CURSORS[argv[0].upper()]
    is_of_pairs = argv[0].upper() == b"HSCAN" and b"NOVALUES" not in [word.upper() for word in argv]
    elements = _elements(first, is_of_pairs)
    cursor = first.items[0].text
    for _ in range(SCAN_CALLS_MAX):
        if cursor == b"0":
            break
        reply = wire.call(*argv[:place], cursor, *argv[place + 1 :])
        cursor = reply.items[0].text
        elements |= _elements(reply, is_of_pairs)
    ordered = sorted(elements, key=lambda element: [part.raw for part in element])
    flat = tuple(part for element in ordered for part in element)
    return Frame(
        first.head, b"", (Frame(b"$1\r\n", cursor + b"\r\n"), Frame(b"*%d\r\n" % len(flat), b"", flat))
    )


def _elements(reply: Frame, is_of_pairs: bool) -> set[tuple[Frame, ...]]:
    """What a call of a scan gave: single elements, or fields with their values."""
    parts = reply.items[1].items
    if is_of_pairs:
        return set(zip(parts[::2], parts[1::2], strict=True))
    return {(part,) for part in parts}


def _quoted(argument: bytes) -> str:
    shown = argument if len(argument) <= SHOWN_BYTES_MAX else argument[:40]
    text = shown.decode("latin-1")
    if not (text.isascii() and text.isprintable() and text and not set(text) & set(" \"'\\")):
        text = (
            '"'
            + "".join(
                _ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in shown
            )
            + '"'
        )
    return text if shown is argument else f"{text}...({len(argument)} bytes)"


_ESCAPES = {ord("\n"): "\\n", ord("\r"): "\\r", ord('"'): '\\"', ord("\\"): "\\\\"}


def _shown(frame: Frame | None) -> str:
    if frame is None:
        return "no such key"
    raw = frame.raw
    return (
        f"{raw!r}" if len(raw) <= 5 * SHOWN_BYTES_MAX else f"{raw[:SHOWN_BYTES_MAX]!r}... ({len(raw)} bytes)"
    )
