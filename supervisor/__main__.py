"""``python -m pycluster.supervisor``: the command line."""

import signal

# Until `main` can answer it, an interrupt ends the process as it ends any other, without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from pycluster.supervisor.cli import main

main()
