//! Sets: members one by one.

use super::call::{Call, CommandResult};
use super::edited::end_edit;
use super::error::CommandError;
use super::scan_options::{ScanOptions, Scanned, cursor};
use super::set_edit::{SetEdit, read_set};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::collections::Member;
use crate::keyspace::ValueType;
use crate::resp::Reply;
use crate::server::EventClass;

/// SADD key member [member ...]
fn sadd(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let members = call.args.iter_from(2);
    let mut set = SetEdit::begin(&mut call.keys, key, &call.server.config)?;
    set.expect_members(call.args.get(2), members.len());
    let mut added = 0;
    for member in members {
        added += i64::from(set.add(member));
    }
    // Also a set to which nothing was added may have another encoding now.
    let edited = set.finish();
    end_edit(call, &key, edited);
    if added > 0 {
        call.changed(EventClass::SET, "sadd", &key);
    }
    call.reply.integer(added);
    Ok(())
}

/// SREM key member [member ...]
fn srem(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let mut set = SetEdit::begin(&mut call.keys, key, &call.server.config)?;
    let mut removed = 0;
    for member in call.args.iter_from(2) {
        removed += i64::from(set.remove(member));
    }
    if removed > 0 {
        let edited = set.finish();
        call.changed(EventClass::SET, "srem", &key);
        end_edit(call, &key, edited);
    }
    call.reply.integer(removed);
    Ok(())
}

/// SISMEMBER key member
fn sismember(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let found = read_set(&mut call.keys, &key)?.is_some_and(|set| set.contains(call.args.get(2)));
    call.reply.integer(i64::from(found));
    Ok(())
}

/// SMISMEMBER key member [member ...]
fn smismember(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let set = read_set(&mut call.keys, &key)?;
    let members = call.args.iter_from(2);
    call.reply.array(members.len());
    for member in members {
        call.reply.integer(i64::from(set.is_some_and(|set| set.contains(member))));
    }
    Ok(())
}

/// SCARD key
fn scard(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let length = read_set(&mut call.keys, &key)?.map_or(0, |set| set.len());
    call.reply.integer(length as i64);
    Ok(())
}

/// SMEMBERS key
fn smembers(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let Some(set) = read_set(&mut call.keys, &key)? else {
        call.reply.set(0);
        return Ok(());
    };
    call.reply.set(set.len());
    set.members().for_each(|member| reply_member(call.reply, member));
    Ok(())
}

/// Write a member as a bulk string.
#[inline]
pub(super) fn reply_member(reply: &mut Reply, member: Member<'_>) {
    match member {
        Member::Text(text) => reply.bulk(text),
        Member::Int(value) => reply.bulk_integer(value),
    }
}

/// SSCAN key cursor [MATCH pattern] [COUNT count]
fn sscan(call: &mut Call<'_>) -> CommandResult {
    let cursor = cursor(call, 2)?;
    let key = call.key(1);
    let Some(set) = read_set(&mut call.keys, &key)? else {
        call.reply.array(2);
        call.reply.bulk(b"0");
        call.reply.array(0);
        return Ok(());
    };
    let options = ScanOptions::parse(call.args, 3, Scanned::Set)?;
    let mut found = Vec::new();
    let mut digits = itoa::Buffer::new();
    let next = set.scan(cursor, options.count, |member| {
        if options.matches(member.text(&mut digits)) {
            found.push(member);
        }
    });
    call.reply.array(2);
    call.reply.bulk(digits.format(next).as_bytes());
    call.reply.array(found.len());
    found.into_iter().for_each(|member| reply_member(call.reply, member));
    Ok(())
}

