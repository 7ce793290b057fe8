import pytest

from pycluster.client.slots import key_slot


@pytest.mark.parametrize(
    ("key", "slot"),
    [(b"", 0), (b"123456789", 12_739), (b"foo", 12_182), (b"bar", 5_061)],
)
def test_a_key_without_a_tag_is_hashed_whole(key: bytes, slot: int) -> None:
    assert key_slot(key) == slot


def test_keys_with_the_same_tag_share_a_slot() -> None:
    assert key_slot(b"{user1000}.following") == key_slot(b"{user1000}.followers") == key_slot(b"user1000")


def test_an_empty_tag_hashes_the_whole_key() -> None:
    assert key_slot(b"foo{}{bar}") != key_slot(b"bar")


def test_the_first_closing_brace_ends_the_tag() -> None:
    assert key_slot(b"foo{{bar}}zap") == key_slot(b"{bar")


def test_only_the_first_tag_counts() -> None:
    assert key_slot(b"foo{bar}{zap}") == key_slot(b"bar")


def test_an_open_brace_alone_is_an_ordinary_character() -> None:
    assert key_slot(b"foo{bar") != key_slot(b"bar")
