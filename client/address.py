"""Where a node listens for clients."""

from __future__ import annotations

from typing import NamedTuple

PORT_DEFAULT = 6379


class Address(NamedTuple):
    """Host and port of one node. A plain tuple, because every command looks its pool up by it."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, host_default: str = "") -> Address:
        """Read ``host:port``, ``host``, ``[v6]:port`` or the ``:port`` that a server may name in a redirect.

        Args:
            text: what stands in a URL, a seed list, or a MOVED or ASK error.
            host_default: the host when ``text`` has none: the server that answered.

        Raises:
            ValueError: the port is no number from 1 to 65535, or there is no host at all.
        """
        if text.startswith("["):
            host, bracket, rest = text[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")):
                raise ValueError(f"{text!r} has no closing bracket before its port")
            port_text = rest[1:]
        else:
            # The last colon divides: servers write IPv6 addresses in redirects without brackets.
            host, colon, port_text = text.rpartition(":")
            if not colon:
                host, port_text = text, ""
        if port_text and not (port_text.isascii() and port_text.isdigit()):
            raise ValueError(f"{port_text!r} in {text!r} is not a port")
        port = int(port_text) if port_text else PORT_DEFAULT
        host = host or host_default
        if not host or not 0 < port < 65_536:
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host, port)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
