"""What type checkers must know of the clients. Nothing runs this file: the mypy stage is its test."""

from __future__ import annotations

from typing import assert_type

from pycluster.client import AsyncCluster, Cluster


def blocking(plain: Cluster[bytes]) -> None:
    assert_type(Cluster("h", 1), Cluster[bytes])
    assert_type(Cluster(decode_responses=True, timeout_s=1), Cluster[str])
    assert_type(Cluster.from_url("redis://h"), Cluster[bytes])
    text = Cluster.from_url("redis://h", decode_responses=True)
    assert_type(text, Cluster[str])
    assert_type(plain.get("k"), bytes | None)
    assert_type(text.get(b"k"), str | None)
    assert_type(text.mget(["a", b"b"]), list[str | None])
    assert_type(text.dump("k"), bytes | None)
    assert_type(plain.set("k", 1.5, ex=3), bool)
    assert_type(plain.type("k"), str)
    assert_type(plain.dbsize(), int)
    for key in text.scan_iter():
        assert_type(key, str)
    with text.pipeline() as pipe:
        assert_type(pipe.get("k").result(), str | None)
        assert_type(pipe.incr("k").result(), int)
    plain.set("k", None)  # type: ignore[arg-type]
    plain.get("k", "more")  # type: ignore[call-arg]
    Cluster(timeout="soon")  # type: ignore[call-overload]


async def awaited(text: AsyncCluster[str]) -> None:
    assert_type(AsyncCluster("h", 1), AsyncCluster[bytes])
    assert_type(await text.get("k"), str | None)
    assert_type(await text.delete("a", "b"), int)
    async for key in text.scan_iter("*"):
        assert_type(key, str)
    async with text.pipeline() as pipe:
        assert_type(pipe.mget(["k"]).result(), list[str | None])
        await pipe.execute()
