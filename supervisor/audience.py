"""Who watches a supervisor come up, and what they have to type."""

import attrs


@attrs.frozen(kw_only=True)
class Audience:
    """The user's side of `up`.

    Attributes:
        started_ms: when they asked (monotonic clock), for the time it took.
        look: the command that shows how the cluster is doing.
        stop: the command that stops it.
        stays: they go on watching once all serves; otherwise what a supervisor says goes to its log, which
            has all of it already.
    """

    started_ms: int
    look: str
    stop: str
    stays: bool
