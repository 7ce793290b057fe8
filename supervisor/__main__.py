"""``python -m pycluster.supervisor``: the command line."""

from pycluster.supervisor.cli import main

main()
