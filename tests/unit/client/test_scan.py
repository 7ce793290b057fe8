from pycluster.client.scan import ScanCursor


def test_a_walk_goes_on_until_the_cursor_is_zero_again() -> None:
    cursor = ScanCursor("k*", 100, "string")
    assert cursor.next_command() == ("SCAN", "0", "MATCH", "k*", "COUNT", 100, "TYPE", "string")
    assert cursor.take([b"17", [b"k1", b"k2"]]) == [b"k1", b"k2"]
    assert cursor.next_command() == ("SCAN", b"17", "MATCH", "k*", "COUNT", 100, "TYPE", "string")
    assert cursor.take([b"0", []]) == []
    assert cursor.next_command() is None


def test_a_decoded_zero_ends_the_walk_too() -> None:
    cursor = ScanCursor()
    assert cursor.next_command() == ("SCAN", "0")
    cursor.take(["0", ["k"]])
    assert cursor.next_command() is None
