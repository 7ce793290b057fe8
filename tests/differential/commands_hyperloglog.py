"""Generators for the HyperLogLog commands; what is stored is compared byte for byte as well."""

from collections.abc import Mapping

from differential.values import Commands, Words, command, keys, maybe, some, values
from hypothesis import strategies as st

HEADER = b"HYLL\x01\x00\x00\x00" + bytes(7) + b"\x80"

# Strings that are, nearly are or only look like HyperLogLogs. None ends within a run: there Valkey's PFADD
# writes one byte further than the string is long, and pycluster calls the string corrupt.
STRINGS = [
    HEADER + b"\x7f\xff",
    HEADER[:-1] + b"\x00\x7f\xff",
    HEADER[:-8] + b"\x39\x05\x00\x00\x00\x00\x00\x00\x7f\xff",
    HEADER + b"\x84\x84\x84\x84\x84\x84\x7f\xf9",
    HEADER + b"\x3f" * 256,
    HEADER + b"\x3f" * 255,
    HEADER + b"\xff" * 4096,
    HEADER + b"\x7f\xfe",
    HEADER + b"\x7f\xff\x00",
    HEADER + b"\x7f\xff\x7f\xff",
    HEADER,
    HEADER[:-1],
    b"HYLL\x02" + HEADER[5:] + b"\x7f\xff",
    b"HYLL\x00" + HEADER[5:] + bytes(12288),
    b"HYLL\x00" + HEADER[5:] + b"\x24\x92\x49" * 4096,
    b"HYLL\x00" + HEADER[5:] + b"\xff" * 12288,
    b"HYLL\x00" + HEADER[5:] + bytes(12287),
    b"hyll\x01" + HEADER[5:] + b"\x7f\xff",
]

elements: Words = st.one_of(
    st.integers(0, 50).map(lambda number: b"%d" % number),
    st.integers(0, 1 << 40).map(lambda number: b"%d" % number),
    values,
)
many_elements: Commands = st.tuples(st.integers(0, 9), st.integers(1, 700)).map(
    lambda drawn: tuple(b"%d:%d" % (drawn[0], number) for number in range(drawn[1]))
)
hyperloglogs: Words = st.sampled_from(STRINGS)

COMMANDS: Mapping[str, Commands] = {
    "PFADD": st.one_of(
        command(b"PFADD", keys, some(elements, least=0, most=8)),
        command(b"PFADD", keys, some(elements, least=0, most=8)),
        command(b"PFADD", keys, many_elements),
    ),
    "PFCOUNT": command(b"PFCOUNT", some(keys)),
    "PFMERGE": command(b"PFMERGE", some(keys)),
    "SET": command(b"SET", keys, hyperloglogs, maybe(b"EX", b"100000")),
    "SETRANGE": command(
        b"SETRANGE",
        keys,
        st.sampled_from([b"4", b"8", b"15", b"16", b"17", b"20", b"30"]),
        st.sampled_from([b"", b"\x00", b"\x01", b"\x80", b"\xff", b"\x00\x3f"]),
    ),
    "CONFIG": command(
        b"CONFIG",
        b"SET",
        b"hll-sparse-max-bytes",
        st.sampled_from([b"0", b"16", b"20", b"30", b"100", b"3000", b"16000"]),
    ),
}
