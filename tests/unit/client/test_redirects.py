import random

import pytest

from pycluster.client.address import Address
from pycluster.client.errors import (
    ClusterDownError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineExceededError,
    LoadingError,
    MasterDownError,
    ResponseError,
    SlotNotCoveredError,
    TooManyRedirectsError,
    TryAgainError,
    WrongTypeError,
    error_from_reply,
)
from pycluster.client.redirects import (
    BACKOFF_BASE_MS,
    BACKOFF_MAX_MS,
    HOPS_AT_ONCE,
    HOPS_MAX,
    RULES,
    Attempt,
    Event,
    GiveUp,
    Retry,
    backoff_ms,
    classify,
)

A, B = Address("a", 1), Address("b", 2)


def attempt(*, repeatable: bool = True, deadline_ms: int = 10**9, retries_max: int = 16) -> Attempt:
    return Attempt(repeatable, deadline_ms, retries_max)


def after(one: Attempt, error: Exception, *, now_ms: int = 0) -> Retry | GiveUp:
    return one.next(error, asked=A, now_ms=now_ms, rng=random.Random(1))


def test_every_event_has_a_rule() -> None:
    assert set(RULES) == set(Event)


def test_moved_is_followed_at_once_and_makes_the_table_stale() -> None:
    assert after(attempt(), error_from_reply("MOVED 5 b:2")) == Retry(B, False, 0, refresh=True)


def test_ask_is_followed_with_asking_and_leaves_the_table_alone() -> None:
    assert after(attempt(), error_from_reply("ASK 5 b:2")) == Retry(B, True, 0, refresh=False)


@pytest.mark.parametrize(
    ("error", "refresh"),
    [
        (TryAgainError("TRYAGAIN"), False),
        (ClusterDownError("CLUSTERDOWN"), True),
        (LoadingError("LOADING"), True),
        (MasterDownError("MASTERDOWN"), True),
        (SlotNotCoveredError(5), True),
        (ConnectionFailedError(A, "refused"), True),
        (ConnectionLostError(A, "reset"), True),
    ],
)
def test_a_passing_failure_waits_and_asks_the_table_again(error: Exception, refresh: bool) -> None:
    decision = after(attempt(), error)
    assert isinstance(decision, Retry)
    assert (decision.address, decision.asking, decision.refresh) == (None, False, refresh)
    assert 0 < decision.delay_ms <= BACKOFF_BASE_MS


@pytest.mark.parametrize("error", [WrongTypeError("WRONGTYPE"), ResponseError("ERR"), ValueError("bug")])
def test_what_no_repeat_can_cure_is_handed_on(error: Exception) -> None:
    assert classify(error) is Event.FINAL
    assert after(attempt(), error) == GiveUp(error, refresh=False)


def test_a_silent_node_ends_the_command_and_makes_the_table_stale() -> None:
    error = DeadlineExceededError("the reply", A, maybe_executed=True)
    assert after(attempt(), error) == GiveUp(error, refresh=True)


def test_a_write_whose_reply_was_lost_is_not_repeated() -> None:
    error = ConnectionLostError(A, "reset")
    assert after(attempt(repeatable=False), error) == GiveUp(error, refresh=True)


def test_a_write_that_was_never_executed_is_repeated() -> None:
    assert isinstance(after(attempt(repeatable=False), ConnectionFailedError(A, "refused")), Retry)
    assert isinstance(after(attempt(repeatable=False), ClusterDownError("CLUSTERDOWN")), Retry)


def test_redirects_end_after_the_last_allowed_hop_and_name_them_all() -> None:
    one = attempt()
    decisions = [after(one, error_from_reply(f"MOVED 5 h:{port}")) for port in range(1, HOPS_MAX + 2)]
    assert all(isinstance(decision, Retry) for decision in decisions[:-1])
    last = decisions[-1]
    assert isinstance(last, GiveUp)
    assert isinstance(last.error, TooManyRedirectsError)
    assert last.error.slot == 5
    assert last.error.hops == tuple(f"h:{port}" for port in range(1, HOPS_MAX + 2))


def test_the_first_redirects_are_followed_at_once_and_later_ones_after_a_pause() -> None:
    one = attempt()
    delays = []
    for _ in range(HOPS_MAX):
        decision = after(one, error_from_reply("MOVED 5 b:2"))
        assert isinstance(decision, Retry)
        delays.append(decision.delay_ms)
    assert delays[:HOPS_AT_ONCE] == [0] * HOPS_AT_ONCE
    assert all(delay > 0 for delay in delays[HOPS_AT_ONCE:])


def test_a_redirect_to_nowhere_is_handed_on() -> None:
    error = error_from_reply("MOVED 5 b:port")
    assert after(attempt(), error) == GiveUp(error, refresh=True)


def test_failures_end_after_the_last_allowed_retry_with_the_last_error() -> None:
    one, error = attempt(retries_max=2), ClusterDownError("CLUSTERDOWN")
    assert [type(after(one, error)) for _ in range(3)] == [Retry, Retry, GiveUp]
    assert error.__notes__ == ["given up after 3 tries"]


def test_redirects_do_not_use_up_retries() -> None:
    one = attempt(retries_max=1)
    after(one, error_from_reply("MOVED 5 b:2"))
    assert isinstance(after(one, LoadingError("LOADING")), Retry)


def test_no_try_starts_after_the_deadline() -> None:
    error = LoadingError("LOADING")
    assert isinstance(after(attempt(deadline_ms=1_000), error, now_ms=900), Retry)
    assert isinstance(after(attempt(deadline_ms=1_000), error, now_ms=999), GiveUp)
    assert isinstance(
        after(attempt(deadline_ms=1_000), error_from_reply("MOVED 5 b:2"), now_ms=1_000), GiveUp
    )


def test_pauses_double_up_to_a_bound_and_differ_among_clients() -> None:
    rng = random.Random(7)
    for step in range(40):
        full_ms = min(BACKOFF_BASE_MS * 2**step, BACKOFF_MAX_MS)
        pauses = {backoff_ms(step, rng) for _ in range(200)}
        assert full_ms / 2 <= min(pauses) < max(pauses) <= full_ms