/// SMOVE source destination member
fn smove(call: &mut Call<'_>) -> CommandResult {
    let (from, to, member) = (call.key(1), call.key(2), call.args.get(3));
    let Some(entry) = call.keys.read_for_write(&from) else {
        call.reply.integer(0);
        return Ok(());
    };
    let is_set = entry.value_type() == ValueType::Set;
    if !is_set || call.keys.read_for_write(&to).is_some_and(|entry| entry.value_type() != ValueType::Set) {
        return Err(CommandError::WRONG_TYPE);
    }
    let mut source = SetEdit::begin(&mut call.keys, from, &call.server.config)?;
    if from.bytes == to.bytes {
        let found = source.contains(member);
        call.reply.integer(i64::from(found));
        return Ok(());
    }
    let removed = source.remove(member);
    if removed {
        let edited = source.finish();
        call.changed(EventClass::SET, "srem", &from);
        end_edit(call, &from, edited);
        let mut destination = SetEdit::begin(&mut call.keys, to, &call.server.config)?;
        destination.expect_members(member, 1);
        if destination.add(member) {
            let edited = destination.finish();
            end_edit(call, &to, edited);
            call.changed(EventClass::SET, "sadd", &to);
        }
    }
    call.reply.integer(i64::from(removed));
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::FAST);
const READ: Flags = Flags::READONLY.union(Flags::FAST);
const ASKED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO)];
const ACCESSED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("sadd", -3, Group::Set, sadd)
        .flags(WRITE.union(Flags::DENYOOM))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage("key member [member ...]")
        .about("1.0.0", "Add members to a set, which is created if need be."),
    CommandSpec::new("srem", -3, Group::Set, srem)
        .flags(WRITE)
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
        .usage("key member [member ...]")
        .about("1.0.0", "Remove members of a set, and the set with its last one."),
    CommandSpec::new("sismember", 3, Group::Set, sismember)
        .flags(READ)
        .keys(ASKED)
        .usage("key member")
        .about("1.0.0", "Tell whether something is a member of a set."),
    CommandSpec::new("smismember", -3, Group::Set, smismember)
        .flags(READ)
        .keys(ACCESSED)
        .usage("key member [member ...]")
        .about("6.2.0", "Tell of several things whether they are members of a set."),
    CommandSpec::new("scard", 2, Group::Set, scard)
        .flags(READ)
        .keys(ASKED)
        .usage("key")
        .about("1.0.0", "Count the members of a set."),
    CommandSpec::new("smembers", 2, Group::Set, smembers)
        .flags(Flags::READONLY)
        .keys(ACCESSED)
        .tips(&["nondeterministic_output_order"])
        .usage("key")
        .about("1.0.0", "Give all members of a set."),
    CommandSpec::new("sscan", -3, Group::Set, sscan)
        .flags(Flags::READONLY)
        .keys(ACCESSED)
        .tips(&["nondeterministic_output"])
        .usage("key cursor [MATCH pattern] [COUNT count]")
        .about("2.8.0", "List some members of a set, and a cursor to go on from."),
    CommandSpec::new("smove", 4, Group::Set, smove)
        .flags(WRITE)
        .keys(&[
            KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE)),
            KeySpec::one(2, KeyFlags::RW.union(KeyFlags::INSERT)),
        ])
        .usage("source destination member")
        .about("1.0.0", "Move a member from one set to another."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn sets_are_integers_then_a_listpack_then_a_hashtable() {
        let mut node = Node::alone();
        node.expect(&[
            ("SADD s 3 1 2 1", ":3\r\n"),
            ("OBJECT ENCODING s", "$6\r\nintset\r\n"),
            ("SMEMBERS s", "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n"),
            ("SADD s 0x 01", ":2\r\n"),
            ("OBJECT ENCODING s", "$8\r\nlistpack\r\n"),
            ("SREM s 0x 01 7", ":2\r\n"),
            ("OBJECT ENCODING s", "$8\r\nlistpack\r\n"),
            ("SMISMEMBER s 1 4", "*2\r\n:1\r\n:0\r\n"),
            ("CONFIG SET set-max-listpack-entries 3", "+OK\r\n"),
            ("SADD s 4", ":1\r\n"),
            ("OBJECT ENCODING s", "$9\r\nhashtable\r\n"),
            ("SREM s 1 2 3 4", ":4\r\n"),
            ("EXISTS s", ":0\r\n"),
        ]);
    }

    #[test]
    fn a_member_moves_once() {
        Node::alone().expect(&[
            ("SADD a 1 x", ":2\r\n"),
            ("SMOVE a b 1", ":1\r\n"),
            ("SMOVE a b 1", ":0\r\n"),
            ("OBJECT ENCODING b", "$6\r\nintset\r\n"),
            ("SMOVE a a x", ":1\r\n"),
            ("SMOVE a b x", ":1\r\n"),
            ("EXISTS a", ":0\r\n"),
            ("SCARD b", ":2\r\n"),
            ("SET t 1", "+OK\r\n"),
            ("SMOVE b t x", "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"),
            ("SMOVE none t x", ":0\r\n"),
        ]);
    }
}
