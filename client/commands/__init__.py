"""Typed commands, a file per family. Each is written once and serves all clients; see ``request.py``."""

from pycluster.client.commands.generic import GenericCommands
from pycluster.client.commands.server import ServerCommands
from pycluster.client.commands.strings import StringCommands
from pycluster.client.request import V

__all__ = ["Commands", "GenericCommands", "ServerCommands", "StringCommands"]


class Commands(StringCommands[V], GenericCommands[V], ServerCommands[V]):
    """All families."""
