"""What the supervisor hands to a node process."""

from collections.abc import Mapping
from pathlib import Path

import attrs
from attrs.validators import ge, in_, instance_of, optional

from pycluster.cluster.view import is_hex_id, is_host, is_port
from pycluster.runtime.logs import LOG_FORMATS, LogFormat


@attrs.frozen(kw_only=True)
class NodeSpec:
    """All a member of a cluster needs to run.

    Args:
        node_id: Forty hexadecimal digits, the same for every run.
        run_id: Forty hexadecimal digits, new for every start of the process.
        name: What logs call the node.
        host: Address to listen on and to be reached at; a wildcard means: as the client reached it.
        port: Port for clients, above 0.
        directory: The node's folder, which exists.
        bus_socket: The bus's Unix socket.
        settings: Redis's option names and values, for the engine.
        cpu: The core the supervisor has pinned the process to; None if to no particular one.
        log_format: ``text`` or ``json``.
    """

    node_id: str = attrs.field(validator=is_hex_id)
    run_id: str = attrs.field(validator=is_hex_id)
    name: str = attrs.field(validator=instance_of(str))
    host: str = attrs.field(validator=is_host)
    port: int = attrs.field(validator=[is_port, ge(1)])
    directory: Path = attrs.field(validator=instance_of(Path))
    bus_socket: Path = attrs.field(validator=instance_of(Path))
    settings: Mapping[str, str] = attrs.field(factory=dict)
    cpu: int | None = attrs.field(default=None, validator=optional(ge(0)))
    log_format: LogFormat = attrs.field(default="text", validator=in_(LOG_FORMATS))
