"""What can go wrong in the supervisor, by what the caller can do about it."""


class SupervisorError(Exception):
    """Something failed that is no fault of the caller's input; the command line ends with status 1."""


class InputError(SupervisorError):
    """What the user asked for cannot be done; one line says why; the command line ends with status 2."""


class StartError(SupervisorError):
    """The cluster did not come up: a process ended or did not answer in time."""


class NotRunningError(SupervisorError):
    """No supervisor answers for this directory."""
