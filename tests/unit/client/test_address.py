import pytest

from pycluster.client.address import Address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7000", ("127.0.0.1", 7000)),
        ("cache.example", ("cache.example", 6379)),
        ("[::1]:7001", ("::1", 7001)),
        ("[::1]", ("::1", 6379)),
        ("fe80::1:7002", ("fe80::1", 7002)),  # as a server writes it in a redirect
    ],
)
def test_an_address_is_read_in_every_usual_form(text: str, address: tuple[str, int]) -> None:
    assert Address.parse(text) == address


def test_a_redirect_without_a_host_means_the_server_that_answered() -> None:
    assert Address.parse(":7001", host_default="10.0.0.5") == ("10.0.0.5", 7001)


@pytest.mark.parametrize("text", ["", ":7000", "host:0", "host:65536", "host:port", "host:-1", "[::1:70"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HOST:PORT|not a port|bracket"):
        Address.parse(text)


def test_an_ipv6_address_is_written_with_brackets_and_read_back() -> None:
    address = Address("::1", 7000)
    assert str(address) == "[::1]:7000"
    assert Address.parse(str(address)) == address
