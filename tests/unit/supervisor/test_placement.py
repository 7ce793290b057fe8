"""Placement: nodes are dealt to cores."""

from pycluster.supervisor.placement import place


def test_nodes_are_dealt_to_the_allowed_cores_in_turn() -> None:
    assert place(5, [0, 2, 3]) == (0, 2, 3, 0, 2)


def test_with_a_single_core_nothing_is_pinned() -> None:
    assert place(3, [4]) == (None, None, None)
