from typing import Any

import attrs
import pytest

from pycluster.client.options import ClientOptions, ReadFrom, Settings


def test_the_keyword_arguments_for_type_checkers_are_the_settings_there_are() -> None:
    # decode_responses stands apart in the clients' signatures, because it decides their type.
    names = {field.name for field in attrs.fields(ClientOptions)}
    assert set(Settings.__annotations__) == names - {"decode_responses"}


@pytest.mark.parametrize(
    "settings",
    [
        {"timeout_s": 0},
        {"connect_timeout_s": -1},
        {"pool_size_max": 0},
        {"retries_max": -1},
        {"protocol": 4},
        {"database": -1},
        {"pipeline_depth_max": 0},
        {"read_from": "anywhere"},
    ],
)
def test_a_setting_out_of_range_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ClientOptions(**settings)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(ClientOptions(password="secret"))


def test_read_from_may_be_given_by_its_value() -> None:
    assert ClientOptions(read_from="any").read_from is ReadFrom.ANY


def test_a_time_below_a_millisecond_is_one_millisecond() -> None:
    assert ClientOptions(timeout_s=0.0001).timeout_ms == 1
