"""Waiting for what other processes do, with a bound."""

import time
from collections.abc import Callable, Iterator

WAIT_TIMEOUT_S = 20.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until it is true; an OSError means not yet. Fails when it takes too long."""
    end_s = time.monotonic() + WAIT_TIMEOUT_S
    while not _holds(condition):
        assert time.monotonic() < end_s, f"{what} took more than {WAIT_TIMEOUT_S} s"
        time.sleep(0.02)


def in_time(what: str) -> Iterator[None]:
    """Turns of a loop, as many as fit into the time; fails when it is over and the loop has not been left."""
    end_s = time.monotonic() + WAIT_TIMEOUT_S
    while time.monotonic() < end_s:
        yield
    raise AssertionError(f"{what} took more than {WAIT_TIMEOUT_S} s")


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except OSError:
        return False
