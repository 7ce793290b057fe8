"""Generators for the commands about the connection itself."""

from collections.abc import Mapping

from differential.values import (
    Commands,
    Words,
    any_databases,
    any_integers,
    command,
    keys,
    maybe,
    options,
    values,
    word,
)
from hypothesis import strategies as st

names: Words = st.sampled_from(
    [b"worker", b"", b"with space", b"new\nline", b"caf\xc3\xa9", b"a" * 100, b"%d", b"\x00"]
)
on_off: Words = st.sampled_from([b"ON", b"OFF", b"on", b"off", b"maybe", b""])
# No connection has this address or id, so that nobody is killed by accident.
nobody: Words = st.sampled_from(
    [b"127.0.0.1:1", b"1.2.3.4:5", b"", b"junk", b"999999999", b"0", b"-1", b"abc"]
)


def _client(name: bytes, *parts: "bytes | Words | Commands") -> Commands:
    return command(b"CLIENT", word(name), *parts)


client_filters: Commands = st.one_of(
    command(b"ADDR", nobody),
    command(b"LADDR", nobody),
    command(b"ID", st.sampled_from([b"999999999", b"0", b"-1", b"abc", b""])),
    command(b"USER", st.sampled_from([b"nobody", b""])),
    command(b"TYPE", st.sampled_from([b"master", b"primary", b"replica", b"slave", b"junk"])),
    command(b"SKIPME", st.sampled_from([b"YES", b"no", b"junk"])),
    command(b"MAXAGE", st.sampled_from([b"1000000", b"-1", b"0", b"abc"])),
    command(b"NAME", st.sampled_from([b"nobody", b""])),
    command(b"junk", b"junk"),
    command(b"ID"),
)

COMMANDS: Mapping[str, Commands] = {
    "PING": command(b"PING", maybe(values)),
    "ECHO": command(b"ECHO", values),
    "SELECT": command(b"SELECT", any_databases),
    "HELLO": command(
        b"HELLO",
        maybe(st.sampled_from([b"2", b"3", b"1", b"4", b"0", b"-3", b"abc", b"", b"3.0"])),
        options(
            command(word(b"SETNAME"), names),
            command(
                word(b"AUTH"), st.sampled_from([b"default", b"nobody"]), st.sampled_from([b"", b"secret"])
            ),
            command(b"AUTH", b"default"),
            command(b"SETNAME"),
            command(b"junk"),
            most=2,
        ),
    ),
    "AUTH": command(
        b"AUTH", maybe(st.sampled_from([b"default", b"nobody"])), st.sampled_from([b"", b"secret"])
    ),
    "RESET": command(b"RESET"),
    "QUIT": command(b"QUIT", maybe(values)),
    "CLIENT CACHING": _client(b"CACHING", st.sampled_from([b"YES", b"NO", b"junk", b""])),
    "CLIENT CAPA": _client(b"CAPA", st.sampled_from([b"redirect", b"junk", b""])),
    "CLIENT GETNAME": _client(b"GETNAME"),
    "CLIENT GETREDIR": _client(b"GETREDIR"),
    "CLIENT HELP": _client(b"HELP"),
    "CLIENT ID": _client(b"ID"),
    "CLIENT IMPORT-SOURCE": _client(b"IMPORT-SOURCE", on_off),
    "CLIENT INFO": _client(b"INFO"),
    "CLIENT KILL": st.one_of(
        _client(b"KILL", st.sampled_from([b"127.0.0.1:1", b"junk", b""])),
        _client(b"KILL", b"ADDR", b"127.0.0.1:1", options(client_filters, most=2)),
    ),
    "CLIENT LIST": _client(b"LIST", options(client_filters, most=1)),
    "CLIENT NO-EVICT": _client(b"NO-EVICT", on_off),
    "CLIENT NO-TOUCH": _client(b"NO-TOUCH", on_off),
    # A pause of zero, and what is refused: a real pause would hold up the sequence, not only the clients.
    "CLIENT PAUSE": _client(
        b"PAUSE",
        st.sampled_from([b"0", b"-1", b"abc", b""]),
        maybe(st.sampled_from([b"WRITE", b"ALL", b"junk"])),
    ),
    # ON alone is answered; OFF and SKIP are in test_connection.py, since a sequence counts replies.
    "CLIENT REPLY": _client(b"REPLY", st.sampled_from([b"ON", b"junk", b""])),
    "CLIENT SETINFO": _client(b"SETINFO", st.sampled_from([b"LIB-NAME", b"lib-ver", b"junk"]), names),
    "CLIENT SETNAME": _client(b"SETNAME", names),
    "CLIENT TRACKING": _client(b"TRACKING", st.sampled_from([b"OFF", b"junk", b""])),
    "CLIENT TRACKINGINFO": _client(b"TRACKINGINFO"),
    "CLIENT UNBLOCK": _client(b"UNBLOCK", st.sampled_from([b"999999999", b"-1", b"abc"]), maybe(b"ERROR")),
    "CLIENT UNPAUSE": _client(b"UNPAUSE"),
    "READONLY": command(b"READONLY"),
    "READWRITE": command(b"READWRITE"),
    "ASKING": command(b"ASKING"),
    "unknown command": st.one_of(
        command(
            st.sampled_from([b"NOSUCH", b"", b"GE", b"\x00\x01", b"with space", b"x" * 200]),
            options(command(values)),
        ),
        command(b"CLIENT", st.sampled_from([b"junk", b"", b"LISTX"]), maybe(keys)),
        command(b"OBJECT", st.sampled_from([b"junk", b"", b"ENCODINGS"]), maybe(keys)),
        command(b"CONFIG", st.sampled_from([b"junk", b""]), maybe(any_integers)),
        command(b"COMMAND", st.sampled_from([b"junk", b""]), maybe(any_integers)),
    ),
}
