"""How two replies to one command are compared; the rules are the table in docs/compatibility.md."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

import attrs
from differential.wire import Argv, Frame

Comparison: TypeAlias = Callable[[Frame, Frame], bool]
"""Whether two replies, neither of them an error, count as equal."""

TIME_TOLERANCE_MS = 10_000

_CONSUMER_TIMES = (b"idle", b"inactive", b"seen-time", b"active-time")

COMPATIBILITY_PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


def exact(ours: Frame, theirs: Frame) -> bool:
    """Byte for byte."""
    return ours == theirs


def unordered(ours: Frame, theirs: Frame) -> bool:
    """Byte for byte after sorting the elements of every array, set and map, however deep."""
    return _sorted(ours) == _sorted(theirs)


def by_pairs(ours: Frame, theirs: Frame) -> bool:
    """A map, an array in RESP2: the same keys with the same values, in any order."""
    return ours.head == theirs.head and _pairs(ours) == _pairs(theirs)


def by_type(ours: Frame, theirs: Frame) -> bool:
    """The same RESP type, and both null or neither."""
    return ours.kind == theirs.kind and ours.is_null == theirs.is_null


def by_shape(ours: Frame, theirs: Frame) -> bool:
    """The same types and lengths throughout; texts that are map keys are the same as well."""
    if not by_type(ours, theirs) or len(ours.items) != len(theirs.items):
        return False
    if ours.kind == b"%" and ours.items[::2] != theirs.items[::2]:
        return False
    return all(by_shape(one, other) for one, other in zip(ours, theirs, strict=True))


def by_keys(ours: Frame, theirs: Frame) -> bool:
    """A map, an array in RESP2: the same keys in the same order, and values of the same types."""
    if ours.head != theirs.head or ours.items[::2] != theirs.items[::2]:
        return False
    return all(by_type(one, other) for one, other in zip(ours, theirs, strict=True))


def by_fields(ours: Frame, theirs: Frame) -> bool:
    """Lines of ``name=value`` words: the same names in the same order, however many lines."""
    return by_type(ours, theirs) and _field_names(ours) == _field_names(theirs)


def by_rows(ours: Frame, theirs: Frame) -> bool:
    """Entries of COMMAND INFO: as ``unordered``, but for notes and for commands that we do not have."""
    if not by_type(ours, theirs):
        return False
    if len(ours.items) != len(theirs.items):
        # All were asked for.
        return _same_rows(ours.items, theirs.items)
    return all(_same_row(one, other) for one, other in zip(ours, theirs, strict=True))


def but_times(ours: Frame, theirs: Frame) -> bool:
    """Byte for byte but for the times of consumers and pending entries, which may lie some seconds apart."""
    if not ours.items or ours.head != theirs.head:
        return ours == theirs
    for position, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        is_time = _is_consumer_time(ours, position) or _is_pending_time(ours, position)
        if not (_close_times(one, other) if is_time else but_times(one, other)):
            return False
    return True


def within(tolerance: int) -> Comparison:
    """Integers, alone or in arrays, that differ by at most ``tolerance``; those below 1 must be equal."""

    def close(ours: Frame, theirs: Frame) -> bool:
        if ours.items and ours.head == theirs.head:
            return all(close(one, other) for one, other in zip(ours, theirs, strict=True))
        if ours.kind != b":" or theirs.kind != b":":
            return ours == theirs
        one, other = int(ours.text), int(theirs.text)
        return one == other or (one > 0 and other > 0 and abs(one - other) <= tolerance)

    return close


def comparison_named(name: str) -> Comparison:
    """The comparison that the table calls ``name``; raises ValueError for an unknown one."""
    if (tolerance := re.fullmatch(r"within (\d+)", name)) is not None:
        return within(int(tolerance[1]))
    named: dict[str, Comparison] = {
        "unordered": unordered,
        "pairs": by_pairs,
        "type": by_type,
        "shape": by_shape,
        "keys": by_keys,
        "fields": by_fields,
        "rows": by_rows,
        "times": but_times,
    }
    if name not in named:
        raise ValueError(f"docs/compatibility.md names an unknown comparison: {name!r}")
    return named[name]


@attrs.frozen
class Rules:
    """Comparisons by command name; commands without one are compared byte for byte."""

    by_command: Mapping[bytes, Comparison]

    def equal(self, argv: Argv, ours: Frame, theirs: Frame) -> bool:
        """Whether the two servers agree; errors are always compared byte for byte."""
        if ours == theirs:
            return True
        if ours.is_error or theirs.is_error:
            return False
        compare = self.by_command.get(self._name(argv), exact)
        return compare(ours, theirs)

    def _name(self, argv: Argv) -> bytes:
        """The command with its subcommand, if it is one of a container that has rules for subcommands."""
        name = argv[0].upper()
        if len(argv) == 2 and argv[1].upper() == b"HELP":
            return b"HELP"
        is_container = any(command.startswith(name + b" ") for command in self.by_command)
        return b" ".join(argv[:2]).upper() if is_container else name


@attrs.frozen
class Difference:
    """A row of the table of differences that are meant: one command line and what either server answers."""

    command: str
    oracle_reply: str
    subject_reply: str
    reason: str


def load_rules(page: Path = COMPATIBILITY_PAGE) -> Rules:
    """Read the table between the ``rules`` marks."""
    rules: dict[bytes, Comparison] = {}
    for commands, comparison, _reason in _table(page.read_text(), "rules"):
        for command in commands.replace("`", "").split(","):
            rules[command.strip().encode()] = comparison_named(comparison)
    return Rules(rules)


def load_differences(page: Path = COMPATIBILITY_PAGE) -> list[Difference]:
    """Read the table between the ``differences`` marks."""
    return [
        Difference(command.strip("`"), oracle.strip("`"), subject.strip("`"), reason)
        for command, oracle, subject, reason in _table(page.read_text(), "differences")
    ]


def _table(page: str, name: str) -> Iterator[list[str]]:
    """Rows below the header of the Markdown table between ``<!-- name -->`` and ``<!-- end -->``."""
    inside = page.split(f"<!-- {name} -->", 1)[1].split("<!-- end -->", 1)[0]
    for line in inside.strip().splitlines()[2:]:
        yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _close_times(ours: Frame, theirs: Frame) -> bool:
    """Whether two integers are close; negative ones, which stand for no time, must be equal."""
    one, other = int(ours.text), int(theirs.text)
    return one == other or (min(one, other) >= 0 and abs(one - other) <= TIME_TOLERANCE_MS)


def _is_consumer_time(frame: Frame, position: int) -> bool:
    """Whether the item stands behind the name of a time."""
    return position > 0 and frame.items[position - 1].text in _CONSUMER_TIMES


def _is_pending_time(frame: Frame, position: int) -> bool:
    """Whether the item is the time of a pending entry: id, consumer or nothing, time, deliveries."""
    kinds = b"".join(item.kind for item in frame)
    return kinds in (b"$::", b"$$::") and position == len(kinds) - 2


def _pairs(frame: Frame) -> list[bytes]:
    return sorted(key.raw + value.raw for key, value in zip(frame.items[::2], frame.items[1::2], strict=True))


def _sorted(frame: Frame) -> bytes:
    items = [_sorted(item) for item in frame]
    if frame.kind in b"%|":
        items = sorted(key + value for key, value in zip(items[::2], items[1::2], strict=True))
    elif frame.kind in b"*~":
        items.sort()
    return frame.head + frame.payload + b"".join(items)


SUBCOMMANDS = 9
"""Where an entry of COMMAND INFO has its subcommands."""


def row_fields(row: Frame) -> tuple[Frame, ...]:
    """The fields of an entry of COMMAND INFO but its subcommands, without the notes of key specifications."""
    return tuple(_without_notes(field) for field in row.items[:SUBCOMMANDS])


def _same_row(ours: Frame, theirs: Frame) -> bool:
    if ours.is_null or theirs.is_null:
        return ours == theirs
    fields = zip(row_fields(ours), row_fields(theirs), strict=True)
    subcommands = (tuple(row.items[SUBCOMMANDS]) for row in (ours, theirs))
    return all(unordered(one, other) for one, other in fields) and _same_rows(*subcommands)


def _same_rows(ours: tuple[Frame, ...], theirs: tuple[Frame, ...]) -> bool:
    """Whether each of our entries is described as theirs of the same name."""
    by_name = {row.items[0].text: row for row in theirs}
    return all(row.items[0].text in by_name and _same_row(row, by_name[row.items[0].text]) for row in ours)


def _without_notes(frame: Frame) -> Frame:
    items = tuple(_without_notes(item) for item in frame)
    if items and items[0].text == b"notes":
        items = items[2:]
        # The head counts elements of an array, pairs of a map.
        fewer = int(frame.head[1:-2]) - (1 if frame.kind == b"%" else 2)
        return Frame(b"%s%d\r\n" % (frame.kind, fewer), frame.payload, items)
    return Frame(frame.head, frame.payload, items)


def _field_names(frame: Frame) -> list[list[bytes]]:
    lines = frame.text.splitlines()
    return [[word.split(b"=", 1)[0] for word in line.split(b" ")] for line in lines[:1]]
