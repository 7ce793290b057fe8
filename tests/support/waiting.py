"""Waiting for what other processes do, with a bound."""

import time
from collections.abc import Callable

WAIT_TIMEOUT_S = 20.0


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look again and again until it is true; an OSError means not yet. Fails when it takes too long."""
    end_s = time.monotonic() + WAIT_TIMEOUT_S
    while not _holds(condition):
        assert time.monotonic() < end_s, f"{what} took more than {WAIT_TIMEOUT_S} s"
        time.sleep(0.02)


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except OSError:
        return False
