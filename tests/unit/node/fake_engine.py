"""An engine for tests of Python's side alone: remembers what it was told."""

from collections.abc import Sequence

import attrs

from pycluster.cluster.topology import Topology


@attrs.define
class FakeEngine:
    """The part of ``Engine`` that a member uses."""

    topologies: list[Topology] = attrs.field(factory=list)

    def set_topology(
        self,
        *,
        slot_owners: bytes,
        endpoints: Sequence[tuple[str, int]],
        mine: int | None,
        replica: bool,
        down_reason: str | None,
    ) -> None:
        self.topologies.append(
            Topology(
                slot_owners=slot_owners,
                endpoints=tuple(endpoints),
                mine=mine,
                replica=replica,
                down_reason=down_reason,
            )
        )

    def info(self, *sections: str) -> dict[str, str]:
        assert sections == ("memory", "clients")
        return {"used_memory": "1000", "connected_clients": "3"}

    def dbsize(self) -> int:
        return 7
