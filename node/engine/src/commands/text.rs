//! String values as commands read and make them.

use std::borrow::Cow;

use super::call::CommandResult;
use super::error::CommandError;
use crate::keyspace::{EntryRef, NewValue, Value, ValueType};
use crate::resp::{Args, Reply, parse_i64};

/// Digits of the longest 64-bit integer, its sign included.
const INTEGER_BYTES_MAX: usize = 20;

/// A client's words up to their first NUL, where Redis, written in C, takes them to end.
pub fn until_nul(words: &[u8]) -> &[u8] {
    memchr::memchr(0, words).map_or(words, |end| &words[..end])
}

/// The value of a string.
///
/// # Errors
/// WRONGTYPE if the key holds something else.
#[inline]
pub(super) fn string_value<'a>(entry: &EntryRef<'a>) -> Result<Value<'a>, CommandError> {
    if entry.value_type() == ValueType::String { Ok(entry.value()) } else { Err(CommandError::WRONG_TYPE) }
}

/// Write a string value as a bulk string.
#[inline]
pub(super) fn reply_value(reply: &mut Reply, entry: &EntryRef<'_>) -> CommandResult {
    reply_string(reply, string_value(entry)?);
    Ok(())
}

/// Write a string as a bulk string.
#[inline]
pub(super) fn reply_string(reply: &mut Reply, value: Value<'_>) {
    match value {
        Value::Bytes { bytes, .. } => reply.bulk(bytes),
        Value::Int(value) => reply.bulk_integer(value),
        Value::Large(value) => reply.bulk_shared(value),
    }
}

/// An argument as a value to be stored: as an integer if it is one in canonical form; a long one without copying it.
#[inline]
pub(super) fn new_value(args: Args<'_>, index: usize) -> NewValue<'_> {
    let bytes = args.get(index);
    if bytes.len() <= INTEGER_BYTES_MAX
        && let Some(value) = parse_i64(bytes)
    {
        return NewValue::Int(value);
    }
    match args.large(index) {
        Some(large) => NewValue::Large(large.clone()),
        None => NewValue::Bytes(bytes),
    }
}

/// Length of a string in bytes, as STRLEN tells it.
#[inline]
pub(super) fn length_of(value: Value<'_>) -> usize {
    match value {
        Value::Int(value) => itoa::Buffer::new().format(value).len(),
        Value::Bytes { bytes, .. } => bytes.len(),
        Value::Large(bytes) => bytes.len(),
    }
}

/// The bytes of a string.
pub(super) fn bytes_of(value: Value<'_>) -> Cow<'_, [u8]> {
    match value {
        Value::Int(value) => Cow::Owned(itoa::Buffer::new().format(value).as_bytes().to_vec()),
        Value::Bytes { bytes, .. } => Cow::Borrowed(bytes),
        Value::Large(bytes) => Cow::Borrowed(bytes.as_slice()),
    }
}

/// A string as an integer, if it is one in canonical form.
#[inline]
pub(super) fn integer_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(value),
        Value::Bytes { bytes, .. } => parse_i64(bytes),
        Value::Large(_) => None,
    }
}
