//! Bitmaps: strings as sequences of bits.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, length_of, string_value};
use crate::bits;
use crate::resp::parse_i64;
use crate::server::EventClass;

const INVALID_OFFSET: CommandError = CommandError::text("ERR bit offset is not an integer or out of range");

/// Argument `index` as the number of a bit.
pub(super) fn bit_offset(call: &Call<'_>, index: usize) -> Result<u64, CommandError> {
    checked_offset(call, parse_i64(call.args.get(index)))
}

/// See that a bit would lie in a string no longer than `proto-max-bulk-len` allows.
pub(super) fn checked_offset(call: &Call<'_>, offset: Option<i64>) -> Result<u64, CommandError> {
    let offset = offset.and_then(|offset| u64::try_from(offset).ok()).ok_or(INVALID_OFFSET)?;
    if offset / 8 < call.server.config.proto_max_bulk_len { Ok(offset) } else { Err(INVALID_OFFSET) }
}

/// SETBIT key offset value
fn setbit(call: &mut Call<'_>) -> CommandResult {
    let offset = bit_offset(call, 2)?;
    let bit = match call.args.get(3) {
        b"0" => false,
        b"1" => true,
        _ => return Err(CommandError::text("ERR bit is not an integer or out of range")),
    };
    let key = call.key(1);
    let length = match call.keys.read_for_write(&key) {
        Some(entry) => length_of(string_value(&entry)?) as u64,
        None => 0,
    };
    let (index, mask) = ((offset / 8) as usize, 0x80u8 >> (offset % 8));
    let before = call.keys.database_mut().edit_bytes(&key, index + 1, |bytes| {
        let before = bytes[index] & mask != 0;
        if bit {
            bytes[index] |= mask;
        } else {
            bytes[index] &= !mask;
        }
        before
    });
    if before != bit || index as u64 >= length {
        call.changed(EventClass::STRING, "setbit", &key);
    }
    call.reply.integer(i64::from(before));
    Ok(())
}

/// GETBIT key offset
fn getbit(call: &mut Call<'_>) -> CommandResult {
    let offset = bit_offset(call, 2)?;
    let key = call.key(1);
    let bit = match call.keys.read(&key) {
        Some(entry) => {
            let bytes = bytes_of(string_value(&entry)?);
            bytes.get((offset / 8) as usize).is_some_and(|byte| byte & (0x80 >> (offset % 8)) != 0)
        }
        None => false,
    };
    call.reply.integer(i64::from(bit));
    Ok(())
}

/// The part of a string that a command is about.
#[derive(Clone, Copy)]
struct Range {
    start: i64,
    end: i64,
    /// Whether these are numbers of bits, not of bytes.
    in_bits: bool,
}

impl Range {
    /// Read `[start [end [BYTE | BIT]]]` from argument `first` on.
    fn parse(call: &Call<'_>, first: usize) -> Result<Self, CommandError> {
        let has = |index: usize| index < call.args.len();
        if has(first + 3) {
            return Err(CommandError::SYNTAX);
        }
        let mut range = Self { start: 0, end: -1, in_bits: false };
        if has(first) {
            range.start = call.integer(first)?;
        }
        if has(first + 2) {
            range.in_bits = call.is_word(first + 2, "bit");
            if !range.in_bits && !call.is_word(first + 2, "byte") {
                return Err(CommandError::SYNTAX);
            }
        }
        if has(first + 1) {
            range.end = call.integer(first + 1)?;
        }
        Ok(range)
    }

    /// The first and the last bit in a string of so many bytes; `None` if there are none.
    fn bits(self, length: usize) -> Option<(u64, u64)> {
        let total = if self.in_bits { 8 * length as i64 } else { length as i64 };
        let from_start = |index: i64| if index < 0 { total.saturating_add(index).max(0) } else { index };
        let (start, end) = (from_start(self.start), from_start(self.end).min(total - 1));
        if start > end {
            return None;
        }
        let (start, end) = (start as u64, end as u64);
        Some(if self.in_bits { (start, end) } else { (8 * start, 8 * end + 7) })
    }
}

