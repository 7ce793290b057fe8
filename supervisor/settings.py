"""Redis's options on our command line: ``--name value ...`` pairs, checked by the engine that will run with
them.
"""

from collections.abc import Mapping, Sequence

from pycluster.supervisor.errors import InputError


def parse_options(words: Sequence[str]) -> dict[str, str]:
    """Read ``--name value ...`` as redis-server does: all words up to the next ``--`` are the option's
    values.

    Several values (``--save 900 1``) are joined by blanks, ``--name=value`` is taken as well, an option given
    twice means its last value (``save``: both).

    Raises:
        InputError: a word is no option's value, or an option has no value.
    """
    options: dict[str, list[str]] = {}
    name: str | None = None
    for word in words:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].lower().partition("=")
            if name not in options or name != "save":
                options[name] = []
            if equals:
                options[name].append(value)
        elif name is None:
            raise InputError(f"unexpected argument {word!r}")
        else:
            options[name].append(word)
    for option, values in options.items():
        if not values:
            raise InputError(f"option --{option} needs a value")
    return {option: " ".join(values) for option, values in options.items()}


def check_settings(settings: Mapping[str, str]) -> None:
    """Have the engine look at settings that a node is to run with.

    Raises:
        InputError: one is unknown to it or has a wrong value; the text says which.
    """
    if not settings:
        return

    from pycluster.node._engine import Engine, EngineError

    known = Engine().config_get("*")
    for name, value in settings.items():
        if name not in known:
            raise InputError(f"unknown option --{name}")
        try:
            Engine(config={name: value}).close()
        except EngineError as exc:
            # The engine words it as CONFIG SET does: what is wrong follows the last dash.
            raise InputError(f"--{name} {value!r}: {str(exc).rpartition(' - ')[2]}") from exc
