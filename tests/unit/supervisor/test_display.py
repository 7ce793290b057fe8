"""What is said of processes."""

import pytest

from pycluster.supervisor.display import describe_status


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "nobody saw how"),
        (0, "exit status 0"),
        (1, "exit status 1"),
        (-9, "SIGKILL"),
        (-99, "signal 99"),
    ],
)
def test_exit_statuses_in_words(status: int | None, words: str) -> None:
    assert describe_status(status) == words
