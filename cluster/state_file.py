"""What a bus keeps on disk, to bytes and back: a header that notices every damage, then one CBOR map.

=====  =====================================================
bytes  content
=====  =====================================================
8      ``PYCLBUS`` and a line feed
4      format version, big endian
4      length of the body, big endian
16     BLAKE2b over all the bytes before and the body
rest   the body: the fields of :class:`SavedState`
=====  =====================================================
"""

import hashlib

import attrs
import cbor2
from attrs.validators import instance_of

from pycluster.cluster.view import ClusterView, NodeId, ShardId, is_counter, is_hex_id
from pycluster.cluster.wire import MessageError, from_plain, to_plain
from pycluster.runtime.frames import FrameError, decode_body

MAGIC = b"PYCLBUS\n"
FORMAT_VERSION = 1
DIGEST_BYTES = 16
_PREFIX_BYTES = len(MAGIC) + 4 + 4
HEADER_BYTES = _PREFIX_BYTES + DIGEST_BYTES


class StateFileError(Exception):
    """The bytes are no state file of a version we know, or were cut or changed since they were written."""


@attrs.frozen(kw_only=True)
class AcceptedClaim:
    """A vote that must not be forgotten: this voter supports no other claim for this shard in this epoch."""

    voter: NodeId = attrs.field(validator=is_hex_id)
    shard_id: ShardId = attrs.field(validator=is_hex_id)
    epoch: int = attrs.field(validator=is_counter)
    candidate: NodeId = attrs.field(validator=is_hex_id)


@attrs.frozen(kw_only=True)
class SavedState:
    """The facts that outlive a bus: who is a member, who owns what in which epoch, and its voters' promises.

    ``incarnation`` counts the starts of this bus. Health, links and runs in ``view`` are as they were when it
    was written, and mean nothing to the bus that reads it. ``accepted_claims`` is empty: no votes yet.
    """

    incarnation: int = attrs.field(validator=[instance_of(int), is_counter])
    view: ClusterView
    accepted_claims: tuple[AcceptedClaim, ...] = ()


def serialise(state: SavedState) -> bytes:
    """The whole content of a state file."""
    body = cbor2.dumps(to_plain(state))
    prefix = MAGIC + FORMAT_VERSION.to_bytes(4, "big") + len(body).to_bytes(4, "big")
    return prefix + _digest(prefix, body) + body


def parse(data: bytes) -> SavedState:
    """The state in a state file's content.

    Raises:
        StateFileError: with what is wrong; no byte can be missing, added or changed unnoticed.
    """
    if len(data) < HEADER_BYTES:
        raise StateFileError(f"{len(data)} bytes are too few for a state file")
    if data[: len(MAGIC)] != MAGIC:
        raise StateFileError("this is no state file: it does not begin as one")
    prefix, digest, body = data[:_PREFIX_BYTES], data[_PREFIX_BYTES:HEADER_BYTES], data[HEADER_BYTES:]
    version = int.from_bytes(prefix[len(MAGIC) : len(MAGIC) + 4], "big")
    length = int.from_bytes(prefix[len(MAGIC) + 4 :], "big")
    if version != FORMAT_VERSION:
        raise StateFileError(f"format version {version} is not {FORMAT_VERSION}")
    if length != len(body):
        raise StateFileError(f"the body has {len(body)} bytes instead of {length}")
    if digest != _digest(prefix, body):
        raise StateFileError("the checksum does not agree: the file was damaged")
    try:
        return from_plain(SavedState, decode_body(body), "state")
    except (FrameError, MessageError) as exc:
        raise StateFileError(str(exc)) from exc


def _digest(prefix: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(prefix + body, digest_size=DIGEST_BYTES).digest()
