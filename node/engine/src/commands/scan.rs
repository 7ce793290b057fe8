//! Listing the keys of a database.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::generic::type_name;
use super::spec::{Category, CommandSpec, Flags, Group};
use crate::glob;
use crate::keyspace::{EntryRef, ValueType};
use crate::resp::parse_i64;
use crate::slot::{SlotIndex, key_slot};

/// Keys that SCAN looks at unless told otherwise.
const COUNT_DEFAULT: i64 = 10;
/// SCAN goes on for this many steps while it finds no keys to look at.
const STEPS_MAX: usize = 16;

const TYPES: [ValueType; 6] = [
    ValueType::String,
    ValueType::List,
    ValueType::Set,
    ValueType::SortedSet,
    ValueType::Hash,
    ValueType::Stream,
];

/// What SCAN's options say.
struct Options<'a> {
    count: i64,
    /// None: all keys.
    pattern: Option<&'a [u8]>,
    value_type: Option<ValueType>,
}

/// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
fn scan(call: &mut Call<'_>) -> CommandResult {
    let mut cursor = parse_cursor(call.args.get(1)).ok_or(CommandError::INVALID_CURSOR)?;
    let options = parse(call)?;
    let slot = options.pattern.and_then(|pattern| only_slot(call, pattern));
    let now_ms = call.now.unix_ms();
    let database = call.keys.database();
    let mut found: Vec<&[u8]> = Vec::new();
    let mut seen = 0;
    for _ in 0..STEPS_MAX {
        let left = (options.count - seen).try_into().unwrap_or(1);
        let visit = |entry| {
            seen += 1;
            if is_wanted(entry, &options, now_ms) {
                found.push(entry.key());
            }
        };
        cursor = match slot {
            Some(slot) => database.scan_slot(slot, cursor, left, visit),
            None => database.scan(cursor, left, visit),
        };
        if cursor == 0 || seen >= options.count {
            break;
        }
    }
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(cursor).as_bytes());
    call.reply.array(found.len());
    found.into_iter().for_each(|key| call.reply.bulk(key));
    Ok(())
}

fn is_wanted(entry: EntryRef<'_>, options: &Options<'_>, now_ms: i64) -> bool {
    !entry.is_expired(now_ms)
        && options.value_type.is_none_or(|value_type| entry.value_type() == value_type)
        && options.pattern.is_none_or(|pattern| glob::matches(pattern, entry.key(), false))
}

fn parse<'a>(call: &Call<'a>) -> Result<Options<'a>, CommandError> {
    let mut options = Options { count: COUNT_DEFAULT, pattern: None, value_type: None };
    let mut index = 2;
    while index < call.args.len() {
        let has_next = index + 1 < call.args.len();
        if call.is_word(index, "COUNT") && has_next {
            options.count = call.integer(index + 1)?;
            if options.count < 1 {
                return Err(CommandError::SYNTAX);
            }
        } else if call.is_word(index, "MATCH") && has_next {
            options.pattern = Some(call.args.get(index + 1)).filter(|pattern| *pattern != b"*");
        } else if call.is_word(index, "TYPE") && has_next {
            options.value_type = Some(parse_type(call.args.get(index + 1))?);
        } else if call.is_word(index, "NOVALUES") {
            return Err(CommandError::text("ERR NOVALUES option can only be used in HSCAN"));
        } else if call.is_word(index, "NOSCORES") {
            return Err(CommandError::text("ERR NOSCORES option can only be used in ZSCAN"));
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 2;
    }
    Ok(options)
}

fn parse_type(name: &[u8]) -> Result<ValueType, CommandError> {
    let is_named = |value_type: &ValueType| type_name(*value_type).as_bytes().eq_ignore_ascii_case(name);
    TYPES
        .into_iter()
        .find(is_named)
        .ok_or_else(|| CommandError::new([b"ERR unknown type name '", name, b"'"].concat()))
}

