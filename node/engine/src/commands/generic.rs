//! Keys of any type: removing, renaming, copying, asking about them.

use super::call::{Call, CommandResult};
use super::database::database_index;
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::{HashedKey, ValueType};
use crate::server::EventClass;

/// DEL key [key ...]; UNLINK is the same here, as freeing a value is never long work.
fn del(call: &mut Call<'_>) -> CommandResult {
    let mut removed = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        if call.keys.remove(&key) {
            removed += 1;
            call.changed(EventClass::GENERIC, "del", &key);
        }
    }
    call.reply.integer(removed);
    Ok(())
}

/// EXISTS key [key ...]
fn exists(call: &mut Call<'_>) -> CommandResult {
    // Counts as hit or miss, but not as a use of the key.
    call.keys.touch = false;
    let mut found = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        found += i64::from(call.keys.read(&key).is_some());
    }
    call.reply.integer(found);
    Ok(())
}

/// TOUCH key [key ...]
fn touch(call: &mut Call<'_>) -> CommandResult {
    // A client that said NO-TOUCH means its other commands.
    call.keys.touch = true;
    let mut found = 0;
    for index in 1..call.args.len() {
        let key = call.key(index);
        found += i64::from(call.keys.read(&key).is_some());
    }
    call.reply.integer(found);
    Ok(())
}

/// The name of a type, as TYPE and SCAN have it.
pub(super) fn type_name(value_type: ValueType) -> &'static str {
    match value_type {
        ValueType::String => "string",
        ValueType::List => "list",
        ValueType::Set => "set",
        ValueType::SortedSet => "zset",
        ValueType::Hash => "hash",
        ValueType::Stream => "stream",
    }
}

/// TYPE key
fn type_of(call: &mut Call<'_>) -> CommandResult {
    call.keys.touch = false;
    let key = call.key(1);
    let name = call.keys.read(&key).map_or("none", |entry| type_name(entry.value_type()));
    call.reply.simple(name);
    Ok(())
}

/// RENAME key newkey
fn rename(call: &mut Call<'_>) -> CommandResult {
    let (from, to) = (call.key(1), call.key(2));
    if call.keys.read_for_write(&from).is_none() {
        return Err(CommandError::NO_SUCH_KEY);
    }
    if from.bytes != to.bytes {
        rename_now(call, &from, &to);
    }
    call.reply.ok();
    Ok(())
}

/// RENAMENX key newkey
fn renamenx(call: &mut Call<'_>) -> CommandResult {
    let (from, to) = (call.key(1), call.key(2));
    if call.keys.read_for_write(&from).is_none() {
        return Err(CommandError::NO_SUCH_KEY);
    }
    let free = from.bytes != to.bytes && call.keys.read_for_write(&to).is_none();
    if free {
        rename_now(call, &from, &to);
    }
    call.reply.integer(i64::from(free));
    Ok(())
}

fn rename_now(call: &mut Call<'_>, from: &HashedKey<'_>, to: &HashedKey<'_>) {
    call.keys.rename(from, to);
    call.changed(EventClass::GENERIC, "rename_from", from);
    call.noted(EventClass::GENERIC, "rename_to", to);
}

