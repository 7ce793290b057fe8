"""What the generated commands are made of: keys, values, numbers, patterns, and ways to get them wrong."""

import itertools
from typing import TypeAlias

from differential.wire import Argv
from hypothesis import strategies as st

Words: TypeAlias = st.SearchStrategy[bytes]
Commands: TypeAlias = st.SearchStrategy[Argv]
Part: TypeAlias = "bytes | Words | Commands"

# Few keys, so that commands meet each other's; the odd ones last, as a shrunk example should not need them.
KEYS = [b"a", b"b", b"c", b"d", b"{a}1", b"", b"\x00", b"k\r\n\x00\xff", b"key " * 64]
DATABASES = [b"0", b"1", b"15"]

# Every edge of a 64-bit counter, of the shared small integers and of the encodings. Nothing between two
# million and the 512 MB limit: as an offset it would only cost memory.
INTEGERS = [
    b"0",
    b"1",
    b"-1",
    b"2",
    b"10",
    b"-10",
    b"255",
    b"9999",
    b"10000",
    b"65536",
    b"100000",
    b"2147483647",
    b"-2147483648",
    b"4294967296",
    b"9223372036854775806",
    b"9223372036854775807",
    b"-9223372036854775807",
    b"-9223372036854775808",
]
NOT_INTEGERS = [
    b"9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"99999999999999999999999",
    b"",
    b" ",
    b" 1",
    b"1 ",
    b"+1",
    b"-0",
    b"01",
    b"0x10",
    b"1.0",
    b"1e3",
    b"-",
    b"abc",
    b"1\x00",
    b"1\n",
]
FLOATS = [
    b"0",
    b"1",
    b"-1",
    b"0.1",
    b"0.2",
    b"-0.1",
    b"3.0",
    b"1.5",
    b"10.50",
    b"1e2",
    b"1e-2",
    b"5.0e3",
    b"1e17",
    b"1e-17",
    b"123456789012345678",
    b"0.30000000000000004",
    b"3.14159265358979323846",
    b"2.2250738585072014e-308",
    b"1e300",
    b"-1e300",
    b".5",
    b"5.",
    b"+1.5",
    b"0x1p4",
    b"-0",
    b"-0.0",
    b"1E5",
    b"0x1.8p1",
    b"1" + b"0" * 400,
    b"0." + b"0" * 400 + b"1",
    b"4.9406564584124654e-324",
    b"1e4931",
    b"-1e4932",
    b"1e-4950",
]
NOT_FLOATS = [
    b"",
    b" ",
    b"1 ",
    b" 1",
    b"1.2.3",
    b"1e",
    b"abc",
    b"nan",
    b"inf",
    b"-inf",
    b"+inf",
    b"Infinity",
    b"NaN",
    b"-nan",
    b"nan(1)",
    b"0x",
    b"1e-5000",
    b"1\x00",
    b"1e5000",
    b"0.1\n",
]

STRINGS = [
    b"",
    b"x",
    b"abc",
    b"hello world",
    b"\x00\x01\xff",
    b"line\r\nfeed",
    b"-ERR no error",
    b"x" * 44,
    b"x" * 45,
    b"y" * 64,
    b"z" * 65,
    b"0123456789" * 2048,
    b"m" * (1 << 20),
]

# Deadlines lie far enough away that no run reaches them, and in the past, where the key goes at once.
RELATIVE_TIMES = [b"100000", b"1000000", b"100000000"]
ABSOLUTE_TIMES_S = [b"4102444800", b"4102444801", b"5000000000", b"1", b"1000000"]
ABSOLUTE_TIMES_MS = [b"4102444800000", b"4102444800001", b"5000000000000", b"1", b"1000000"]
BAD_TIMES = [
    b"0",
    b"-1",
    b"-100000",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775",
    b"9223372036854775808",
    b"abc",
    b"1.5",
    b"",
]

GLOBS = [
    b"*",
    b"a",
    b"?",
    b"??",
    b"",
    b"**",
    b"[ab]",
    b"[^a]",
    b"[a-c]",
    b"[c-a]",
    b"[a-",
    b"[]",
    b"[^]",
    b"[",
    b"]",
    b"[\\]]",
    b"\\",
    b"\\a",
    b"\\*",
    b"*[\x00-\xff]",
    b"{a}*",
    b"*\\",
    b"[a\\-c]",
    b"[-a]",
    b"k\r\n*",
    b"key *",
]

