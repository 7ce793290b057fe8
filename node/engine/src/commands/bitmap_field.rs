//! BITFIELD and BITFIELD_RO.

use super::bitmap::{bit_offset, checked_offset};
use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, length_of, string_value};
use crate::bits::{read_field, write_field};
use crate::resp::parse_i64;
use crate::server::EventClass;

const INVALID_TYPE: CommandError = CommandError::text(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
);

/// A kind of integer.
#[derive(Clone, Copy)]
struct FieldType {
    signed: bool,
    width: u32,
}

impl FieldType {
    /// Read `i1` to `i64` or `u1` to `u63`.
    fn parse(text: &[u8]) -> Result<Self, CommandError> {
        let (signed, digits) = match text {
            [b'i', digits @ ..] => (true, digits),
            [b'u', digits @ ..] => (false, digits),
            _ => return Err(INVALID_TYPE),
        };
        let width_max = if signed { 64 } else { 63 };
        match parse_i64(digits) {
            Some(width) if (1..=width_max).contains(&width) => Ok(Self { signed, width: width as u32 }),
            _ => Err(INVALID_TYPE),
        }
    }

    /// The integer that these bits are.
    fn number(self, bits: u64) -> i64 {
        let unused = 64 - self.width;
        if self.signed { (bits << unused) as i64 >> unused } else { (bits << unused >> unused) as i64 }
    }

    /// The integer for `value`, which may be too large or too small; `None` on an overflow that is to fail.
    fn fit(self, value: i128, overflow: Overflow) -> Option<i64> {
        let (min, max) = if self.signed {
            (-1i128 << (self.width - 1), (1i128 << (self.width - 1)) - 1)
        } else {
            (0, (1i128 << self.width) - 1)
        };
        match overflow {
            _ if (min..=max).contains(&value) => Some(value as i64),
            Overflow::Wrap => Some(self.number(value as u64)),
            Overflow::Saturate => Some(value.clamp(min, max) as i64),
            Overflow::Fail => None,
        }
    }
}

/// What is done about results that are too large or too small.
#[derive(Clone, Copy)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

#[derive(Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    IncrementBy(i64),
}

/// One of the operations of a command.
#[derive(Clone, Copy)]
struct Operation {
    field: FieldType,
    offset: u64,
    action: Action,
    overflow: Overflow,
}

impl Operation {
    /// The bytes that a string needs to hold the field.
    fn length(&self) -> usize {
        ((self.offset + u64::from(self.field.width) - 1) / 8 + 1) as usize
    }

    fn old(&self, bytes: &[u8]) -> i64 {
        self.field.number(read_field(bytes, self.offset, self.field.width))
    }

    /// Carry the operation out on a string that is long enough. Returns what it answers, `None` if it failed, and
    /// whether the field has changed.
    fn run(&self, bytes: &mut [u8]) -> (Option<i64>, bool) {
        let old = self.old(bytes);
        let new = match self.action {
            Action::Get => return (Some(old), false),
            // A negative number is taken for a large one where there are no negative ones.
            Action::Set(value) if self.field.signed => i128::from(value),
            Action::Set(value) => i128::from(value as u64),
            Action::IncrementBy(increment) => i128::from(old) + i128::from(increment),
        };
        let Some(new) = self.field.fit(new, self.overflow) else { return (None, false) };
        write_field(bytes, self.offset, self.field.width, new as u64);
        let answer = if matches!(self.action, Action::Set(_)) { old } else { new };
        (Some(answer), old != new)
    }
}

/// Read the operations.
fn parse(call: &Call<'_>) -> Result<Vec<Operation>, CommandError> {
    let mut operations = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut index = 2;
    while index < call.args.len() {
        let more = call.args.len() - index - 1;
        let is = |word: &str, arguments: usize| more >= arguments && call.is_word(index, word);
        if is("overflow", 1) {
            overflow = match call.args.get(index + 1) {
                word if word.eq_ignore_ascii_case(b"wrap") => Overflow::Wrap,
                word if word.eq_ignore_ascii_case(b"sat") => Overflow::Saturate,
                word if word.eq_ignore_ascii_case(b"fail") => Overflow::Fail,
                _ => return Err(CommandError::text("ERR Invalid OVERFLOW type specified")),
            };
            index += 2;
            continue;
        }
        let (gets, sets) = (is("get", 2), is("set", 3));
        if !gets && !sets && !is("incrby", 3) {
            return Err(CommandError::SYNTAX);
        }
        let field = FieldType::parse(call.args.get(index + 1))?;
        let offset = field_offset(call, index + 2, field)?;
        let action = match gets {
            true => Action::Get,
            false if sets => Action::Set(call.integer(index + 3)?),
            false => Action::IncrementBy(call.integer(index + 3)?),
        };
        operations.push(Operation { field, offset, action, overflow });
        index += if gets { 3 } else { 4 };
    }
    Ok(operations)
}