/// BITCOUNT key [start [end [BYTE | BIT]]]
fn bitcount(call: &mut Call<'_>) -> CommandResult {
    let range = Range::parse(call, 2)?;
    let key = call.key(1);
    let count = match call.keys.read(&key) {
        Some(entry) => {
            let bytes = bytes_of(string_value(&entry)?);
            // BITPOS cuts such a range to the string's first byte, as if it had one.
            let is_reversed = range.start < 0 && range.end < 0 && range.start > range.end;
            let bits = range.bits(bytes.len()).filter(|_| !is_reversed);
            bits.map_or(0, |(first, last)| bits::count_between(&bytes, first, last))
        }
        None => 0,
    };
    call.reply.integer(count as i64);
    Ok(())
}

/// BITPOS key bit [start [end [BYTE | BIT]]]
fn bitpos(call: &mut Call<'_>) -> CommandResult {
    let bit = match call.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(CommandError::text("ERR The bit argument must be 1 or 0.")),
    };
    let range = Range::parse(call, 3)?;
    let has_end = call.args.len() > 4;
    let key = call.key(1);
    let Some(entry) = call.keys.read(&key) else {
        // A string that is not there is one of zeros without end.
        call.reply.integer(if bit { -1 } else { 0 });
        return Ok(());
    };
    let bytes = bytes_of(string_value(&entry)?);
    let position = range.bits(bytes.len()).and_then(|(first, last)| {
        // Zeros follow behind the string, unless the range has an end.
        let behind = (!bit && !has_end).then_some(last + 1);
        bits::find_between(&bytes, bit, first, last).or(behind)
    });
    call.reply.integer(position.map_or(-1, |position| position as i64));
    Ok(())
}

const READ: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("setbit", 4, Group::Bitmap, setbit)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE))])
        .usage("key offset value")
        .about("2.2.0", "Set or clear a bit of a string, lengthening it as needed; give the bit before."),
    CommandSpec::new("getbit", 3, Group::Bitmap, getbit)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(READ)
        .usage("key offset")
        .about("2.2.0", "Give a bit of a string."),
    CommandSpec::new("bitcount", -2, Group::Bitmap, bitcount)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key [start [end [BYTE | BIT]]]")
        .about("2.6.0", "Count the bits set in a string or a part of it."),
    CommandSpec::new("bitpos", -3, Group::Bitmap, bitpos)
        .flags(Flags::READONLY)
        .keys(READ)
        .usage("key bit [start [end [BYTE | BIT]]]")
        .about("2.8.7", "Find the first bit that is set, or clear, in a string or a part of it."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn half_a_gigabyte_of_zeros_is_counted_from_its_ends() {
        let mut node = Node::alone();
        node.expect(&[
            ("SETBIT k 4294967295 1", ":0\r\n"),
            ("STRLEN k", ":536870912\r\n"),
            ("GETBIT k 4294967295", ":1\r\n"),
            ("BITCOUNT k -100", ":1\r\n"),
            ("BITPOS k 1 -100", ":4294967295\r\n"),
            ("SETBIT k 4294967296 1", "-ERR bit offset is not an integer or out of range\r\n"),
        ]);
    }

    #[test]
    fn a_string_that_is_being_sent_is_copied_before_it_is_changed() {
        let mut node = Node::alone();
        node.run(&format!("SET k {}", "a".repeat(20_000)));
        let key = node.core.keyspace.hash_key(b"k");
        let sent = match node.core.keyspace.database(0).find(&key).unwrap().value() {
            crate::keyspace::Value::Large(bytes) => std::sync::Arc::clone(bytes),
            other => panic!("stored as {other:?}"),
        };
        node.expect(&[("SETBIT k 0 1", ":0\r\n"), ("BITCOUNT k 0 0", ":4\r\n")]);
        assert_eq!(sent[0], b'a');
    }
}