/// COPY source destination [DB destination-db] [REPLACE]
fn copy(call: &mut Call<'_>) -> CommandResult {
    let (mut db, mut replace) = (call.session.db, false);
    let mut index = 3;
    while index < call.args.len() {
        if call.is_word(index, "REPLACE") {
            replace = true;
        } else if call.is_word(index, "DB") && index + 1 < call.args.len() {
            db = database_index(call, index + 1)?;
            index += 1;
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 1;
    }
    let (from, to) = (call.key(1), call.key(2));
    if db == call.session.db && from.bytes == to.bytes {
        return Err(CommandError::SAME_OBJECT);
    }
    let found = call.keys.read(&from).is_some();
    let copied =
        found && (replace || !call.keys.in_database(db).exists(&to)) && call.keys.copy(&from, db, &to);
    if copied {
        call.changed_in(db, EventClass::GENERIC, "copy_to", &to);
    }
    call.reply.integer(i64::from(copied));
    Ok(())
}

/// MOVE key db
fn move_key(call: &mut Call<'_>) -> CommandResult {
    let db = database_index(call, 2)?;
    if db == call.session.db {
        return Err(CommandError::SAME_OBJECT);
    }
    let key = call.key(1);
    let moved = call.keys.read_for_write(&key).is_some() && call.keys.move_to(&key, db);
    if moved {
        call.changed(EventClass::GENERIC, "move_from", &key);
        call.changed_in(db, EventClass::GENERIC, "move_to", &key);
    }
    call.reply.integer(i64::from(moved));
    Ok(())
}

/// RANDOMKEY
fn randomkey(call: &mut Call<'_>) -> CommandResult {
    match call.keys.random(&mut call.server.rng) {
        Some(key) => call.reply.bulk(&key),
        None => call.reply.null(),
    }
    Ok(())
}

const READ: KeyFlags = KeyFlags::RO.union(KeyFlags::ACCESS);
const TAKE: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE);
const REMOVED: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyFlags::RM.union(KeyFlags::DELETE))];
const SUMMED: &[&str] = &["request_policy:multi_shard", "response_policy:agg_sum"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("del", -2, Group::Generic, del)
        .flags(Flags::WRITE)
        .keys(REMOVED)
        .tips(SUMMED)
        .usage("key [key ...]")
        .about("1.0.0", "Remove keys."),
    CommandSpec::new("unlink", -2, Group::Generic, del)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(REMOVED)
        .tips(SUMMED)
        .usage("key [key ...]")
        .about("4.0.0", "Remove keys, without waiting until their memory is free."),
    CommandSpec::new("exists", -2, Group::Generic, exists)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::range(1, -1, 1, KeyFlags::RO)])
        .tips(SUMMED)
        .usage("key [key ...]")
        .about("1.0.0", "Count which of the keys exist."),
    CommandSpec::new("touch", -2, Group::Generic, touch)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::range(1, -1, 1, KeyFlags::RO)])
        .tips(SUMMED)
        .usage("key [key ...]")
        .about("3.2.1", "Mark keys as used, and count which exist."),
    CommandSpec::new("type", 2, Group::Generic, type_of)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RO)])
        .usage("key")
        .about("1.0.0", "Tell the type of what a key holds."),
    CommandSpec::new("rename", 3, Group::Generic, rename)
        .flags(Flags::WRITE)
        .keys(&[KeySpec::one(1, TAKE), KeySpec::one(2, KeyFlags::OW.union(KeyFlags::UPDATE))])
        .usage("key newkey")
        .about("1.0.0", "Give a value another key, whatever that held."),
    CommandSpec::new("renamenx", 3, Group::Generic, renamenx)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, TAKE), KeySpec::one(2, KeyFlags::OW.union(KeyFlags::INSERT))])
        .usage("key newkey")
        .about("1.0.0", "Give a value another key if that does not exist."),
    CommandSpec::new("copy", -3, Group::Generic, copy)
        .flags(Flags::WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, READ), KeySpec::one(2, KeyFlags::OW.union(KeyFlags::UPDATE))])
        .usage("source destination [DB destination-db] [REPLACE]")
        .about("6.2.0", "Store a copy of a value under another key."),
    CommandSpec::new("move", 3, Group::Generic, move_key)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE))])
        .usage("key db")
        .about("1.0.0", "Move a key to another database."),
    CommandSpec::new("randomkey", 1, Group::Generic, randomkey)
        .flags(Flags::READONLY)
        .tips(&["request_policy:all_shards", "response_policy:special", "nondeterministic_output"])
        .about("1.0.0", "Give a key drawn at random."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn copies_and_moves_go_between_databases_and_take_the_expiry_along() {
        let mut node = Node::alone();
        node.expect(&[
            ("SET a v EX 100", "+OK\r\n"),
            ("COPY a a", "-ERR source and destination objects are the same\r\n"),
            ("COPY a a DB 1", ":1\r\n"),
            ("COPY a a DB 1", ":0\r\n"),
            ("COPY a a REPLACE DB 1", ":1\r\n"),
            ("MOVE a 1", ":0\r\n"),
            ("MOVE a 2", ":1\r\n"),
            ("EXISTS a", ":0\r\n"),
            ("MOVE a 16", "-ERR DB index is out of range\r\n"),
        ]);
        for db in [1, 2] {
            node.session.db = db;
            node.expect(&[("GET a", "$1\r\nv\r\n"), ("TTL a", ":100\r\n")]);
        }
    }

    #[test]
    fn renaming_onto_itself_needs_the_key_to_exist() {
        Node::alone().expect(&[
            ("RENAME a a", "-ERR no such key\r\n"),
            ("SET a v", "+OK\r\n"),
            ("RENAME a a", "+OK\r\n"),
            ("RENAMENX a a", ":0\r\n"),
            ("RENAMENX a b", ":1\r\n"),
            ("EXISTS a b b", ":2\r\n"),
        ]);
    }
}