/// Argument `index` as the number of a field's first bit, or with `#` in front as the number of the field itself.
fn field_offset(call: &Call<'_>, index: usize, field: FieldType) -> Result<u64, CommandError> {
    match call.args.get(index) {
        [b'#', digits @ ..] => {
            // The product of a large number is cut to 64 bits, as in Redis.
            let offset = parse_i64(digits).map(|number| number.wrapping_mul(i64::from(field.width)));
            checked_offset(call, offset)
        }
        _ => bit_offset(call, index),
    }
}

/// BITFIELD key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment>
/// ...]
fn bitfield(call: &mut Call<'_>) -> CommandResult {
    let operations = parse(call)?;
    let writes = |operation: &&Operation| !matches!(operation.action, Action::Get);
    match operations.iter().filter(writes).map(Operation::length).max() {
        Some(length) => write(call, &operations, length),
        None => read(call, &operations),
    }
}

/// BITFIELD_RO key [GET encoding offset ...]
fn bitfield_ro(call: &mut Call<'_>) -> CommandResult {
    let operations = parse(call)?;
    if operations.iter().any(|operation| !matches!(operation.action, Action::Get)) {
        return Err(CommandError::text("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    read(call, &operations)
}

/// Answer operations that are all GET.
fn read(call: &mut Call<'_>, operations: &[Operation]) -> CommandResult {
    let key = call.key(1);
    let found = call.keys.read(&key);
    let value = found.as_ref().map(string_value).transpose()?;
    let bytes = value.map(bytes_of).unwrap_or_default();
    call.reply.array(operations.len());
    operations.iter().for_each(|operation| call.reply.integer(operation.old(&bytes)));
    Ok(())
}

/// Carry operations out on a string that is lengthened to `length` bytes first.
fn write(call: &mut Call<'_>, operations: &[Operation], length: usize) -> CommandResult {
    let key = call.key(1);
    let old_length = match call.keys.read_for_write(&key) {
        Some(entry) => length_of(string_value(&entry)?),
        None => 0,
    };
    let reply = &mut *call.reply;
    reply.array(operations.len());
    let changes = call.keys.database_mut().edit_bytes(&key, length, |bytes| {
        let mut changes = 0;
        for operation in operations {
            // Only a GET may reach behind the end; it finds zeros there.
            let (answer, changed) = match operation.action {
                Action::Get => (Some(operation.old(bytes)), false),
                _ => operation.run(bytes),
            };
            let writes = !matches!(operation.action, Action::Get) && answer.is_some();
            changes += u64::from(changed || (writes && length > old_length));
            match answer {
                Some(answer) => reply.integer(answer),
                None => reply.null(),
            }
        }
        changes
    });
    if changes > 0 {
        call.changed(EventClass::STRING, "setbit", &key);
        call.dirty += changes - 1;
    }
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("bitfield", -2, Group::Bitmap, bitfield)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(
            1,
            KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE).union(KeyFlags::VARIABLE_FLAGS),
        )
        .notes("GET alone changes nothing.")])
        .usage(
            "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset \
             increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset \
             increment> ...]]",
        )
        .about("3.2.0", "Read, set and add to integers of any width in a string."),
    CommandSpec::new("bitfield_ro", -2, Group::Bitmap, bitfield_ro)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))])
        .usage("key [GET encoding offset [GET encoding offset ...]]")
        .about("6.0.0", "Read integers of any width in a string."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_as_the_kind_of_overflow_says() {
        let fit = |text: &str, value: i128, overflow| {
            FieldType::parse(text.as_bytes()).unwrap().fit(value, overflow)
        };
        for (text, value, wrapped, saturated) in [
            ("u8", 300, 44, 255),
            ("u8", -1, 255, 0),
            ("i8", 128, -128, 127),
            ("i8", -129, 127, -128),
            ("u63", i128::from(u64::MAX), i64::MAX, i64::MAX),
            ("i64", 1 << 63, i64::MIN, i64::MAX),
            ("i1", 1, -1, 0),
        ] {
            assert_eq!(fit(text, value, Overflow::Wrap), Some(wrapped), "{text} {value}");
            assert_eq!(fit(text, value, Overflow::Saturate), Some(saturated), "{text} {value}");
            assert_eq!(fit(text, value, Overflow::Fail), None, "{text} {value}");
            assert_eq!(fit(text, i128::from(saturated), Overflow::Fail), Some(saturated), "{text} {value}");
        }
        for text in ["", "i", "u", "i0", "i65", "u64", "u0", "I8", "8", "u08", "u-1"] {
            assert!(FieldType::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
