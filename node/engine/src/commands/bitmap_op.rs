//! BITOP.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, string_value};
use crate::bits::Operation;
use crate::keyspace::{HashedKey, NewExpiry, NewValue};
use crate::server::EventClass;

/// BITOP <AND | OR | XOR | NOT> destkey key [key ...]
fn bitop(call: &mut Call<'_>) -> CommandResult {
    let operation = match call.args.get(1) {
        word if word.eq_ignore_ascii_case(b"and") => Some(Operation::And),
        word if word.eq_ignore_ascii_case(b"or") => Some(Operation::Or),
        word if word.eq_ignore_ascii_case(b"xor") => Some(Operation::Xor),
        word if word.eq_ignore_ascii_case(b"not") => None,
        _ => return Err(CommandError::SYNTAX),
    };
    if operation.is_none() && call.args.len() != 4 {
        return Err(CommandError::text("ERR BITOP NOT must be called with a single source key."));
    }
    let mut result = Vec::new();
    for index in 3..call.args.len() {
        let key = call.key(index);
        let found = call.keys.read(&key);
        let value = found.as_ref().map(string_value).transpose()?;
        let bytes = value.map(bytes_of).unwrap_or_default();
        match operation {
            Some(operation) if index > 3 => operation.combine(&mut result, &bytes),
            Some(_) => result.extend_from_slice(&bytes),
            None => result.extend(bytes.iter().map(|byte| !byte)),
        }
    }
    let target = call.key(2);
    let length = result.len();
    store(call, &target, result);
    call.reply.integer(length as i64);
    Ok(())
}

/// Store a result, or remove what was there before if it is empty.
fn store(call: &mut Call<'_>, key: &HashedKey<'_>, result: Vec<u8>) {
    if !result.is_empty() {
        // Raw, as Redis has it: OBJECT ENCODING tells.
        call.keys.set(key, NewValue::Raw(&result), NewExpiry::None);
        call.changed(EventClass::STRING, "set", key);
    } else if call.keys.remove(key) {
        call.changed(EventClass::GENERIC, "del", key);
    }
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("bitop", -4, Group::Bitmap, bitop)
    .flags(Flags::WRITE.union(Flags::DENYOOM))
    .keys(&[
        KeySpec::one(2, KeyFlags::OW.union(KeyFlags::UPDATE)),
        KeySpec::range(3, -1, 1, KeyFlags::RO.union(KeyFlags::ACCESS)),
    ])
    .usage("<AND | OR | XOR | NOT> destkey key [key ...]")
    .about("2.6.0", "Combine strings bit by bit and store the result.")];
