//! Strings: reading and storing whole values.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::{EntryRef, Value, ValueType};
use crate::resp::Reply;

/// Write a string value as a bulk string.
#[inline]
pub(super) fn reply_value(reply: &mut Reply, entry: &EntryRef<'_>) -> CommandResult {
    if entry.value_type() != ValueType::String {
        return Err(CommandError::WRONG_TYPE);
    }
    match entry.value() {
        Value::Bytes { bytes, .. } => reply.bulk(bytes),
        Value::Int(value) => reply.bulk_integer(value),
        Value::Large(value) => reply.bulk_shared(value),
    }
    Ok(())
}

/// GET key
fn get(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    match call.keys.read(&key) {
        Some(entry) => reply_value(call.reply, &entry),
        None => {
            call.reply.null();
            Ok(())
        }
    }
}

const READ_ONE: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("get", 2, Group::String, get)
    .flags(Flags::READONLY.union(Flags::FAST))
    .keys(READ_ONE)
    .about("1.0.0", "The value of a key.")];
