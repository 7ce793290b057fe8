"""``redis://`` URLs: where to find a cluster and how to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs

from pycluster.client.address import Address
from pycluster.client.errors import UsageError
from pycluster.client.options import ReadFrom

_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _truth(text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


_QUERY_SETTINGS: dict[str, Callable[[str], Any]] = {
    "client_name": str,
    "protocol": int,
    "timeout_s": float,
    "connect_timeout_s": float,
    "pool_size_max": int,
    "retries_max": int,
    "retry_lost_writes": _truth,
    "read_from": ReadFrom,
    "pipeline_depth_max": int,
    "decode_responses": _truth,
}


@attrs.frozen
class ParsedUrl:
    """What one or more URLs say.

    Attributes:
        seeds: nodes to ask first, in the order they were given.
        settings: keyword arguments for :class:`~pycluster.client.options.ClientOptions`.
    """

    seeds: tuple[Address, ...]
    settings: dict[str, Any]


def parse_url(url: str) -> ParsedUrl:
    """Read ``redis://[[user]:password@]host[:port][,host[:port]...][/database][?setting=value&...]``.

    User and password may be percent-encoded; the settings are those of ``ClientOptions`` by their names.

    Raises:
        UsageError: the URL has another scheme, a bad port, or a setting that does not exist.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "redis":
        raise UsageError(f"a URL that starts with redis:// is needed, not {scheme + separator!r}")
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    settings: dict[str, Any] = {}
    if credentials:
        username, colon, password = credentials.partition(":")
        settings["username"] = unquote(username) or None
        settings["password"] = unquote(password) if colon else None
    try:
        seeds = tuple(Address.parse(host) for host in hosts.split(","))
        if path:
            settings["database"] = int(path)
    except ValueError as exc:
        raise UsageError(f"malformed URL: {exc}") from exc
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in _QUERY_SETTINGS:
            raise UsageError(f"a URL has no setting {name!r}; there are {', '.join(_QUERY_SETTINGS)}")
        try:
            settings[name] = _QUERY_SETTINGS[name](text)
        except ValueError as exc:
            raise UsageError(f"setting {name}: {exc}") from exc
    return ParsedUrl(seeds, settings)


def parse_urls(urls: str | Iterable[str]) -> ParsedUrl:
    """Read one URL or several: the seeds of all, the settings of the first that has them."""
    parsed = [parse_url(url) for url in ([urls] if isinstance(urls, str) else urls)]
    if not parsed:
        raise UsageError("at least one URL is needed")
    settings: dict[str, Any] = {}
    for one in reversed(parsed):
        settings.update(one.settings)
    return ParsedUrl(tuple(dict.fromkeys(seed for one in parsed for seed in one.seeds)), settings)
