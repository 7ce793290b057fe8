"""The conversation with a node: CLUSTER INFO and CLUSTER NODES, however their bytes arrive."""

import pytest

from pycluster.supervisor.probe import ClusterOpinion, Conversation, ProbeError, parse_opinion

A, B = "a" * 40, "b" * 40
NODES = (
    f"{A} 127.0.0.1:7000@0,host myself,master - 0 0 3 connected 0-5460 9000 [93->-{B}]\n"
    f"{B} 127.0.0.1:7001@0 slave {A} 0 0 3 connected\n"
)
INFO = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\n"


def _bulk(text: str) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(text), text.encode())


def _fed(conversation: Conversation, data: bytes, piece: int) -> ClusterOpinion | None:
    opinions = [conversation.feed(data[at : at + piece]) for at in range(0, len(data), piece)]
    assert not any(opinions[:-1])
    return opinions[-1]


@pytest.mark.parametrize("piece", [1, 7, 1_000])
def test_replies_mean_the_same_however_they_are_cut(piece: int) -> None:
    opinion = _fed(Conversation(), _bulk(INFO) + _bulk(NODES), piece)
    assert opinion is not None
    assert opinion.state_ok
    assert opinion.myself == A
    assert opinion.roles[A].slots == ((0, 5460), (9000, 9000))
    assert (opinion.roles[B].role, opinion.roles[B].primary_id) == ("replica", A)


def test_the_reply_to_auth_is_not_taken_for_an_answer() -> None:
    conversation = Conversation("secret")
    assert b"AUTH" in conversation.request
    assert conversation.feed(b"+OK\r\n" + _bulk(INFO) + _bulk(NODES)) is not None


def test_a_cluster_that_is_down_is_not_ok() -> None:
    assert not parse_opinion(INFO.replace("ok", "fail"), NODES).state_ok


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="hung up"),
        pytest.param(b"-NOAUTH Authentication required.\r\n", id="error reply"),
        pytest.param(b":1\r\n", id="a number"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n", id="another protocol"),
        pytest.param(_bulk(INFO) + _bulk(NODES.replace("myself,", "")), id="nobody is itself"),
        pytest.param(_bulk(INFO) + _bulk("nonsense\n"), id="no nodes line"),
        pytest.param(_bulk(INFO) + _bulk(NODES.replace("9000", "9x")), id="no slot"),
    ],
)
def test_what_is_no_answer_raises_probe_error(data: bytes) -> None:
    with pytest.raises(ProbeError):
        Conversation().feed(data)
