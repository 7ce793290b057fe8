import pytest

from pycluster.client import errors
from pycluster.client.address import Address
from pycluster.client.errors import error_from_reply

ASKED = Address("10.0.0.1", 7000)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("WRONGTYPE Operation against a key", errors.WrongTypeError),
        ("OOM command not allowed", errors.OutOfMemoryError),
        ("CROSSSLOT Keys in request", errors.CrossSlotError),
        ("NOAUTH Authentication required.", errors.AuthenticationError),
        ("WRONGPASS invalid", errors.AuthenticationError),
        ("NOPERM this user", errors.NoPermissionError),
        ("NOSCRIPT No matching script", errors.NoScriptError),
        ("CLUSTERDOWN The cluster is down", errors.ClusterDownError),
        ("LOADING server is loading", errors.LoadingError),
        ("TRYAGAIN Multiple keys", errors.TryAgainError),
        ("MASTERDOWN Link", errors.MasterDownError),
        ("READONLY You can't write", errors.ReadOnlyError),
        ("ERR unknown", errors.ResponseError),
        ("", errors.ResponseError),
    ],
)
def test_the_first_word_of_an_error_reply_decides_its_class(message: str, kind: type[Exception]) -> None:
    error = error_from_reply(message)
    assert type(error) is kind
    assert (error.message, error.code) == (message, message.partition(" ")[0])


def test_a_redirect_carries_its_slot_and_where_to_go() -> None:
    error = error_from_reply("MOVED 3999 127.0.0.1:6381")
    assert isinstance(error, errors.MovedError)
    assert (error.slot, error.address(ASKED)) == (3999, ("127.0.0.1", 6381))


def test_a_redirect_without_a_host_stays_at_the_host_that_was_asked() -> None:
    error = error_from_reply("ASK 3999 :6381")
    assert isinstance(error, errors.AskError)
    assert error.address(ASKED) == ("10.0.0.1", 6381)


@pytest.mark.parametrize("message", ["MOVED", "MOVED 3999", "MOVED x 127.0.0.1:1", "ASK 1 a:1 more"])
def test_a_malformed_redirect_is_an_ordinary_refusal(message: str) -> None:
    assert type(error_from_reply(message)) is errors.ResponseError


def test_a_deadline_error_is_a_timeout_error_too() -> None:
    error = errors.DeadlineExceededError("the reply", ASKED, maybe_executed=True)
    assert isinstance(error, TimeoutError)
    assert str(error) == "time ran out waiting for the reply of 10.0.0.1:7000"


def test_no_node_reachable_names_every_cause_once() -> None:
    causes = [
        (ASKED, errors.ConnectionFailedError(ASKED, "refused")),
        (ASKED, errors.LoadingError("LOADING")),
    ]
    assert str(errors.NoNodeReachableError(causes)).endswith("10.0.0.1:7000: refused; 10.0.0.1:7000: LOADING")
