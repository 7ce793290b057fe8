"""How a new connection introduces itself."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

from pycluster.client.address import Address
from pycluster.client.errors import AuthenticationError, ConnectionFailedError, LoadingError, ResponseError
from pycluster.client.options import ClientOptions, ReadFrom

Greeting: TypeAlias = Generator[list[tuple[str | int, ...]], list[Any], int]
"""Yields commands to send at once, is sent their replies, returns the protocol version."""

LIBRARY_NAME = "pycluster"


def greet(options: ClientOptions, address: Address) -> Greeting:
    """Agree on a protocol and log in.

    RESP3 is offered first; a server that does not know HELLO or version 3 is spoken to in RESP2.

    Raises:
        AuthenticationError: user name or password are missing or wrong.
        LoadingError: the server will serve later.
        ConnectionFailedError: it refuses us for another reason, such as too many clients.
    """
    login: tuple[str, ...] = ()
    if options.password is not None:
        login = ("AUTH", options.username or "default", options.password)
    protocol = 2
    if options.protocol == 3:
        (reply,) = yield [("HELLO", 3, *login)]
        if not isinstance(reply, ResponseError):
            protocol = 3
        elif reply.code != "NOPROTO" and not reply.message.lower().startswith("err unknown command"):
            raise _refusal(reply, address)
    needed: list[tuple[str | int, ...]] = []
    if protocol == 2 and login:
        # A password without a user is also what servers older than ACLs understand.
        needed.append(login if options.username else ("AUTH", login[-1]))
    if options.database:
        needed.append(("SELECT", options.database))
    if options.client_name:
        needed.append(("CLIENT", "SETNAME", options.client_name))
    # What some servers do not know and we can do without; READONLY fails where there is no cluster.
    welcome: list[tuple[str | int, ...]] = [("CLIENT", "SETINFO", "LIB-NAME", LIBRARY_NAME)]
    if options.read_from is not ReadFrom.PRIMARY:
        welcome.append(("READONLY",))
    replies = yield [*needed, *welcome]
    for reply in replies[: len(needed)]:
        if isinstance(reply, ResponseError):
            raise _refusal(reply, address)
    return protocol


def _refusal(error: ResponseError, address: Address) -> Exception:
    if isinstance(error, (AuthenticationError, LoadingError)):
        return error
    return ConnectionFailedError(address, f"refused: {error.message}")
