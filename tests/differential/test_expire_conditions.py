"""NX, XX, GT and LT of the EXPIRE family with deadlines counted from now; sequences use absolute ones."""

import itertools

import pytest
from differential.pair import Pair
from differential.wire import Argv

# Hours apart, so that the moment at which a command runs never decides a comparison.
TIMES = [
    b"-1",
    b"0",
    b"100000000",
    b"200000000",
    b"300000000",
    b"9223372036854775807",
    b"-9223372036854775808",
]
CONDITIONS = [b"NX", b"XX", b"GT", b"LT", b"nx", b"junk"]


def _story(command: bytes, first: bytes | None, second: bytes, conditions: tuple[bytes, ...]) -> list[Argv]:
    return [
        (b"SET", b"k", b"v"),
        *([(command, b"k", first)] if first is not None else []),
        (command, b"k", second, *conditions),
        (b"PTTL", b"k"),
        (b"EXISTS", b"k"),
        (b"DEL", b"k"),
    ]


@pytest.mark.parametrize("command", [b"EXPIRE", b"PEXPIRE"])
def test_expire_conditions_against_the_deadline_before(pair: Pair, command: bytes) -> None:
    conditions = [
        (),
        *((one,) for one in CONDITIONS),
        *itertools.permutations(CONDITIONS[:4], 2),
        (b"GT", b"GT"),
    ]
    firsts = [None, b"200000000"]
    # Equal deadlines counted from now would be decided by the millisecond.
    stories = [
        _story(command, first, second, chosen)
        for first, second, chosen in itertools.product(firsts, TIMES, conditions)
        if second != first
    ]
    pair.check([argv for story in stories for argv in story])
