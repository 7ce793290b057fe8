"""The command line, run as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

from pycluster.supervisor import adoption
from pycluster.supervisor.layout import ClusterConfig, ClusterDirectory
from pycluster.supervisor.process import ProcessIdentity

# More than any command takes that goes wrong by itself.
COMMAND_TIMEOUT_S = 50


@attrs.frozen
class CommandLine:
    """The command line as a user has it, on one cluster directory."""

    path: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``pycluster COMMAND --dir PATH ...`` and wait for its end."""
        return subprocess.run(
            [*pycluster(), words[0], "--dir", str(self.path), *words[1:]],
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def succeed(self, *words: str) -> str:
        """The same, for a command that has to work; returns what it printed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def status(self) -> dict[str, Any]:
        """What ``status --json`` prints, whether all is well or not."""
        fields: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return fields

    def pids(self) -> dict[str, int]:
        """The pid of every node, by name."""
        return {node["name"]: node["pid"] for node in self.status()["nodes"]}

    @property
    def directory(self) -> ClusterDirectory:
        """The cluster's directory."""
        return ClusterDirectory(self.path)

    @property
    def config(self) -> ClusterConfig:
        """What the cluster was made as."""
        config = self.directory.load()
        assert config is not None
        return config

    @property
    def supervisor(self) -> ProcessIdentity:
        """The living supervisor."""
        identity = adoption.living_supervisor(self.directory)
        assert identity is not None
        return identity


def pycluster() -> list[str]:
    """The words that start the command line of the environment that runs the tests."""
    return [sys.executable, "-m", "pycluster.supervisor"]
