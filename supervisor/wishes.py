"""What the user asks of `up`, and the cluster that comes of it."""

import attrs

from pycluster.cluster.bus_spec import PlanError
from pycluster.runtime import logs
from pycluster.supervisor.errors import InputError
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.ports import PORT_MAX
from pycluster.supervisor.settings import check_settings

NODES_DEFAULT = 6
REPLICAS_DEFAULT = 1
PORT_DEFAULT = 7000
BIND_DEFAULT = "127.0.0.1"
LOG_FORMAT_DEFAULT: logs.LogFormat = "text"


@attrs.frozen(kw_only=True)
class Wishes:
    """What the user asked for; None where nothing was said."""

    nodes: int | None = None
    replicas: int | None = None
    port: int | None = None
    bind: str | None = None
    log_format: logs.LogFormat | None = None
    settings: dict[str, str] = attrs.field(factory=dict)

    def new_config(self) -> ClusterConfig:
        """A new cluster after these wishes and our defaults; raises InputError if they fit no cluster."""
        nodes = NODES_DEFAULT if self.nodes is None else self.nodes
        replicas = REPLICAS_DEFAULT if self.replicas is None else self.replicas
        port = PORT_DEFAULT if self.port is None else self.port
        if port + nodes - 1 > PORT_MAX:
            raise InputError(f"{nodes} nodes from port {port} on would need ports above {PORT_MAX}")
        check_settings(self.settings)
        try:
            return ClusterConfig.new(
                host=self.bind or BIND_DEFAULT,
                port=port,
                nodes=nodes,
                replicas=replicas,
                settings=self.settings,
                log_format=self.log_format or LOG_FORMAT_DEFAULT,
            )
        except PlanError as exc:
            raise InputError(f"{exc}; choose another --nodes or --replicas") from exc
        except ValueError as exc:
            raise InputError(f"cannot plan this cluster: {exc.args[0]}") from exc

    def check_against(self, directory: ClusterDirectory, config: ClusterConfig) -> None:
        """Raises InputError if something else is wished for than the directory's cluster is."""
        made = f"the cluster in {directory.path} was made"
        facts = {
            "nodes": len(config.nodes),
            "replicas": config.replicas,
            "port": config.port,
            "bind": config.host,
            "log_format": config.log_format,
        }
        for name, fact in facts.items():
            wish = getattr(self, name)
            if wish not in (None, fact):
                option = name.replace("_", "-")
                raise InputError(f"{made} with --{option} {fact}, not {wish}")
        # A name that nobody knows is a slip of the pen, and told as such.
        check_settings(self.settings)
        for name, wish in self.settings.items():
            if name not in config.settings:
                raise InputError(f"{made} without --{name}")
            if config.settings[name] != wish:
                raise InputError(f"{made} with --{name} {config.settings[name]}, not {wish}")
