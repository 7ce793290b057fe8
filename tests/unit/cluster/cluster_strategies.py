"""Hypothesis strategies for the cluster's records and messages, made from the classes' own annotations."""

import enum
import types
import typing
from collections.abc import Mapping
from typing import Any

import attrs
from hypothesis import strategies as st

from pycluster.cluster import messages, peer_messages
from pycluster.cluster.slots import SlotRange, compress
from pycluster.cluster.view import COUNTER_MAX, ClusterView, NodeRecord, Role

hex_ids = st.text("0123456789abcdef", min_size=40, max_size=40)
hosts = st.sampled_from(["", "0.0.0.0", "127.0.0.1", "::1", "cache-1.example.org"])
counters = st.one_of(st.integers(0, 1000), st.integers(0, COUNTER_MAX))
slot_ranges = st.sets(st.integers(0, 60), max_size=20).map(compress)

_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "host": hosts,
    "bus_host": hosts,
    "port": st.integers(0, 65_535),
    "bus_port": st.integers(0, 65_535),
    "name": st.text(max_size=20),
    "exit_status": st.none() | st.integers(-64, 255),
    "reporters": st.lists(hex_ids, max_size=3).map(tuple),
    "voters": st.lists(hex_ids, max_size=3).map(tuple),
    **dict.fromkeys(
        ["node_id", "shard_id", "cluster_id", "sender", "target", "reporter", "suspect", "candidate"], hex_ids
    ),
    **dict.fromkeys(["voter", "primary", "replication_id"], hex_ids),
}


def records(**fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[NodeRecord]:
    """Any node, some fields chosen by the caller; a replica owns no slots."""
    anything = {field.name: for_field(NodeRecord, field.name) for field in attrs.fields(NodeRecord)}
    return st.fixed_dictionaries({**anything, **fixed}).map(_record)


def _record(fields: dict[str, Any]) -> NodeRecord:
    return NodeRecord(**{**fields, "slots": () if fields["role"] is Role.REPLICA else fields["slots"]})


@st.composite
def views(draw: st.DrawFn) -> ClusterView:
    """Views of up to five shards, with every slot owned at most once."""
    shard_ids = draw(st.lists(hex_ids, max_size=5, unique=True))
    nodes: list[NodeRecord] = []
    owned: set[int] = set()
    for shard_id in shard_ids:
        slots = set(draw(st.sets(st.integers(0, 100), max_size=10))) - owned
        owned |= slots
        for index in range(draw(st.integers(1, 3))):
            role = Role.REPLICA if index else Role.PRIMARY
            holds = () if index else compress(slots)
            record = records(shard_id=st.just(shard_id), role=st.just(role), slots=st.just(holds))
            nodes.append(
                draw(record.filter(lambda node: not any(node.node_id == other.node_id for other in nodes)))
            )
    epoch = max((node.config_epoch for node in nodes), default=0)
    return ClusterView(
        cluster_id=draw(hex_ids), version=draw(counters), current_epoch=epoch, nodes=tuple(nodes)
    )


def instances(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any valid object of an attrs class that messages may contain."""
    if kind is ClusterView:
        return views()
    if kind is NodeRecord:
        return records()
    return st.builds(kind, **{field.name: for_field(kind, field.name) for field in attrs.fields(kind)})


def for_field(kind: type[Any], name: str) -> st.SearchStrategy[Any]:
    """Any valid value of one field."""
    hint = typing.get_type_hints(kind)[name]
    if name == "run_id":
        return hex_ids if hint is str else st.none() | hex_ids
    return _BY_NAME[name] if name in _BY_NAME else _of_type(hint)


def _of_type(hint: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint is str:
        return st.text(max_size=20)
    if hint is bytes:
        return st.binary(max_size=20)
    if hint is bool:
        return st.booleans()
    if hint is int:
        return counters
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(st.none() if part is types.NoneType else _of_type(part) for part in arguments))
    if origin is tuple and arguments[0] is SlotRange:
        return slot_ranges
    if origin is tuple:
        return st.lists(_of_type(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(hex_ids, counters, max_size=3)
    if issubclass(hint, enum.Enum):
        return st.sampled_from(hint)
    return instances(hint)


MESSAGE_CLASSES: list[type[Any]] = [
    kind
    for module in (messages, peer_messages)
    for kind in vars(module).values()
    if isinstance(kind, type) and messages.is_message_class(kind)
]


def any_message() -> st.SearchStrategy[Any]:
    """Any message of any class."""
    return st.sampled_from(MESSAGE_CLASSES).flatmap(instances)
