"""Messages survive the way to plain CBOR and back, and nothing else is taken for a message."""

from typing import Any

import attrs
import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.cluster.cluster_strategies import MESSAGE_CLASSES, any_message, instances
from unit.cluster.plans import planned_view

from pycluster.cluster.messages import MessageError, NodeExited, NodeHello, NodeWelcome, decode, encode
from pycluster.runtime.frames import decode_body

ID = "a" * 40
HELLO = encode(NodeHello(node_id=ID, run_id="b" * 40, pid=7, host="127.0.0.1", port=7000))


@pytest.mark.parametrize("kind", MESSAGE_CLASSES, ids=lambda kind: kind.__name__)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_message_comes_back_as_it_was_sent(kind: type[Any], data: st.DataObject) -> None:
    message = data.draw(instances(kind))
    assert decode(decode_body(cbor2.dumps(encode(message)))) == message


def test_a_message_is_a_map_of_version_class_and_fields() -> None:
    assert encode(NodeExited(node_id=ID, run_id=ID, exit_status=-9)) == {
        "v": 1,
        "t": "NodeExited",
        "node_id": ID,
        "run_id": ID,
        "exit_status": -9,
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"v": 2}, "protocol version 2 is not 1"),
        ({"v": True}, "protocol version True"),
        ({"t": "NodeFarewell"}, "unknown message 'NodeFarewell'"),
        ({"t": ["NodeHello"]}, "unknown message"),
        ({"node_id": ID.upper()}, "node_id has to be forty hexadecimal digits"),
        ({"node_id": None}, r"NodeHello\.node_id has to be str, not NoneType"),
        ({"pid": "7"}, r"NodeHello\.pid has to be int, not str"),
        ({"pid": True}, r"NodeHello\.pid has to be int, not bool"),
        ({"pid": -1}, "pid"),
        ({"port": 65_536}, "port"),
        ({"host": "two words"}, "host is no host name"),
        ({"pid": 2**63}, "64 bits"),
        ({"colour": "red"}, "NodeHello has no field 'colour'"),
    ],
)
def test_a_message_with_something_wrong_is_refused_by_name(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(MessageError, match=complaint):
        decode({**HELLO, **change})


@pytest.mark.parametrize("field", sorted(HELLO))
def test_a_message_with_a_field_missing_is_refused(field: str) -> None:
    with pytest.raises(MessageError, match=r"lacks|version|unknown message"):
        decode({key: value for key, value in HELLO.items() if key != field})


def test_what_is_no_message_is_not_sent() -> None:
    with pytest.raises(TypeError, match="no message"):
        encode(attrs.make_class("Stray", ["field"])(field=1))


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(deadline=None)
@given(message=any_message(), data=st.data())
def test_anything_in_the_place_of_a_field_is_either_valid_or_a_message_error(
    message: Any, data: st.DataObject
) -> None:
    frame = encode(message)
    frame[data.draw(st.sampled_from(sorted(frame)))] = data.draw(plain_values)
    try:
        decoded = decode(frame)
    except MessageError:
        return
    assert encode(decoded) == {**encode(decoded), **frame}


def test_an_error_deep_inside_says_where() -> None:
    frame = encode(NodeWelcome(view=planned_view()))
    frame["view"]["nodes"][3]["slots"] = [[1, 2], [5, "x"]]
    with pytest.raises(
        MessageError, match=r"^NodeWelcome\.view\.nodes\[3\]\.slots\[1\] has to be two slots$"
    ):
        decode(frame)
