//! Hashes: fields one by one.

use super::call::{Call, CommandResult};
use super::edited::end_edit;
use super::error::CommandError;
use super::hash_edit::{HashEdit, read_hash};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::NewExpiry;
use crate::server::EventClass;

/// HSET key field value [field value ...]
fn hset(call: &mut Call<'_>) -> CommandResult {
    let added = set_fields(call)?;
    call.reply.integer(added);
    Ok(())
}

/// HMSET key field value [field value ...]
fn hmset(call: &mut Call<'_>) -> CommandResult {
    set_fields(call)?;
    call.reply.ok();
    Ok(())
}

fn set_fields(call: &mut Call<'_>) -> Result<i64, CommandError> {
    let count = call.args.len();
    if !count.is_multiple_of(2) {
        return Err(CommandError::wrong_arity(call.spec.name));
    }
    let key = call.key(1);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    hash.expect_fields((count - 2) / 2);
    let mut added = 0;
    for index in (2..count).step_by(2) {
        added += i64::from(hash.put(call.args.get(index), call.args.get(index + 1), NewExpiry::None));
    }
    let edited = hash.finish();
    end_edit(call, &key, edited);
    call.changed(EventClass::HASH, "hset", &key);
    Ok(added)
}

/// HSETNX key field value
fn hsetnx(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let name = call.args.get(2);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    let missing = hash.field(name).is_none();
    if missing {
        hash.expect_fields(1);
        hash.put(name, call.args.get(3), NewExpiry::None);
        let edited = hash.finish();
        end_edit(call, &key, edited);
        call.changed(EventClass::HASH, "hset", &key);
    }
    call.reply.integer(i64::from(missing));
    Ok(())
}

/// HGET key field
fn hget(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    match read_hash(&mut call.keys, &key)?.and_then(|hash| hash.value(call.args.get(2))) {
        Some(value) => call.reply.bulk(value),
        None => call.reply.null(),
    }
    Ok(())
}

/// HMGET key field [field ...]
fn hmget(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let hash = read_hash(&mut call.keys, &key)?;
    let names = call.args.iter_from(2);
    call.reply.array(names.len());
    for name in names {
        match hash.and_then(|hash| hash.value(name)) {
            Some(value) => call.reply.bulk(value),
            None => call.reply.null(),
        }
    }
    Ok(())
}

/// HDEL key field [field ...]
fn hdel(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    let mut removed = 0;
    for name in call.args.iter_from(2) {
        removed += i64::from(hash.remove(name));
    }
    if removed > 0 {
        let edited = hash.finish();
        call.changed(EventClass::HASH, "hdel", &key);
        end_edit(call, &key, edited);
    }
    call.reply.integer(removed);
    Ok(())
}

/// HLEN key
fn hlen(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let length = read_hash(&mut call.keys, &key)?.map_or(0, |hash| hash.len());
    call.reply.integer(length as i64);
    Ok(())
}

/// HSTRLEN key field
fn hstrlen(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let value = read_hash(&mut call.keys, &key)?.and_then(|hash| hash.value(call.args.get(2)));
    call.reply.integer(value.map_or(0, <[u8]>::len) as i64);
    Ok(())
}

/// HEXISTS key field
fn hexists(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let value = read_hash(&mut call.keys, &key)?.and_then(|hash| hash.value(call.args.get(2)));
    call.reply.integer(i64::from(value.is_some()));
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST);
const READ: Flags = Flags::READONLY.union(Flags::FAST);
const UPDATED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))];
const ASKED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO)];
const ACCESSED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("hset", -4, Group::Hash, hset)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key field value [field value ...]")
        .about("2.0.0", "Set fields of a hash, which is created if need be."),
    CommandSpec::new("hmset", -4, Group::Hash, hmset)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key field value [field value ...]")
        .about("2.0.0", "Set fields of a hash; HSET does the same and counts the new ones."),
    CommandSpec::new("hsetnx", 4, Group::Hash, hsetnx)
        .flags(WRITE)
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage("key field value")
        .about("2.0.0", "Set a field of a hash if the hash has none of that name."),
    CommandSpec::new("hget", 3, Group::Hash, hget)
        .flags(READ)
        .keys(ACCESSED)
        .usage("key field")
        .about("2.0.0", "Give the value of a field."),
    CommandSpec::new("hmget", -3, Group::Hash, hmget)
        .flags(READ)
        .keys(ACCESSED)
        .usage("key field [field ...]")
        .about("2.0.0", "Give the values of several fields."),
    CommandSpec::new("hdel", -3, Group::Hash, hdel)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key field [field ...]")
        .about("2.0.0", "Remove fields of a hash, and the hash with its last one."),
    CommandSpec::new("hlen", 2, Group::Hash, hlen)
        .flags(READ)
        .keys(ASKED)
        .usage("key")
        .about("2.0.0", "Count the fields of a hash."),
    CommandSpec::new("hstrlen", 3, Group::Hash, hstrlen)
        .flags(READ)
        .keys(ASKED)
        .usage("key field")
        .about("3.2.0", "Tell the length of a field's value."),
    CommandSpec::new("hexists", 3, Group::Hash, hexists)
        .flags(READ)
        .keys(ASKED)
        .usage("key field")
        .about("2.0.0", "Tell whether a hash has a field."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn a_hash_becomes_a_hashtable_by_count_and_by_length_and_stays_one() {
        let mut node = Node::alone();
        node.expect(&[
            ("CONFIG SET hash-max-listpack-entries 2", "+OK\r\n"),
            ("HSET h a 1 b 2 a 3", ":2\r\n"),
            ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
            ("DEL h", ":1\r\n"),
            ("HSET h a 1 b 2", ":2\r\n"),
            ("OBJECT ENCODING h", "$8\r\nlistpack\r\n"),
            ("HSETNX h a 2", ":0\r\n"),
            ("HSETNX h c 3", ":1\r\n"),
            ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
            ("HDEL h a b x", ":2\r\n"),
            ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
            ("HDEL h c", ":1\r\n"),
            ("EXISTS h", ":0\r\n"),
        ]);
        let long = "x".repeat(65);
        node.run(&format!("HSET h a {long}"));
        node.expect(&[("OBJECT ENCODING h", "$9\r\nhashtable\r\n"), ("HSTRLEN h a", ":65\r\n")]);
    }

    #[test]
    fn hashes_outgrow_their_entries_without_a_change_in_what_they_say() {
        let mut node = Node::alone();
        for field in 0..300 {
            assert_eq!(node.run(&format!("HSET h field:{field} value:{field}")), ":1\r\n");
        }
        node.expect(&[
            ("OBJECT ENCODING h", "$8\r\nlistpack\r\n"),
            ("HLEN h", ":300\r\n"),
            ("HMGET h field:7 field:300", "*2\r\n$7\r\nvalue:7\r\n$-1\r\n"),
            ("HEXISTS h field:299", ":1\r\n"),
            ("GET h", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
            ("SET s 1", "+OK\r\n"),
            ("HSET s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
            ("HSET s a 1 b", "-ERR wrong number of arguments for 'hset' command\r\n"),
        ]);
    }
}
