"""The directory of a cluster: which files are in it, and the records they hold.

``cluster.json`` is written once, whole, after everything else of a new directory; a directory that has none
is no cluster's. The records of living processes (``node.json``, ``bus.pid``, ``supervisor.lock``) are written
by those processes themselves, so that they are found again by whoever comes later.
"""

import fcntl
import json
import os
from pathlib import Path
from typing import Any, Self

import attrs

from pycluster.cluster.bus_spec import assign_roles
from pycluster.runtime import clock
from pycluster.runtime.logs import LogFormat
from pycluster.supervisor.errors import InputError

FORMAT = 1
# sun_path of a Unix socket is 108 bytes, the last one zero.
SOCKET_PATH_BYTES_MAX = 107
_LONGEST_SOCKET_NAME = "supervisor.sock"


@attrs.frozen(kw_only=True)
class NodePlan:
    """A node as the cluster was laid out; roles may have moved since, ids and ports never do."""

    node_id: str
    port: int
    replica_of: str | None = None

    @property
    def name(self) -> str:
        """How people call the node: its port."""
        return str(self.port)


@attrs.frozen(kw_only=True)
class ClusterConfig:
    """What ``cluster.json`` says: everything that is fixed when a cluster is made."""

    cluster_id: str
    secret: str = attrs.field(repr=False)
    host: str
    port: int
    replicas: int
    nodes: tuple[NodePlan, ...]
    settings: dict[str, str] = attrs.field(factory=dict)
    log_format: LogFormat = "text"

    @classmethod
    def new(
        cls,
        *,
        host: str,
        port: int,
        nodes: int,
        replicas: int,
        settings: dict[str, str],
        log_format: LogFormat,
    ) -> Self:
        """Plan a cluster of ``nodes`` nodes on ports from ``port`` on, primaries first, with new ids.

        Raises:
            PlanError: ``nodes`` does not divide into shards of ``1 + replicas``.
        """
        ids = [clock.new_node_id() for _ in range(nodes)]
        roles = assign_roles(nodes, replicas)
        plans = (
            NodePlan(node_id=node_id, port=port + index, replica_of=None if primary is None else ids[primary])
            for index, (node_id, primary) in enumerate(zip(ids, roles, strict=True))
        )
        return cls(
            cluster_id=clock.new_node_id(),
            secret=clock.new_secret(),
            host=host,
            port=port,
            replicas=replicas,
            nodes=tuple(plans),
            settings=settings,
            log_format=log_format,
        )

    def node(self, name: str) -> NodePlan:
        """The node that ``name`` means: its port, its id, or the beginning of an id (8 digits or more).

        Raises:
            InputError: no node or more than one is meant.
        """
        found = [plan for plan in self.nodes if name in (plan.name, plan.node_id)]
        if not found and len(name) >= 8:
            found = [plan for plan in self.nodes if plan.node_id.startswith(name)]
        if len(found) != 1:
            known = ", ".join(plan.name for plan in self.nodes)
            raise InputError(f"no node {name!r} here; the nodes are {known}")
        return found[0]


def _absolute(path: Path) -> Path:
    return path.absolute()


