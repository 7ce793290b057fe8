"""Generators for publishing and for PUBSUB.

Subscribing is in test_pubsub.py, since a sequence counts replies.
"""

from collections.abc import Mapping

from differential.values import Commands, Words, command, globs, keys, maybe, options, values, word

channels: Words = keys

COMMANDS: Mapping[str, Commands] = {
    "PUBLISH": command(b"PUBLISH", channels, values),
    "SPUBLISH": command(b"SPUBLISH", channels, values),
    "PUBSUB CHANNELS": command(b"PUBSUB", word(b"CHANNELS"), maybe(globs), maybe(globs)),
    "PUBSUB NUMPAT": command(b"PUBSUB", word(b"NUMPAT"), maybe(globs)),
    "PUBSUB NUMSUB": command(b"PUBSUB", word(b"NUMSUB"), options(command(channels))),
    "PUBSUB SHARDCHANNELS": command(b"PUBSUB", word(b"SHARDCHANNELS"), maybe(globs), maybe(globs)),
    "PUBSUB SHARDNUMSUB": command(b"PUBSUB", word(b"SHARDNUMSUB"), options(command(channels))),
}
