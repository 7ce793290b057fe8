"""A host's bus under random hellos, deaths, cut links, restarts and time; the seed replays a run exactly."""

import random
from collections import deque

import attrs
import pytest
from unit.cluster.plans import CLUSTER_ID, hello, node_id, plan, run_id, shard_ids

from pycluster.cluster.membership import HelloRefusedError, Membership, first_state
from pycluster.cluster.messages import NodeExited, NodeStarted
from pycluster.cluster.state_file import parse, serialise
from pycluster.cluster.view import ClusterView, Health

NODE_COUNT = 6
TIMEOUT_MS = 500
STEPS = 400


@attrs.define
class World:
    """One bus and the processes of its host: which run of a node lives, and which have a connection."""

    rng: random.Random
    membership: Membership
    disk: bytes
    now_ms: int = 0
    runs: list[int] = attrs.field(factory=lambda: [0] * NODE_COUNT)
    alive: set[int] = attrs.field(factory=set)
    connected: set[int] = attrs.field(factory=set)
    # The supervisor's notices keep their order, but travel on another connection than the nodes' hellos.
    undelivered: deque[NodeStarted | NodeExited] = attrs.field(factory=deque)

    def step(self) -> None:
        events = [self.start, self.connect, self.cut, self.kill, self.deliver, self.pass_time, self.crash_bus]
        self.rng.choices(events, weights=[4, 4, 1, 2, 4, 2, 0.2])[0](self.rng.randrange(NODE_COUNT))

    def start(self, index: int) -> None:
        if index not in self.alive:
            self.runs[index] += 1
            self.alive.add(index)
            run = run_id(index, self.runs[index])
            self.undelivered.append(NodeStarted(node_id=node_id(index), run_id=run, pid=1))

    def connect(self, index: int) -> None:
        if index in self.alive:
            self.membership.handle_hello(hello(index, self.runs[index]), unix_ms=self.now_ms)
            self.connected.add(index)

    def cut(self, index: int) -> None:
        if index in self.connected:
            self.connected.remove(index)
            run = run_id(index, self.runs[index])
            self.membership.handle_link_lost(node_id(index), run, now_ms=self.now_ms, unix_ms=self.now_ms)

    def kill(self, index: int) -> None:
        if index in self.alive:
            self.cut(index)
            self.alive.remove(index)
            run = run_id(index, self.runs[index])
            self.undelivered.append(NodeExited(node_id=node_id(index), run_id=run, exit_status=-9))

    def deliver(self, _index: int) -> None:
        if self.undelivered:
            notice = self.undelivered.popleft()
            if isinstance(notice, NodeExited):
                self.membership.handle_exited(notice, unix_ms=self.now_ms)
            else:
                self.membership.handle_started(notice, now_ms=self.now_ms, unix_ms=self.now_ms)

    def deliver_all(self) -> None:
        while self.undelivered:
            self.deliver(0)

    def pass_time(self, _index: int) -> None:
        self.now_ms += self.rng.randrange(TIMEOUT_MS)
        self.membership.handle_time(now_ms=self.now_ms, unix_ms=self.now_ms)

    def crash_bus(self, _index: int) -> None:
        saved = parse(self.disk)
        self.membership = Membership(saved, node_timeout_ms=TIMEOUT_MS, now_ms=self.now_ms)
        self.disk = serialise(self.membership.saved_state)
        self.connected.clear()


def new_world(seed: int) -> World:
    saved = first_state(CLUSTER_ID, plan(NODE_COUNT), new_id=shard_ids())
    membership = Membership(saved, node_timeout_ms=TIMEOUT_MS, now_ms=0)
    return World(random.Random(seed), membership, serialise(membership.saved_state))


def check(before: ClusterView, after: ClusterView, owner_of: dict[tuple[int, int], str]) -> None:
    """The safety rules: versions only grow, and a slot has one owner an epoch, ever."""
    assert after == before or after.version > before.version
    assert after.current_epoch >= before.current_epoch
    for owner in after.owners:
        for slot in (slot for slots in owner.slots for slot in (slots.start, slots.end)):
            assert owner_of.setdefault((slot, owner.config_epoch), owner.node_id) == owner.node_id


@pytest.mark.parametrize("seed", range(10))
def test_versions_grow_and_slots_have_one_owner_an_epoch_whatever_happens(seed: int) -> None:
    world = new_world(seed)
    owner_of: dict[tuple[int, int], str] = {}
    for _ in range(STEPS):
        before = world.membership.view
        world.step()
        if world.membership.view is not before:
            check(before, world.membership.view, owner_of)


@pytest.mark.parametrize("seed", range(20))
def test_everyone_is_healthy_again_once_all_is_started_connected_and_delivered(seed: int) -> None:
    world = new_world(seed)
    for _ in range(STEPS):
        world.step()
    for index in range(NODE_COUNT):
        world.start(index)
        world.connect(index)
    world.deliver_all()
    world.pass_time(0)
    assert {node.health for node in world.membership.view.nodes} == {Health.ONLINE}


@pytest.mark.parametrize("seed", range(20))
def test_a_dead_process_is_never_healthy_once_its_death_is_known(seed: int) -> None:
    world = new_world(seed)
    for _ in range(STEPS):
        world.step()
    for index in range(0, NODE_COUNT, 2):
        world.start(index)
        world.kill(index)
    world.deliver_all()
    for index in range(0, NODE_COUNT, 2):
        assert world.membership.view.node(node_id(index)).health is Health.FAIL
        with pytest.raises(HelloRefusedError):
            world.membership.handle_hello(hello(index, world.runs[index]), unix_ms=world.now_ms)
