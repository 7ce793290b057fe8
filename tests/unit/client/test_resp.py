from typing import Any

import hiredis
import pytest

from pycluster.client.errors import ArgumentError, ResponseError
from pycluster.client.resp import INCOMPLETE, ReplyParser, pack


def feed(parser: ReplyParser, data: bytes) -> None:
    parser.feed(data, 0, len(data))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (b"\x00\r\n", b"\x00\r\n"),
        ("é", "é".encode()),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"ab"), b"ab"),
        (-7, b"-7"),
        (2**70, b"1180591620717411303424"),
        (0.1, b"0.1"),
        (float("inf"), b"inf"),
        ("\udcff", b"\xff"),
    ],
)
def test_every_kind_of_argument_has_one_form_on_the_wire(value: Any, sent: bytes) -> None:
    assert pack(("X", value)) == b"*2\r\n$1\r\nX\r\n$%d\r\n%s\r\n" % (len(sent), sent)


@pytest.mark.parametrize("value", [True, None, [], object()])
def test_what_has_no_form_on_the_wire_is_refused_by_its_position(value: Any) -> None:
    with pytest.raises(ArgumentError) as caught:
        pack(("SET", "k", value))
    assert caught.value.position == 2
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"+OK\r\n", b"OK"),
        (b"$3\r\n\x00\r\n\r\n", b"\x00\r\n"),
        (b"$-1\r\n", None),
        (b"_\r\n", None),
        (b"*-1\r\n", None),
        (b":-42\r\n", -42),
        (b",1.5\r\n", 1.5),
        (b"#f\r\n", False),
        (b"%1\r\n+a\r\n:1\r\n", {b"a": 1}),
        (b"*2\r\n:1\r\n*1\r\n+x\r\n", [1, [b"x"]]),
        (b"=6\r\ntxt:ab\r\n", b"ab"),
    ],
)
def test_replies_of_both_protocols_become_python_values(data: bytes, reply: Any) -> None:
    parser = ReplyParser(decode=False)
    feed(parser, data)
    assert parser.next_reply() == reply
    assert parser.next_reply() is INCOMPLETE


def test_an_error_reply_is_a_value_also_inside_an_array() -> None:
    parser = ReplyParser(decode=False)
    feed(parser, b"-ERR no\r\n*1\r\n-ERR inner\r\n")
    outer, (inner,) = parser.next_reply(), parser.next_reply()
    assert isinstance(outer, ResponseError)
    assert outer.message == "ERR no"
    assert isinstance(inner, ResponseError)


def test_text_is_decoded_only_when_asked_for_and_never_fails() -> None:
    parser = ReplyParser(decode=True)
    feed(parser, "$2\r\né\r\n".encode() + b"$1\r\n\xff\r\n$1\r\n\xff\r\n")
    assert parser.next_reply() == "é"
    undecodable = parser.next_reply()
    assert undecodable == "\udcff"
    assert pack((undecodable,)) == b"*1\r\n$1\r\n\xff\r\n"
    assert parser.next_reply(True) == b"\xff"


def test_a_push_is_told_from_a_reply() -> None:
    parser = ReplyParser(decode=False)
    feed(parser, b">2\r\n+invalidate\r\n*1\r\n+k\r\n")
    assert type(parser.next_reply()) is hiredis.PushNotification


def test_what_is_no_resp_is_an_error() -> None:
    parser = ReplyParser(decode=False)
    feed(parser, b"HTTP/1.1 400 Bad Request\r\n")
    with pytest.raises(hiredis.ProtocolError):
        parser.next_reply()
