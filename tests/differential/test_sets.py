"""Sets where sequences would need luck: encodings at every limit, order, combinations, popping."""

import itertools
import os

import pytest
from differential.commands_set import COMMANDS, INTEGERS, TEXTS
from differential.pair import Pair
from differential.wire import Argv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

examples = os.environ.get("PYCLUSTER_DIFFERENTIAL_EXAMPLES")
thoroughly = settings(
    max_examples=int(examples or 40),
    derandomize=examples is None,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

LIMITS = (b"set-max-intset-entries", b"set-max-listpack-entries", b"set-max-listpack-value")
DEFAULTS = (b"512", b"128", b"64")
NAMES = [b"a", b"b", b"c"]

CHANGES = ["SADD", "SADD", "SADD", "SREM", "SMOVE", "SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]
KEYED = {b"SADD": 1, b"SREM": 1, b"SMOVE": 2}


def _on_few_keys(argv: Argv) -> Argv:
    """The same command on two or three keys only, so that a set lives through many changes."""
    last = KEYED.get(argv[0], len(argv) - 1)
    renamed = [NAMES[sum(word) % len(NAMES)] for word in argv[1 : last + 1]]
    return (argv[0], *renamed, *argv[last + 1 :])


changes = st.one_of([COMMANDS[name] for name in CHANGES]).map(_on_few_keys)


@pytest.mark.parametrize(
    "limits",
    [DEFAULTS, (b"4", b"3", b"64"), (b"0", b"0", b"0"), (b"1000", b"300", b"2"), (b"3", b"1000", b"9")],
)
def test_a_set_is_encoded_the_same_after_every_change(pair: Pair, limits: tuple[bytes, ...]) -> None:
    @thoroughly
    @given(commands=st.lists(changes, min_size=1, max_size=30), resp=st.sampled_from([2, 3]))
    def check(commands: list[Argv], resp: int) -> None:
        sequence: list[Argv] = [
            (b"CONFIG", b"SET", name, value) for name, value in zip(LIMITS, limits, strict=True)
        ]
        for argv in commands:
            sequence.append(argv)
            for name in NAMES:
                sequence += [(b"OBJECT", b"ENCODING", name), (b"SCARD", name)]
        sequence += [(b"SMEMBERS", name) for name in NAMES]
        sequence += [(b"CONFIG", b"SET", name, value) for name, value in zip(LIMITS, DEFAULTS, strict=True)]
        pair.check(sequence, resp=resp)

    check()


@thoroughly
@given(
    commands=st.lists(
        st.tuples(st.sampled_from([b"SADD", b"SADD", b"SREM"]), st.sampled_from([*INTEGERS, *TEXTS[:8]])),
        max_size=40,
    )
)
def test_a_small_set_lists_its_members_in_the_same_order(pair: Pair, commands: list[Argv]) -> None:
    pair.reset()
    sequence = [(argv[0], b"s", *argv[1:]) for argv in commands]
    questions: list[Argv] = [(b"SMEMBERS", b"s"), (b"SSCAN", b"s", b"0"), (b"SINTER", b"s")]
    answers = []
    for server in pair.servers:
        with server.connect() as wire:
            answers.append(wire.exchange([*sequence, *questions]))
    assert answers[0] == answers[1]


SETS: dict[bytes, list[bytes]] = {
    b"ints": [b"%d" % number for number in range(0, 60, 3)],
    b"wide": [b"%d" % (number << 40) for number in range(-20, 400)],
    b"many-ints": [b"%d" % number for number in range(2_000)],
    b"small": [b"x", b"y", *(b"%d" % number for number in range(0, 60, 7))],
    b"medium": [b"m%d" % number for number in range(100)],
    b"large": [b"m%d" % number for number in range(50, 1_000)],
    b"one": [b"0"],
}
FILL: list[Argv] = [(b"SADD", name, *members) for name, members in SETS.items()]


@pytest.mark.parametrize("resp", [2, 3])
def test_sets_of_all_forms_are_combined_the_same(pair: Pair, resp: int) -> None:
    commands = list(FILL)
    names = [*SETS, b"none"]
    for pair_of_names in itertools.product(names, names):
        for several in (pair_of_names, (*pair_of_names, b"many-ints"), (*pair_of_names, b"large", b"small")):
            for name in (b"SINTER", b"SUNION", b"SDIFF"):
                commands += [
                    (name, *several),
                    (name + b"STORE", b"result", *several),
                    (b"OBJECT", b"ENCODING", b"result"),
                ]
            number = b"%d" % len(several)
            commands += [
                (b"SINTERCARD", number, *several),
                (b"SINTERCARD", number, *several, b"LIMIT", b"7"),
            ]
    pair.check(commands, resp=resp)


@pytest.mark.parametrize("name", SETS)
def test_popping_leaves_as_many_members_in_the_same_encoding(pair: Pair, name: bytes) -> None:
    size = len(SETS[name])
    for count in sorted({0, 1, 2, size // 2, size * 4 // 5, size * 9 // 10, size - 1, size, size + 1}):
        pair.check(
            [
                *FILL,
                (b"EXPIREAT", name, b"4102444800"),
                (b"SRANDMEMBER", name, b"%d" % count),
                (b"SRANDMEMBER", name, b"-%d" % count),
            ]
        )
        left = []
        for server in pair.servers:
            with server.connect() as wire:
                popped = wire.call(b"SPOP", name, b"%d" % count)
                rest = wire.call(b"SMEMBERS", name)
                about = wire.exchange(
                    [(b"OBJECT", b"ENCODING", name), (b"EXPIRETIME", name), (b"SCARD", name)]
                )
                members = [item.text for item in (*popped, *rest)]
                assert sorted(members) == sorted(SETS[name])
                left.append((len(popped.items), about))
        assert left[0] == left[1], count