/// Read a cursor as C's `strtoull` does, which Redis falls back to for what is no canonical integer.
pub(super) fn parse_cursor(text: &[u8]) -> Option<u64> {
    if let Some(value) = parse_i64(text) {
        return u64::try_from(value).ok();
    }
    let text = text.trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// The slot that all keys matching the pattern are in, when that is certain and slots matter.
fn only_slot(call: &Call<'_>, pattern: &[u8]) -> Option<SlotIndex> {
    if !call.server.identity.cluster {
        return None;
    }
    let special = pattern.iter().position(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'));
    let Some(special) = special else {
        return Some(key_slot(pattern));
    };
    // A whole hash tag in front of everything that can match several texts decides.
    let literal = &pattern[..special];
    let open = literal.iter().position(|byte| *byte == b'{')?;
    let close = literal[open..].iter().position(|byte| *byte == b'}')?;
    (close > 1).then(|| key_slot(literal))
}

/// KEYS pattern
fn keys(call: &mut Call<'_>) -> CommandResult {
    let pattern = call.args.get(1);
    let all = pattern == b"*";
    let slot = only_slot(call, pattern);
    let now_ms = call.now.unix_ms();
    let begun = call.reply.begin();
    let mut count = 0;
    let mut visit = |entry: EntryRef<'_>| {
        if !entry.is_expired(now_ms) && (all || glob::matches(pattern, entry.key(), false)) {
            call.reply.bulk(entry.key());
            count += 1;
        }
    };
    let database = call.keys.database();
    let mut cursor = 0;
    loop {
        cursor = match slot {
            Some(slot) => database.scan_slot(slot, cursor, usize::MAX, &mut visit),
            None => database.scan(cursor, usize::MAX, &mut visit),
        };
        if cursor == 0 {
            break;
        }
    }
    call.reply.end_array(begun, count);
    Ok(())
}

/// DBSIZE
fn dbsize(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.keys.database().len() as i64);
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("scan", -2, Group::Generic, scan)
        .flags(Flags::READONLY)
        .tips(&["nondeterministic_output", "request_policy:special", "response_policy:special"])
        .usage("cursor [MATCH pattern] [COUNT count] [TYPE type]")
        .about("2.8.0", "List some keys, and a cursor to go on from."),
    CommandSpec::new("keys", 2, Group::Generic, keys)
        .flags(Flags::READONLY)
        .with_categories(Category::KEYSPACE.union(Category::DANGEROUS))
        .tips(&["request_policy:all_shards", "nondeterministic_output_order"])
        .usage("pattern")
        .about("1.0.0", "List all keys that match a pattern."),
    CommandSpec::new("dbsize", 1, Group::Server, dbsize)
        .flags(Flags::READONLY.union(Flags::FAST))
        .with_categories(Category::KEYSPACE)
        .tips(&["request_policy:all_shards", "response_policy:agg_sum"])
        .about("1.0.0", "Count the keys of the database."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::{NewExpiry, NewValue};
    use crate::testing::{Node, START_MS};

    /// The keys of a whole scan.
    fn scan_all(node: &mut Node, options: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut cursor = "0".to_owned();
        loop {
            let reply = node.run(&format!("SCAN {cursor} {options}"));
            let mut lines = reply.lines().filter(|line| !line.starts_with(['*', '$']));
            cursor = lines.next().unwrap().to_owned();
            keys.extend(lines.map(str::to_owned));
            if cursor == "0" {
                keys.sort();
                return keys;
            }
        }
    }

    #[test]
    fn a_scan_meets_every_living_key_that_matches() {
        for mut node in [Node::alone(), Node::member()] {
            let names: Vec<String> = (0..500).map(|number| format!("{{tag}}{number:03}")).collect();
            for name in &names {
                let key = node.core.keyspace.hash_key(name.as_bytes());
                node.core.keyspace.database_mut(0).set(&key, NewValue::Int(1), NewExpiry::None);
            }
            let key = node.core.keyspace.hash_key(b"{tag}gone");
            node.core.keyspace.database_mut(0).set(&key, NewValue::Int(1), NewExpiry::At(START_MS - 1));
            assert_eq!(scan_all(&mut node, "COUNT 7"), names);
            assert_eq!(scan_all(&mut node, "MATCH {tag}12?"), names[120..130]);
            assert_eq!(scan_all(&mut node, "MATCH *7 TYPE string").len(), 50);
            assert!(scan_all(&mut node, "TYPE zset").is_empty());
            assert!(node.run("KEYS {tag}*").starts_with("*500\r\n"));
            assert_eq!(node.run("KEYS {tag}007"), "*1\r\n$8\r\n{tag}007\r\n");
        }
    }

    #[test]
    fn cursors_are_read_as_generously_as_redis_does() {
        for (text, cursor) in [
            ("0", 0),
            ("00", 0),
            (" 7", 7),
            ("+7", 7),
            ("-0", 0),
            ("18446744073709551615", u64::MAX),
            (" -1", u64::MAX),
        ] {
            assert_eq!(parse_cursor(text.as_bytes()), Some(cursor), "{text}");
        }
        for text in ["", "-1", "x", "7 ", "0x1", "18446744073709551616", "+", "--1"] {
            assert_eq!(parse_cursor(text.as_bytes()), None, "{text}");
        }
    }
}
