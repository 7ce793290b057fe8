"""Whether a list is a listpack or a quicklist, after every step and with every way of limiting its nodes."""

import os

import pytest
from differential.commands_list import COMMANDS
from differential.pair import Pair
from differential.wire import Argv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

examples = os.environ.get("PYCLUSTER_DIFFERENTIAL_EXAMPLES")

CHANGES = ["LPUSH", "RPUSH", "LPOP", "RPOP", "LSET", "LTRIM", "LREM", "LINSERT", "LMOVE", "RPUSH", "LPUSH"]
# All on one or two keys, so that a list lives through many changes.
changes = st.one_of([COMMANDS[name] for name in CHANGES]).map(
    lambda argv: (argv[0], b"a" if argv[1] != b"b" else b"b", *argv[2:])
)


@pytest.mark.parametrize("size", [b"-2", b"-1", b"-5", b"0", b"1", b"4", b"100"])
def test_a_list_is_encoded_the_same_after_every_change(pair: Pair, size: bytes) -> None:
    @settings(
        max_examples=int(examples or 100),
        derandomize=examples is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(commands=st.lists(changes, min_size=1, max_size=40))
    def check(commands: list[Argv]) -> None:
        sequence: list[Argv] = [(b"CONFIG", b"SET", b"list-max-listpack-size", size)]
        for argv in commands:
            sequence += [argv, (b"OBJECT", b"ENCODING", argv[1]), (b"LLEN", argv[1])]
        pair.check([*sequence, (b"CONFIG", b"SET", b"list-max-listpack-size", b"-2")])

    check()
