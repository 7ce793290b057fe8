"""A router with a table of three nodes, for tests of what is decided with it."""

from __future__ import annotations

import random
from typing import Any

from pycluster.client.address import Address
from pycluster.client.options import ClientOptions
from pycluster.client.router import Router
from pycluster.client.slot_cache import Shard, SlotRange
from pycluster.client.slots import key_slot

A, B, C = (Address("10.0.0.1", port) for port in (1, 2, 3))
REPLICA = Address("10.0.0.1", 9)


def router(**settings: Any) -> Router:
    """Slots 0-5460 at A (which has a replica), 5461-10922 at B, the rest at C."""
    one = Router((A,), ClientOptions(**settings), random.Random(1))
    one.slots.replace(
        [
            SlotRange(0, 5_460, Shard(A, (REPLICA,))),
            SlotRange(5_461, 10_922, Shard(B)),
            SlotRange(10_923, 16_383, Shard(C)),
        ]
    )
    return one


def key_of(node: Address, number: int = 0) -> str:
    """The ``number``-th short key that the table gives to a node."""
    slots = {A: range(5_461), B: range(5_461, 10_923), C: range(10_923, 16_384)}[node]
    found = (f"k{index}" for index in range(10**6) if key_slot(b"k%d" % index) in slots)
    for _ in range(number):
        next(found)
    return next(found)
