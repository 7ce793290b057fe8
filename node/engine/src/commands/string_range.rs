//! Strings: parts of values.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, length_of, new_value, string_value};
use crate::keyspace::NewExpiry;
use crate::server::EventClass;

/// APPEND key value
fn append(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let suffix = call.args.get(2);
    let length = match call.keys.read_for_write(&key) {
        Some(entry) => Some(length_of(string_value(&entry)?)),
        None => None,
    };
    let length = match length {
        Some(length) => {
            check_length(call, length as u64, suffix.len())?;
            call.keys.append(&key, suffix)
        }
        None => {
            call.keys.set(&key, new_value(call.args, 2), NewExpiry::None);
            suffix.len()
        }
    };
    call.changed(EventClass::STRING, "append", &key);
    call.reply.integer(length as i64);
    Ok(())
}

/// SETRANGE key offset value
fn setrange(call: &mut Call<'_>) -> CommandResult {
    let offset =
        u64::try_from(call.integer(2)?).map_err(|_| CommandError::text("ERR offset is out of range"))?;
    let key = call.key(1);
    let bytes = call.args.get(3);
    let length = match call.keys.read_for_write(&key) {
        Some(entry) => length_of(string_value(&entry)?),
        None => 0,
    };
    if bytes.is_empty() {
        call.reply.integer(length as i64);
        return Ok(());
    }
    check_length(call, offset, bytes.len())?;
    let length = call.keys.write_at(&key, offset as usize, bytes);
    call.changed(EventClass::STRING, "setrange", &key);
    call.reply.integer(length as i64);
    Ok(())
}

/// See that a string of `length` and `more` bytes is not longer than `proto-max-bulk-len` allows.
fn check_length(call: &Call<'_>, length: u64, more: usize) -> CommandResult {
    let total = length.checked_add(more as u64);
    if total.is_some_and(|total| total <= call.server.config.proto_max_bulk_len) {
        return Ok(());
    }
    Err(CommandError::STRING_TOO_LONG)
}

/// GETRANGE key start end
fn getrange(call: &mut Call<'_>) -> CommandResult {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let key = call.key(1);
    match call.keys.read(&key) {
        Some(entry) => {
            let bytes = bytes_of(string_value(&entry)?);
            call.reply.bulk(slice(&bytes, start, end));
        }
        None => call.reply.bulk(b""),
    }
    Ok(())
}

/// The bytes from `start` to `end`, both included; negative ones count from the end.
fn slice(bytes: &[u8], start: i64, end: i64) -> &[u8] {
    let length = bytes.len() as i64;
    if (start < 0 && end < 0 && start > end) || length == 0 {
        return &[];
    }
    let from_start = |index: i64| if index < 0 { (length + index).max(0) } else { index };
    let (start, end) = (from_start(start), from_start(end).min(length - 1));
    if start > end { &[] } else { &bytes[start as usize..=end as usize] }
}

/// STRLEN key
fn strlen(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let length = match call.keys.read(&key) {
        Some(entry) => length_of(string_value(&entry)?),
        None => 0,
    };
    call.reply.integer(length as i64);
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM);
const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("append", 3, Group::String, append)
        .flags(WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage("key value")
        .about("2.0.0", "Add to the end of a string."),
    CommandSpec::new("setrange", 4, Group::String, setrange)
        .flags(WRITE)
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))])
        .usage("key offset value")
        .about("2.2.0", "Write over a part of a string, lengthening it as needed."),
    CommandSpec::new("getrange", 4, Group::String, getrange)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key start end")
        .about("2.4.0", "Give a part of a string."),
    CommandSpec::new("substr", 4, Group::String, getrange)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key start end")
        .about("1.0.0", "The old name of GETRANGE."),
    CommandSpec::new("strlen", 2, Group::String, strlen)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RO)])
        .usage("key")
        .about("2.2.0", "Tell how long a string is, in bytes."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_count_from_both_ends_and_are_cut_to_the_string() {
        let text = b"hello";
        for (start, end, part) in [
            (0, -1, "hello"),
            (-3, -2, "ll"),
            (3, 100, "lo"),
            (-100, 1, "he"),
            (4, 3, ""),
            (-1, -3, ""),
            (5, 9, ""),
            (0, -100, "h"),
            (i64::MIN, i64::MAX, "hello"),
        ] {
            assert_eq!(slice(text, start, end), part.as_bytes(), "{start} {end}");
        }
        assert_eq!(slice(b"", 0, -1), b"");
    }
}
