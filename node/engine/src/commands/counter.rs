//! Strings that are numbers.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{integer_of, string_value};
use crate::keyspace::{NewExpiry, NewValue, Value};
use crate::long_double::LongDouble;
use crate::server::EventClass;

/// INCR key
fn incr(call: &mut Call<'_>) -> CommandResult {
    add(call, 1)
}

/// DECR key
fn decr(call: &mut Call<'_>) -> CommandResult {
    add(call, -1)
}

/// INCRBY key increment
fn incrby(call: &mut Call<'_>) -> CommandResult {
    let increment = call.integer(2)?;
    add(call, increment)
}

/// DECRBY key decrement
fn decrby(call: &mut Call<'_>) -> CommandResult {
    let increment =
        call.integer(2)?.checked_neg().ok_or(CommandError::text("ERR decrement would overflow"))?;
    add(call, increment)
}

#[inline]
fn add(call: &mut Call<'_>, increment: i64) -> CommandResult {
    let key = call.key(1);
    let (old, expiry) = match call.keys.read_for_write(&key) {
        Some(entry) => {
            let value = integer_of(string_value(&entry)?).ok_or(CommandError::NOT_AN_INTEGER)?;
            (value, NewExpiry::Keep)
        }
        None => (0, NewExpiry::None),
    };
    let new = old.checked_add(increment).ok_or(CommandError::OVERFLOW)?;
    // The look-up above has seen to expiry.
    let mut database = call.keys.database_mut();
    if expiry == NewExpiry::None || !database.set_int_in_place(&key, new) {
        database.set(&key, NewValue::Int(new), expiry);
    }
    call.changed(EventClass::STRING, "incrby", &key);
    call.reply.integer(new);
    Ok(())
}

/// INCRBYFLOAT key increment
fn incrbyfloat(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let (old, expiry) = match call.keys.read_for_write(&key) {
        Some(entry) => (number_of(string_value(&entry)?)?, NewExpiry::Keep),
        None => (LongDouble::from(0), NewExpiry::None),
    };
    let increment = LongDouble::parse(call.args.get(2)).ok_or(CommandError::NOT_A_FLOAT)?;
    let new = old
        .checked_add(increment)
        .ok_or(CommandError::text("ERR increment would produce NaN or Infinity"))?;
    let mut text = Vec::new();
    new.push_to(&mut text);
    // Redis keeps the digits as they are, also those of a whole number: OBJECT ENCODING tells.
    call.keys.database_mut().set(&key, NewValue::Bytes(&text), expiry);
    call.changed(EventClass::STRING, "incrbyfloat", &key);
    call.reply.bulk(&text);
    Ok(())
}

fn number_of(value: Value<'_>) -> Result<LongDouble, CommandError> {
    match value {
        Value::Int(value) => Ok(LongDouble::from(value)),
        Value::Bytes { bytes, .. } => LongDouble::parse(bytes).ok_or(CommandError::NOT_A_FLOAT),
        Value::Large(_) => Err(CommandError::NOT_A_FLOAT),
    }
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST);
const KEY: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("incr", 2, Group::String, incr)
        .flags(WRITE)
        .keys(KEY)
        .usage("key")
        .about("1.0.0", "Add one to an integer; a missing key counts as 0."),
    CommandSpec::new("decr", 2, Group::String, decr)
        .flags(WRITE)
        .keys(KEY)
        .usage("key")
        .about("1.0.0", "Take one from an integer; a missing key counts as 0."),
    CommandSpec::new("incrby", 3, Group::String, incrby)
        .flags(WRITE)
        .keys(KEY)
        .usage("key increment")
        .about("1.0.0", "Add to an integer; a missing key counts as 0."),
    CommandSpec::new("decrby", 3, Group::String, decrby)
        .flags(WRITE)
        .keys(KEY)
        .usage("key decrement")
        .about("1.0.0", "Take from an integer; a missing key counts as 0."),
    CommandSpec::new("incrbyfloat", 3, Group::String, incrbyfloat)
        .flags(WRITE)
        .keys(KEY)
        .usage("key increment")
        .about("2.6.0", "Add to a number with decimals; a missing key counts as 0."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn counters_keep_their_expiry_and_refuse_to_overflow() {
        Node::alone().expect(&[
            ("SET n 9223372036854775806 EX 100", "+OK\r\n"),
            ("INCR n", ":9223372036854775807\r\n"),
            ("INCR n", "-ERR increment or decrement would overflow\r\n"),
            ("TTL n", ":100\r\n"),
            ("DECRBY n -9223372036854775808", "-ERR decrement would overflow\r\n"),
            ("DECR new", ":-1\r\n"),
            ("INCRBY new 65537", ":65536\r\n"),
            ("SET text 01", "+OK\r\n"),
            ("INCR text", "-ERR value is not an integer or out of range\r\n"),
        ]);
    }

    #[test]
    fn a_whole_number_that_was_made_from_decimals_can_be_counted_on() {
        Node::alone().expect(&[
            ("SET n 1.5", "+OK\r\n"),
            ("INCRBYFLOAT n 1.5", "$1\r\n3\r\n"),
            ("OBJECT ENCODING n", "$6\r\nembstr\r\n"),
            ("INCR n", ":4\r\n"),
            ("OBJECT ENCODING n", "$3\r\nint\r\n"),
            ("INCRBYFLOAT n inf", "-ERR increment would produce NaN or Infinity\r\n"),
            ("INCRBYFLOAT n 1e5000", "-ERR value is not a valid float\r\n"),
        ]);
    }
}
