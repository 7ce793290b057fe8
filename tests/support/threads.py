"""Calls made at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def side_by_side(*calls: Callable[[], T]) -> list[T]:
    """Make each call in a thread of its own; what they return, in order. Raises what one of them raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
