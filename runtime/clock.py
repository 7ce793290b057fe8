"""The one place in Python where time and randomness enter.

Everything else takes ``now_ms`` or a ``random.Random`` as an argument, so tests can choose both.
"""

import random
import secrets
import time


def monotonic_ms() -> int:
    """Milliseconds on CLOCK_MONOTONIC, which all processes of a host share and no one can set."""
    return time.monotonic_ns() // 1_000_000


def unix_ms() -> int:
    """Milliseconds since 1970-01-01 UTC, for what people and files read; never for measuring a duration."""
    return time.time_ns() // 1_000_000


def new_rng() -> random.Random:
    """A generator seeded from the operating system, for jitter and sampling; not for secrets."""
    return random.Random(secrets.randbits(128))


def new_node_id() -> str:
    """Forty random hexadecimal digits: a node, run, shard or cluster id as Redis Cluster writes them."""
    return secrets.token_hex(20)


def new_secret() -> str:
    """A cluster secret: 64 random hexadecimal digits."""
    return secrets.token_hex(32)
