"""Backoff: the first death costs nothing, a series of them ever more."""

from pycluster.supervisor.backoff import DELAY_FIRST_MS, DELAY_MAX_MS, STABLE_RUN_MS, Backoff


def test_the_first_death_is_followed_by_a_start_at_once() -> None:
    assert Backoff().next_delay_ms(run_ms=10) == 0


def test_delays_double_up_to_the_bound_and_stay_there() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay_ms(run_ms=10) for _ in range(2_000)]
    assert delays[:4] == [0, DELAY_FIRST_MS, 2 * DELAY_FIRST_MS, 4 * DELAY_FIRST_MS]
    assert delays == sorted(delays)
    assert delays[-1] == DELAY_MAX_MS


def test_a_stable_run_makes_the_next_death_the_first_again() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next_delay_ms(run_ms=10)
    assert backoff.next_delay_ms(run_ms=STABLE_RUN_MS) == 0
    assert backoff.next_delay_ms(run_ms=10) == DELAY_FIRST_MS
