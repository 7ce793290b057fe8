"""Generated command sequences answer and store the same on pycluster and on Valkey, in RESP2 and in RESP3."""

import os

import pytest
from differential.pair import Pair
from differential.sequences import GROUPS, sequences
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES_VARIABLE = "PYCLUSTER_DIFFERENTIAL_EXAMPLES"
"""Environment variable with the number of sequences a group; unset, every run tries the same few hundred."""

examples = os.environ.get(EXAMPLES_VARIABLE)


@pytest.mark.parametrize("group", GROUPS)
def test_generated_sequences_reply_and_store_the_same(
    pair: Pair, supported: frozenset[str], group: str
) -> None:
    @settings(
        max_examples=int(examples or 200),
        derandomize=examples is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(commands=sequences(group, supported), resp=st.sampled_from([2, 3]))
    def check(commands: list[tuple[bytes, ...]], resp: int) -> None:
        pair.check(commands, resp=resp)

    check()
