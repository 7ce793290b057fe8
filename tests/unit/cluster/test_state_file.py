"""The state file comes back as it was written, and every damage is noticed."""

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.cluster.cluster_strategies import instances
from unit.cluster.plans import planned_view

from pycluster.cluster import state_file
from pycluster.cluster.state_file import SavedState, StateFileError, parse, serialise

GOOD = serialise(SavedState(incarnation=3, view=planned_view()))


@settings(deadline=None, max_examples=50)
@given(instances(SavedState))
def test_a_state_comes_back_as_it_was_saved(state: SavedState) -> None:
    assert parse(serialise(state)) == state


def test_every_truncation_is_noticed() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(StateFileError):
            parse(GOOD[:length])


@settings(deadline=None, max_examples=300)
@given(position=st.integers(0, len(GOOD) - 1), flip=st.integers(1, 255))
def test_every_changed_byte_is_noticed(position: int, flip: int) -> None:
    damaged = bytearray(GOOD)
    damaged[position] ^= flip
    with pytest.raises(StateFileError):
        parse(bytes(damaged))


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=50))
def test_bytes_that_follow_are_noticed(rest: bytes) -> None:
    with pytest.raises(StateFileError, match="instead of"):
        parse(GOOD + rest)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_anything_else_is_no_state_file(data: bytes) -> None:
    with pytest.raises(StateFileError):
        parse(data)


def test_a_file_of_a_later_version_is_refused_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "FORMAT_VERSION", 2)
    later = serialise(SavedState(incarnation=1, view=planned_view()))
    monkeypatch.undo()
    with pytest.raises(StateFileError, match="format version 2 is not 1"):
        parse(later)


@pytest.mark.parametrize("body", [b"", cbor2.dumps([1]), cbor2.dumps({"incarnation": 1})])
def test_a_whole_file_with_a_wrong_body_is_refused(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cbor2, "dumps", lambda _plain: body)
    with pytest.raises(StateFileError, match=r"frame|lacks"):
        parse(serialise(SavedState(incarnation=1, view=planned_view())))
