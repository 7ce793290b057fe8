"""Programs that run beside a test, and never outlive it."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def running(words: Sequence[str], **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A program for the length of a block; it is killed at the end of it if it still runs.

    ``Popen`` as a context manager waits instead: a failed assertion would hang until the test's timeout.
    """
    with subprocess.Popen(words, text=True, **settings) as process:
        try:
            yield process
        finally:
            process.kill()
