//! What the stream commands share: ids among arguments, streams under keys, entries in replies.

use super::call::Call;
use super::error::CommandError;
use crate::collections::stream::{Element, Entry, Group, ID_TEXT_BYTES_MAX, Log, ParsedId, Stream, StreamId};
use crate::collections::{Object, ObjectMut};
use crate::keyspace::{Collection, HashedKey, Keys, ValueType};
use crate::resp::Reply;

const INVALID_ID: CommandError =
    CommandError::text("ERR Invalid stream ID specified as stream command argument");

/// An id in any form, `ms-*` included.
pub(super) fn parsed_id(text: &[u8]) -> Result<ParsedId, CommandError> {
    ParsedId::parse(text).ok_or(INVALID_ID)
}

/// An id as `ms-seq` or `ms`, which gets the number `missing_seq`.
pub(super) fn strict_id(text: &[u8], missing_seq: u64) -> Result<StreamId, CommandError> {
    parsed_id(text)?.with_seq(missing_seq).ok_or(INVALID_ID)
}

/// The same, or `-` or `+` for the lowest or the highest id.
pub(super) fn id_or_edge(text: &[u8], missing_seq: u64) -> Result<StreamId, CommandError> {
    match text {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => strict_id(text, missing_seq),
    }
}

/// The id at which an interval starts; `(` in front excludes the id.
pub(super) fn interval_start(text: &[u8]) -> Result<StreamId, CommandError> {
    match excluded(text) {
        Some(text) => {
            strict_id(text, 0)?.next().ok_or(CommandError::text("ERR invalid start ID for the interval"))
        }
        None => id_or_edge(text, 0),
    }
}

/// The id at which an interval ends; `(` in front excludes the id.
pub(super) fn interval_end(text: &[u8]) -> Result<StreamId, CommandError> {
    match excluded(text) {
        Some(text) => strict_id(text, u64::MAX)?
            .previous()
            .ok_or(CommandError::text("ERR invalid end ID for the interval")),
        None => id_or_edge(text, u64::MAX),
    }
}

fn excluded(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"(").filter(|rest| !rest.is_empty())
}

/// The stream under a key, to be read.
///
/// # Errors
/// WRONGTYPE.
pub(super) fn stream<'a>(
    keys: &'a mut Keys<'_>,
    key: &HashedKey<'_>,
) -> Result<Option<&'a Stream>, CommandError> {
    Ok(match keys.collection(key, ValueType::Stream)? {
        Some(Collection::Object(Object::Stream(stream))) => Some(stream),
        _ => None,
    })
}

/// The stream under a key, to be changed.
///
/// # Errors
/// WRONGTYPE.
#[inline]
pub(super) fn stream_mut<'a>(
    keys: &'a mut Keys<'_>,
    key: &HashedKey<'_>,
) -> Result<Option<&'a mut Stream>, CommandError> {
    if keys.collection_for_write(key, ValueType::Stream)?.is_none() {
        return Ok(None);
    }
    Ok(match keys.object_mut(key) {
        Some(ObjectMut { object: Object::Stream(stream), .. }) => Some(stream),
        _ => None,
    })
}

/// The group in an argument of a stream, to be changed, with the stream's log.
///
/// # Errors
/// WRONGTYPE.
pub(super) fn log_and_group<'a>(
    keys: &'a mut Keys<'_>,
    key: &HashedKey<'_>,
    group: &[u8],
) -> Result<Option<(&'a mut Log, &'a mut Group)>, CommandError> {
    let Some(Stream { log, groups }) = stream_mut(keys, key)? else { return Ok(None) };
    Ok(groups.get_mut(group).map(|group| (log, group)))
}

/// There is no such key, or the stream has no such group.
pub(super) fn no_key_or_group(key: &[u8], group: &[u8]) -> CommandError {
    quoting(&[b"NOGROUP No such key '", key, b"' or consumer group '", group, b"'"])
}

/// The stream has no such group.
pub(super) fn no_group(key: &[u8], group: &[u8]) -> CommandError {
    quoting(&[b"NOGROUP No such consumer group '", group, b"' for key name '", key, b"'"])
}

/// An error that quotes a client's bytes; like C's strings, they end at a zero byte.
pub(super) fn quoting(pieces: &[&[u8]]) -> CommandError {
    let until_zero = |piece: &&[u8]| piece.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    CommandError::new(pieces.iter().flat_map(until_zero).collect::<Vec<u8>>())
}

/// Write an id.
#[inline]
pub(super) fn reply_id(reply: &mut Reply, id: StreamId) {
    reply.bulk(id.write(&mut [0; ID_TEXT_BYTES_MAX]));
}

/// Write an entry: its id and its fields.
#[inline]
pub(super) fn reply_entry(reply: &mut Reply, entry: Entry<'_>) {
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(2 * entry.fields.len());
    for (name, value) in entry.fields {
        reply_element(reply, name);
        reply_element(reply, value);
    }
}

#[inline]
fn reply_element(reply: &mut Reply, element: Element<'_>) {
    match element {
        Element::Bytes(bytes) => reply.bulk(bytes),
        Element::Int(value) => reply.bulk_integer(value),
    }
}

/// Write entries as an array; returns how many.
pub(super) fn reply_entries<'e>(reply: &mut Reply, entries: impl Iterator<Item = Entry<'e>>) -> usize {
    let begun = reply.begin();
    let mut count = 0;
    for entry in entries {
        reply_entry(reply, entry);
        count += 1;
    }
    reply.end_array(begun, count);
    count
}

/// The number behind COUNT in argument `index`; one below zero counts as 0.
pub(super) fn count_option(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    Ok(call.integer(index)?.max(0) as usize)
}