keys: Words = st.sampled_from(KEYS)
integers: Words = st.sampled_from(INTEGERS) | st.integers(-300, 300).map(lambda number: b"%d" % number)
any_integers: Words = st.one_of(integers, integers, integers, st.sampled_from(NOT_INTEGERS))
floats: Words = st.sampled_from(FLOATS) | st.decimals(-1000, 1000, places=3).map(
    lambda number: f"{number}".encode()
)
any_floats: Words = st.one_of(floats, floats, floats, st.sampled_from(NOT_FLOATS))
# By index: hypothesis takes long over the descriptions of strategies that hold a megabyte.
strings: Words = st.sampled_from(range(len(STRINGS))).map(lambda index: STRINGS[index])
values: Words = st.one_of(
    st.sampled_from(STRINGS[:6]),
    integers,
    strings,
    st.sampled_from(FLOATS),
    st.sampled_from(NOT_INTEGERS),
    st.binary(max_size=12),
)
globs: Words = st.one_of(
    st.sampled_from(GLOBS),
    st.lists(
        st.sampled_from([b"*", b"?", b"[", b"]", b"^", b"-", b"\\", b"a", b"b", b"c", b"k", b"\x00"]),
        max_size=8,
    ).map(b"".join),
)
relative_times: Words = st.sampled_from(RELATIVE_TIMES)
bad_times: Words = st.sampled_from(BAD_TIMES)
databases: Words = st.sampled_from(DATABASES)
any_databases: Words = st.sampled_from([*DATABASES, b"16", b"-1", b"abc", b"", b"4294967296", b"1.0"])
junk: Words = st.one_of(
    st.sampled_from([b"", b"junk", b"NX", b"GET", b"COUNT", b"\x00"]), any_integers, values
)


def command(*parts: Part) -> Commands:
    """A command from words, strategies of words and strategies of tuples of words."""
    return st.tuples(*(st.just(part) if isinstance(part, bytes) else part for part in parts)).map(_flat)


def some(words: Words, *, least: int = 1, most: int = 4) -> Commands:
    """A few words, one after the other."""
    return st.lists(words, min_size=least, max_size=most).map(tuple)


def maybe(*parts: Part) -> Commands:
    """Nothing, or all of the parts."""
    return st.just(()) | command(*parts)


def options(*choices: Commands, most: int = 3) -> Commands:
    """Up to ``most`` options in any order, also repeated and contradicting ones."""
    return st.lists(st.one_of(*choices), max_size=most).map(_flat)


def word(text: bytes) -> Commands:
    """One fixed word as an option, now and then in other letters."""
    return st.sampled_from([(text,), (text,), (text.lower(),), (text.title(),)])


@st.composite
def mangled(draw: st.DrawFn, commands: Commands) -> Argv:
    """The same commands, now and then with an argument too few, too many or exchanged for another."""
    argv = draw(commands)
    kind = draw(_MANGLING)
    if kind == "drop":
        return argv[:-1] if len(argv) > 1 else argv
    if kind == "append":
        return (*argv, draw(junk))
    if kind == "insert" or kind == "exchange":
        at = draw(st.integers(1, max(1, len(argv) - 1)))
        return (*argv[:at], draw(junk), *argv[at + (kind == "exchange") :])
    return argv


_MANGLING = st.sampled_from(["none"] * 16 + ["drop", "append", "insert", "exchange"])


def _flat(parts: "tuple[bytes | Argv, ...] | list[Argv]") -> Argv:
    flat: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            flat.append(part)
        else:
            flat.extend(part)
    return tuple(flat)


def is_steady(argv: Argv) -> bool:
    """Whether the replies do not depend on how fast the servers run: no deadline within the next minutes.

    Mangling moves numbers about, so this looks at every place where one could become a deadline.
    """
    name = argv[0].upper()
    for previous, argument in itertools.pairwise(argv):
        if previous.upper() in (b"EX", b"PX") and _is_soon(argument):
            return False
    timed = (b"SETEX", b"PSETEX", b"EXPIRE", b"PEXPIRE", b"HEXPIRE", b"HPEXPIRE")
    takes_time = name in timed and len(argv) > 2
    return not (takes_time and _is_soon(argv[2]))


def _is_soon(argument: bytes) -> bool:
    try:
        return 0 < int(argument) < int(RELATIVE_TIMES[0])
    except ValueError:
        return False
