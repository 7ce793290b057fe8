"""One scenario, three shells: blocking, trio and asyncio."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from pycluster.client import AsyncCluster, Cluster

SHELLS = ("blocking", "trio", "asyncio")

Scenario = Callable[[Any], Awaitable[None]]


class Awaited:
    """A blocking object whose methods can be awaited, so that scenarios are written once."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._wrapped, name)
        if not callable(attribute):
            return attribute
        if name == "pipeline":
            return lambda **settings: AwaitedPipeline(attribute(**settings))
        if name == "scan_iter":
            return lambda *args, **settings: _awaited_iterator(attribute(*args, **settings))

        async def method(*args: Any, **kwargs: Any) -> Any:
            return attribute(*args, **kwargs)

        return method


class AwaitedPipeline(Awaited):
    """Only ``execute`` is awaited in either kind of pipeline."""

    def __getattr__(self, name: str) -> Any:
        return super().__getattr__(name) if name == "execute" else getattr(self._wrapped, name)

    def __len__(self) -> int:
        return len(self._wrapped)

    async def __aenter__(self) -> AwaitedPipeline:
        self._wrapped.__enter__()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._wrapped.__exit__(*exc_info)


async def _awaited_iterator(iterator: Any) -> Any:
    for one in iterator:
        yield one


def run(shell: str, scenario: Scenario, address: tuple[str, int], **settings: Any) -> None:
    """Play a scenario with a client of this shell; the client is not connected yet."""
    assert inspect.iscoroutinefunction(scenario)

    async def play() -> None:
        if shell == "blocking":
            client = Cluster(*address, **settings)
            try:
                await scenario(Awaited(client))
            finally:
                client.close()
        else:
            async_client = AsyncCluster(*address, **settings)
            try:
                await scenario(async_client)
            finally:
                await async_client.aclose()

    anyio.run(play, backend="asyncio" if shell == "blocking" else shell)
