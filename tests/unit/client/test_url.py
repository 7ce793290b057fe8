import pytest

from pycluster.client.errors import UsageError
from pycluster.client.options import ReadFrom
from pycluster.client.url import parse_url, parse_urls


def test_a_url_names_several_seeds() -> None:
    assert parse_url("redis://a:7000,b,[::1]:7002").seeds == (("a", 7000), ("b", 6379), ("::1", 7002))


def test_user_and_password_are_percent_decoded() -> None:
    settings = parse_url("redis://us%40er:p%2Fw%3A@host").settings
    assert settings == {"username": "us@er", "password": "p/w:"}


def test_a_password_needs_no_user() -> None:
    assert parse_url("redis://:secret@host").settings == {"username": None, "password": "secret"}


def test_the_path_is_the_database() -> None:
    assert parse_url("redis://host:7000/3").settings == {"database": 3}


def test_the_query_holds_settings_by_their_names() -> None:
    url = "redis://host?timeout_s=0.5&read_from=replica&decode_responses=yes&pool_size_max=4"
    assert parse_url(url).settings == {
        "timeout_s": 0.5,
        "read_from": ReadFrom.REPLICA,
        "decode_responses": True,
        "pool_size_max": 4,
    }


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("host:7000", "redis://"),
        ("rediss://host", "redis://"),
        ("redis://host:port", "not a port"),
        ("redis://", "HOST:PORT"),
        ("redis://host/zero", "malformed"),
        ("redis://host?timeout=1", "no setting 'timeout'"),
        ("redis://host?timeout_s=soon", "timeout_s"),
        ("redis://host?decode_responses=maybe", "neither true nor false"),
    ],
)
def test_a_malformed_url_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_url(url)


def test_several_urls_add_their_seeds_and_the_first_settings_win() -> None:
    parsed = parse_urls(["redis://a:1?timeout_s=1", "redis://b:2?timeout_s=2&protocol=2", "redis://a:1"])
    assert parsed.seeds == (("a", 1), ("b", 2))
    assert parsed.settings == {"timeout_s": 1.0, "protocol": 2}


def test_no_url_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        parse_urls([])
