from collections.abc import Sequence
from typing import Any

import pytest

from pycluster.client.address import Address
from pycluster.client.errors import AuthenticationError, ConnectionFailedError, LoadingError, error_from_reply
from pycluster.client.handshake import greet
from pycluster.client.options import ClientOptions, ReadFrom

NODE = Address("h", 1)
LIBRARY = ("CLIENT", "SETINFO", "LIB-NAME", "pycluster")


def talk(options: ClientOptions, *answers: Sequence[Any]) -> tuple[list[list[tuple[Any, ...]]], int]:
    """Play the server: the commands of each round, and the protocol agreed on."""
    greeting = greet(options, NODE)
    rounds = [list(next(greeting))]
    for replies in answers:
        try:
            rounds.append(list(greeting.send(list(replies))))
        except StopIteration as stop:
            return rounds, stop.value
    raise AssertionError("the greeting did not end")


def test_resp3_is_offered_and_taken() -> None:
    rounds, protocol = talk(ClientOptions(), [{b"proto": 3}], [b"OK"])
    assert (rounds, protocol) == ([[("HELLO", 3)], [LIBRARY]], 3)


@pytest.mark.parametrize("refusal", ["NOPROTO unsupported protocol version", "ERR unknown command 'HELLO'"])
def test_a_server_without_resp3_is_spoken_to_in_resp2(refusal: str) -> None:
    options = ClientOptions(username="u", password="p")
    rounds, protocol = talk(options, [error_from_reply(refusal)], [b"OK", b"OK"])
    assert (rounds[1][0], protocol) == (("AUTH", "u", "p"), 2)


def test_resp2_on_request_says_no_hello() -> None:
    rounds, protocol = talk(ClientOptions(protocol=2, password="p"), [b"OK", b"OK"])
    assert (rounds, protocol) == ([[("AUTH", "p"), LIBRARY]], 2)


def test_everything_the_options_say_is_said() -> None:
    options = ClientOptions(password="p", database=3, client_name="n", read_from=ReadFrom.REPLICA)
    rounds, _ = talk(options, [{}], [b"OK"] * 4)
    assert rounds == [
        [("HELLO", 3, "AUTH", "default", "p")],
        [("SELECT", 3), ("CLIENT", "SETNAME", "n"), LIBRARY, ("READONLY",)],
    ]


def test_a_wrong_password_is_reported_as_such() -> None:
    with pytest.raises(AuthenticationError):
        talk(ClientOptions(password="p"), [error_from_reply("WRONGPASS invalid")])
    with pytest.raises(AuthenticationError):
        talk(ClientOptions(protocol=2, password="p"), [error_from_reply("WRONGPASS invalid"), b"OK"])


def test_a_loading_server_may_be_tried_again() -> None:
    with pytest.raises(LoadingError):
        talk(ClientOptions(), [error_from_reply("LOADING reading the dump")])


def test_a_server_that_is_full_counts_as_unreachable() -> None:
    with pytest.raises(ConnectionFailedError, match="max number of clients"):
        talk(ClientOptions(), [error_from_reply("ERR max number of clients reached")])


def test_a_database_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ConnectionFailedError, match="out of range"):
        talk(ClientOptions(database=99), [{}], [error_from_reply("ERR DB index is out of range"), b"OK"])


def test_what_we_can_do_without_may_fail() -> None:
    refusal = error_from_reply("ERR unknown subcommand")
    assert talk(ClientOptions(read_from=ReadFrom.ANY), [{}], [refusal, refusal])[1] == 3