@attrs.frozen
class ClusterDirectory:
    """Paths of a cluster's files, and reading and writing of ``cluster.json``."""

    path: Path = attrs.field(converter=_absolute)

    @property
    def config_file(self) -> Path:
        """``cluster.json``."""
        return self.path / "cluster.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the living supervisor, whose pid is in it."""
        return self.path / "supervisor.lock"

    @property
    def control_socket(self) -> Path:
        """Where the supervisor answers the command line."""
        return self.path / "supervisor.sock"

    @property
    def supervisor_log(self) -> Path:
        """The supervisor's own log."""
        return self.path / "supervisor.log"

    @property
    def bus_socket(self) -> Path:
        """Where the bus listens for nodes and the supervisor."""
        return self.path / "bus.sock"

    @property
    def bus_pid_file(self) -> Path:
        """Pid and start time of the bus, which holds a lock on it while it lives."""
        return self.path / "bus.pid"

    @property
    def bus_log(self) -> Path:
        """What the bus logged."""
        return self.path / "bus.log"

    def node_directory(self, plan: NodePlan) -> Path:
        """The node's own folder."""
        return self.path / "nodes" / plan.name

    def node_file(self, plan: NodePlan) -> Path:
        """Who the node is, and the process that is it just now."""
        return self.node_directory(plan) / "node.json"

    def node_log(self, plan: NodePlan) -> Path:
        """What the node logged."""
        return self.node_directory(plan) / "node.log"

    def load(self) -> ClusterConfig | None:
        """What ``cluster.json`` says; None if this directory holds no cluster (yet).

        Raises:
            InputError: the file is there and is not ours, or of a later format.
        """
        try:
            text = self.config_file.read_text()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise InputError(f"cannot read {self.config_file}: {exc.strerror}") from exc
        try:
            return _config_from_json(json.loads(text))
        except (ValueError, KeyError, TypeError) as exc:
            raise InputError(f"{self.config_file} is not a cluster file of this version ({exc})") from exc

    def check_vacant(self) -> None:
        """Raises InputError if the directory is there and holds anything but leftovers of a failed start."""
        try:
            names = sorted(entry.name for entry in self.path.iterdir())
        except FileNotFoundError:
            return
        except OSError as exc:
            raise InputError(f"cannot use {self.path}: {exc.strerror}") from exc
        for name in names:
            if name not in _OUR_LEFTOVERS:
                raise InputError(f"{self.path} is not empty and holds no cluster (it has {name})")

    def make(self) -> None:
        """Make the directory if it is not there, for this user alone: the secret and the sockets are in it.

        Raises:
            InputError: it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as exc:
            raise InputError(f"cannot make {self.path}: {exc.strerror}") from exc

    def create(self, config: ClusterConfig) -> None:
        """Write the files of a new cluster into its directory (``make``); ``cluster.json`` comes last.

        Raises:
            InputError: the directory cannot be written, or holds something else already.
        """
        self.check_vacant()
        try:
            for plan in config.nodes:
                self.node_directory(plan).mkdir(parents=True, exist_ok=True)
            write_atomically(
                self.config_file, json.dumps(_config_to_json(config), indent=2) + "\n", mode=0o600
            )
        except OSError as exc:
            raise InputError(f"cannot write to {self.path}: {exc.strerror}") from exc

    def check_socket_paths(self) -> None:
        """Raises InputError if the path is too long for the Unix sockets in it."""
        length = len(os.fsencode(self.path / _LONGEST_SOCKET_NAME))
        if length > SOCKET_PATH_BYTES_MAX:
            room = SOCKET_PATH_BYTES_MAX - len(_LONGEST_SOCKET_NAME) - 1
            raise InputError(f"the path {self.path} is too long for a Unix socket: at most {room} bytes")


class FileLock:
    """An exclusive lock on a file that lives as long as this process holds it, with a record inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock without waiting; False if another process has it. Raises OSError."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def write(self, record: dict[str, Any]) -> None:
        """Put ``record`` in place of what the file held; the lock must be held."""
        if self._descriptor is None:
            raise RuntimeError("the lock is not held")
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, (json.dumps(record) + "\n").encode(), 0)

    def release(self) -> None:
        """Let go of the lock; the file stays, emptied."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no such file or it is half written."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Replace a file's content so that a reader (or a crash) sees the old or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# A first start that failed half-way leaves these behind; they do not make a directory somebody else's.
_OUR_LEFTOVERS = frozenset({"supervisor.lock", "supervisor.log", "nodes"})


def _config_to_json(config: ClusterConfig) -> dict[str, Any]:
    return {"format": FORMAT, **attrs.asdict(config)}


def _config_from_json(fields: Any) -> ClusterConfig:
    if not isinstance(fields, dict) or fields.pop("format", None) != FORMAT:
        raise ValueError(f"format {FORMAT} expected")
    nodes = tuple(NodePlan(**plan) for plan in fields.pop("nodes"))
    return ClusterConfig(nodes=nodes, **fields)
