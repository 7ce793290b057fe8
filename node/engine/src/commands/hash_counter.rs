//! Hashes: fields as counters.

use super::call::{Call, CommandResult};
use super::edited::end_edit;
use super::error::CommandError;
use super::hash_edit::HashEdit;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::NewExpiry;
use crate::long_double::LongDouble;
use crate::resp::parse_i64;
use crate::server::EventClass;

/// HINCRBY key field increment
fn hincrby(call: &mut Call<'_>) -> CommandResult {
    let increment = call.integer(3)?;
    let mut new = 0;
    add(call, "hincrby", |old| {
        let old = match old {
            Some(value) => parse_i64(value).ok_or(CommandError::text("ERR hash value is not an integer"))?,
            None => 0,
        };
        new = old.checked_add(increment).ok_or(CommandError::OVERFLOW)?;
        Ok(itoa::Buffer::new().format(new).as_bytes().to_vec())
    })?;
    call.reply.integer(new);
    Ok(())
}

/// HINCRBYFLOAT key field increment
fn hincrbyfloat(call: &mut Call<'_>) -> CommandResult {
    let increment = LongDouble::parse(call.args.get(3)).ok_or(CommandError::NOT_A_FLOAT)?;
    if !increment.is_finite() {
        return Err(CommandError::text("ERR value is NaN or Infinity"));
    }
    let text = add(call, "hincrbyfloat", |old| {
        let old = match old {
            Some(value) => {
                LongDouble::parse(value).ok_or(CommandError::text("ERR hash value is not a float"))?
            }
            None => LongDouble::from(0),
        };
        let new = old
            .checked_add(increment)
            .ok_or(CommandError::text("ERR increment would produce NaN or Infinity"))?;
        let mut text = Vec::new();
        new.push_to(&mut text);
        Ok(text)
    })?;
    call.reply.bulk(&text);
    Ok(())
}

/// Let the field in argument 2 have the value that `change` makes of the old one, and keep its expiry; returns it.
fn add(
    call: &mut Call<'_>,
    event: &'static str,
    change: impl FnOnce(Option<&[u8]>) -> Result<Vec<u8>, CommandError>,
) -> Result<Vec<u8>, CommandError> {
    let key = call.key(1);
    let name = call.args.get(2);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    let value = change(hash.field(name).map(|field| field.value))?;
    hash.put(name, &value, NewExpiry::Keep);
    let edited = hash.finish();
    end_edit(call, &key, edited);
    call.changed(EventClass::HASH, event, &key);
    Ok(value)
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST);
const KEY: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("hincrby", 4, Group::Hash, hincrby)
        .flags(WRITE)
        .keys(KEY)
        .usage("key field increment")
        .about("2.0.0", "Add to an integer in a field; a missing field counts as 0."),
    CommandSpec::new("hincrbyfloat", 4, Group::Hash, hincrbyfloat)
        .flags(WRITE)
        .keys(KEY)
        .usage("key field increment")
        .about("2.6.0", "Add to a number with decimals in a field; a missing field counts as 0."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn fields_count_and_refuse_what_is_no_number() {
        Node::alone().expect(&[
            ("HINCRBY h n 5", ":5\r\n"),
            ("HINCRBY h n -7", ":-2\r\n"),
            ("HINCRBYFLOAT h n 2.5", "$3\r\n0.5\r\n"),
            ("HINCRBY h n 1", "-ERR hash value is not an integer\r\n"),
            ("HINCRBYFLOAT h n inf", "-ERR value is NaN or Infinity\r\n"),
            ("HSET h n 9223372036854775807 t x", ":1\r\n"),
            ("HINCRBY h n 1", "-ERR increment or decrement would overflow\r\n"),
            ("HINCRBYFLOAT h t 1", "-ERR hash value is not a float\r\n"),
            ("HGETALL h", "*4\r\n$1\r\nn\r\n$19\r\n9223372036854775807\r\n$1\r\nt\r\n$1\r\nx\r\n"),
        ]);
    }
}
