import pytest

from pycluster.bench.work_kinds import ClosedLoop
from pycluster.bench.works import WORKS, choose


def test_row_names_are_unique() -> None:
    names = [work.name for work in WORKS]
    assert len(set(names)) == len(names)


def test_limits_run_from_floor_to_target() -> None:
    for work in WORKS:
        for figure in work.figures:
            if figure.floor is None or figure.target is None:
                continue
            worse, better = figure.floor, figure.target
            assert better < worse if figure.better == "lower" else better > worse, (work.name, figure.name)


def test_without_names_all_but_the_extra_rows_are_chosen() -> None:
    assert choose(()) == tuple(work for work in WORKS if not work.extra)
    assert choose((), extra=True) == WORKS


def test_a_name_chooses_the_rows_that_begin_with_it() -> None:
    assert [work.name for work in choose(("open",))] == ["open-20k", "open-40k", "open-60k"]
    assert all(not work.extra for work in choose(("get",)))


def test_a_full_name_chooses_also_an_extra_row() -> None:
    (work,) = choose(("get-100-p16-one-key",))
    assert isinstance(work, ClosedLoop)
    assert work.key_range is None


def test_a_name_that_fits_no_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="no row is called nothing"):
        choose(("get", "nothing"))
