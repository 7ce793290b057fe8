"""Settings of a client."""

from __future__ import annotations

import enum
from typing import TypedDict

import attrs
from attrs.validators import ge, gt, in_, instance_of


class ReadFrom(enum.Enum):
    """Which nodes of a shard answer commands that only read."""

    PRIMARY = "primary"
    """The primary: a read sees every write that was acknowledged before it."""
    REPLICA = "replica"
    """A replica at random, or the primary if there is none; may be behind by the replication delay."""
    ANY = "any"
    """Primary and replicas alike."""


class Settings(TypedDict, total=False):
    """The keyword arguments of a client, for type checkers; :class:`ClientOptions` explains them."""

    username: str | None
    password: str | None
    database: int
    client_name: str | None
    protocol: int
    timeout_s: float
    connect_timeout_s: float
    pool_size_max: int
    retries_max: int
    retry_lost_writes: bool
    read_from: ReadFrom
    pipeline_depth_max: int


@attrs.frozen(kw_only=True)
class ClientOptions:
    """How a client behaves; made once, shared by everything in it.

    Attributes:
        username: ACL user; None with a password means ``default``.
        password: None: no authentication.
        database: 0 in a cluster; a server alone may have more.
        client_name: shown by CLIENT LIST.
        protocol: 3 (RESP3, falling back to RESP2 where a server knows only that) or 2.
        timeout_s: overall time a command, pipeline or wait for a connection may take, redirects and retries
            included.
        connect_timeout_s: time one connection may take to open and greet.
        pool_size_max: connections per node; who finds none free waits, up to the deadline.
        retries_max: tries after the first when a node is unreachable, loading, or the cluster is down.
        retry_lost_writes: send again also those writes whose reply was lost and that a repeat could change
            (INCR, LPUSH, ...). Reads and idempotent writes are always sent again.
        read_from: who answers reads.
        pipeline_depth_max: commands one pipeline may hold.
        decode_responses: replies as str (UTF-8, undecodable bytes as surrogates) instead of bytes.
    """

    username: str | None = None
    password: str | None = attrs.field(default=None, repr=False)
    database: int = attrs.field(default=0, validator=[instance_of(int), ge(0)])
    client_name: str | None = None
    protocol: int = attrs.field(default=3, validator=in_((2, 3)))
    timeout_s: float = attrs.field(default=5.0, validator=gt(0))
    connect_timeout_s: float = attrs.field(default=1.0, validator=gt(0))
    pool_size_max: int = attrs.field(default=32, validator=[instance_of(int), gt(0)])
    retries_max: int = attrs.field(default=16, validator=[instance_of(int), ge(0)])
    retry_lost_writes: bool = False
    read_from: ReadFrom = attrs.field(default=ReadFrom.PRIMARY, converter=ReadFrom)
    pipeline_depth_max: int = attrs.field(default=10_000, validator=[instance_of(int), gt(0)])
    decode_responses: bool = False

    @property
    def timeout_ms(self) -> int:
        """``timeout_s`` in whole milliseconds, at least one."""
        return max(1, round(self.timeout_s * 1_000))

    @property
    def connect_timeout_ms(self) -> int:
        """``connect_timeout_s`` in whole milliseconds, at least one."""
        return max(1, round(self.connect_timeout_s * 1_000))
