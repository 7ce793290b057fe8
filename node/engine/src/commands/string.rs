//! Strings: reading and storing whole values.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::expiry::{ExpiryOption, TimeForm, positive_deadline, remove_as_expired};
use super::keys::InvalidKeys;
use super::options::{Condition, Options, Owner};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, new_value, reply_value, string_value};
use crate::keyspace::{HashedKey, NewExpiry};
use crate::resp::Args;
use crate::server::EventClass;

/// GET key
fn get(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    reply_with(call, &key)
}

/// Answer with the value of a key, or null.
#[inline]
fn reply_with(call: &mut Call<'_>, key: &HashedKey<'_>) -> CommandResult {
    match call.keys.read(key) {
        Some(entry) => reply_value(call.reply, &entry),
        None => {
            call.reply.null();
            Ok(())
        }
    }
}

/// SET key value [NX | XX | IFEQ comparison-value] [GET]
/// [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]
fn set(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() == 3 {
        store(call, 1, 2, NewExpiry::None);
        call.reply.ok();
        return Ok(());
    }
    let options = Options::parse(call.args, 3, call.args.len(), Owner::Set)?;
    let expiry = options.expiry.for_new_value(call)?;
    let key = call.key(1);
    if options.get {
        reply_with(call, &key)?;
    }
    if !holds(call, &key, options.condition)? {
        if !options.get {
            call.reply.null();
        }
        return Ok(());
    }
    match expiry {
        NewExpiry::At(deadline_ms) if deadline_ms <= call.now.unix_ms() => remove_as_expired(call, &key),
        _ => store(call, 1, 2, expiry),
    }
    if !options.get {
        call.reply.ok();
    }
    Ok(())
}

/// SET only reads the key if it is to answer with the old value.
fn set_key(args: Args<'_>) -> Result<Vec<(usize, KeyFlags)>, InvalidKeys> {
    let reads = args.iter_from(3).any(|word| word.eq_ignore_ascii_case(b"GET"));
    Ok(vec![(1, if reads { SWAP } else { KeyFlags::OW.union(KeyFlags::UPDATE) })])
}

/// Whether the condition for storing a value holds.
fn holds(call: &mut Call<'_>, key: &HashedKey<'_>, condition: Condition<'_>) -> Result<bool, CommandError> {
    if condition == Condition::Always {
        return Ok(true);
    }
    let found = call.keys.read_for_write(key);
    Ok(match (condition, found) {
        (Condition::Always, _) | (Condition::Missing, None) | (Condition::Exists, Some(_)) => true,
        (Condition::Missing, Some(_)) | (Condition::Exists | Condition::Equals(_), None) => false,
        (Condition::Equals(expected), Some(entry)) => *bytes_of(string_value(&entry)?) == *expected,
    })
}

/// Store an argument under a key.
#[inline]
pub(super) fn store(call: &mut Call<'_>, key: usize, value: usize, expiry: NewExpiry) {
    let key = call.key(key);
    call.keys.set(&key, new_value(call.args, value), expiry);
    call.changed(EventClass::STRING, "set", &key);
    if let NewExpiry::At(_) = expiry {
        call.noted(EventClass::GENERIC, "expire", &key);
    }
}

/// SETNX key value
fn setnx(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let stored = call.keys.read_for_write(&key).is_none();
    if stored {
        store(call, 1, 2, NewExpiry::None);
    }
    call.reply.integer(i64::from(stored));
    Ok(())
}

/// SETEX key seconds value
fn setex(call: &mut Call<'_>) -> CommandResult {
    set_with_deadline(call, TimeForm::SECONDS)
}

/// PSETEX key milliseconds value
fn psetex(call: &mut Call<'_>) -> CommandResult {
    set_with_deadline(call, TimeForm::MILLISECONDS)
}

fn set_with_deadline(call: &mut Call<'_>, form: TimeForm) -> CommandResult {
    let deadline_ms = positive_deadline(call, 2, form)?;
    store(call, 1, 3, NewExpiry::At(deadline_ms));
    call.reply.ok();
    Ok(())
}

/// GETSET key value
fn getset(call: &mut Call<'_>) -> CommandResult {
    get(call)?;
    store(call, 1, 2, NewExpiry::None);
    Ok(())
}

/// GETEX key [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | PERSIST]
fn getex(call: &mut Call<'_>) -> CommandResult {
    let options = Options::parse(call.args, 2, call.args.len(), Owner::GetEx)?;
    let expiry = options.expiry.for_new_value(call)?;
    let key = call.key(1);
    let Some(entry) = call.keys.read(&key) else {
        call.reply.null();
        return Ok(());
    };
    reply_value(call.reply, &entry)?;
    let expires = entry.expiry_ms().is_some();
    match expiry {
        NewExpiry::At(deadline_ms) if deadline_ms <= call.now.unix_ms() => remove_as_expired(call, &key),
        NewExpiry::At(deadline_ms) => {
            call.keys.set_expiry(&key, Some(deadline_ms));
            call.changed(EventClass::GENERIC, "expire", &key);
        }
        NewExpiry::None if options.expiry == ExpiryOption::Persist && expires => {
            call.keys.set_expiry(&key, None);
            call.changed(EventClass::GENERIC, "persist", &key);
        }
        NewExpiry::None | NewExpiry::Keep => {}
    }
    Ok(())
}

/// GETDEL key
fn getdel(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    reply_with(call, &key)?;
    if call.keys.remove(&key) {
        call.changed(EventClass::GENERIC, "del", &key);
    }
    Ok(())
}

/// DELIFEQ key value
fn delifeq(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let equal = match call.keys.read_for_write(&key) {
        Some(entry) => *bytes_of(string_value(&entry)?) == *call.args.get(2),
        None => false,
    };
    let removed = equal && call.keys.remove(&key);
    if removed {
        call.changed(EventClass::GENERIC, "del", &key);
    }
    call.reply.integer(i64::from(removed));
    Ok(())
}

const READ: KeyFlags = KeyFlags::RO.union(KeyFlags::ACCESS);
const SWAP: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::UPDATE);
const STORE: &[KeySpec] = &[KeySpec::one(1, KeyFlags::OW.union(KeyFlags::UPDATE))];
const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("get", 2, Group::String, get)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::one(1, READ)])
        .usage("key")
        .about("1.0.0", "Give the string that a key holds."),
    CommandSpec::new("set", -3, Group::String, set)
        .flags(WRITE)
        .keys(&[KeySpec::one(1, SWAP.union(KeyFlags::VARIABLE_FLAGS)).notes("GET reads the key as well.")])
        .finds_keys(set_key)
        .usage(
            "key value [NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | \
             EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        )
        .about(
            "1.0.0",
            "Store a string, whatever the key held; on conditions and with an expiry if so asked.",
        ),
    CommandSpec::new("setnx", 3, Group::String, setnx)
        .flags(WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::OW.union(KeyFlags::INSERT))])
        .usage("key value")
        .about("1.0.0", "Store a string under a key that does not exist."),
    CommandSpec::new("setex", 4, Group::String, setex)
        .flags(WRITE)
        .keys(STORE)
        .usage("key seconds value")
        .about("2.0.0", "Store a string that expires after some seconds."),
    CommandSpec::new("psetex", 4, Group::String, psetex)
        .flags(WRITE)
        .keys(STORE)
        .usage("key milliseconds value")
        .about("2.6.0", "Store a string that expires after some milliseconds."),
    CommandSpec::new("getset", 3, Group::String, getset)
        .flags(WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, SWAP)])
        .usage("key value")
        .about("1.0.0", "Store a string and give the one before."),
    CommandSpec::new("getex", -2, Group::String, getex)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, SWAP).notes("It may change the expiry.")])
        .usage(
            "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT \
             unix-time-milliseconds | PERSIST]",
        )
        .about("6.2.0", "Give the string that a key holds, and change or remove the key's expiry."),
    CommandSpec::new("getdel", 2, Group::String, getdel)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE))])
        .usage("key")
        .about("6.2.0", "Give the string that a key holds and remove the key."),
    CommandSpec::new("delifeq", 3, Group::String, delifeq)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RM.union(KeyFlags::DELETE))])
        .usage("key value")
        .about("9.0.0", "Remove a key that holds the given string."),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::keyspace::Value;
    use crate::resp::{Arg, Args};
    use crate::testing::{Node, START_MS};

    #[test]
    fn set_keeps_and_replaces_expiries_as_its_options_say() {
        let mut node = Node::alone();
        node.expect(&[
            ("SET k v EX 10", "+OK\r\n"),
            ("SET k w KEEPTTL", "+OK\r\n"),
            ("TTL k", ":10\r\n"),
            ("SET k x", "+OK\r\n"),
            ("TTL k", ":-1\r\n"),
            ("SET k y PX 9223372036854775807", "-ERR invalid expire time in 'set' command\r\n"),
            ("SET k y EX 0", "-ERR invalid expire time in 'set' command\r\n"),
            ("SET k y EX 5 PX 5", "-ERR syntax error\r\n"),
            ("SET k y EX NX", "-ERR value is not an integer or out of range\r\n"),
            ("SET k y EXAT 1 GET", "$1\r\nx\r\n"),
            ("EXISTS k", ":0\r\n"),
        ]);
        assert_eq!(node.core.keyspace.stats.expired, 1);
    }

    #[test]
    fn set_stores_only_if_its_condition_holds() {
        Node::alone().expect(&[
            ("SET k 1 XX", "$-1\r\n"),
            ("SET k 1 IFEQ 0", "$-1\r\n"),
            ("SET k 1 NX GET", "$-1\r\n"),
            ("SET k 2 NX GET", "$1\r\n1\r\n"),
            ("SET k 2 IFEQ 01", "$-1\r\n"),
            ("SET k 2 IFEQ 1", "+OK\r\n"),
            ("SET k 3 NX IFEQ 2", "-ERR syntax error\r\n"),
            ("GETSET k 3", "$1\r\n2\r\n"),
            ("DELIFEQ k 2", ":0\r\n"),
            ("DELIFEQ k 3", ":1\r\n"),
        ]);
    }

    #[test]
    fn getex_changes_the_expiry_and_drops_what_is_over() {
        let mut node = Node::alone();
        node.expect(&[
            ("SET k v", "+OK\r\n"),
            ("GETEX k PX 1500", "$1\r\nv\r\n"),
            ("PTTL k", ":1500\r\n"),
            ("GETEX k PERSIST", "$1\r\nv\r\n"),
            ("PTTL k", ":-1\r\n"),
            ("GETEX k NX", "-ERR syntax error\r\n"),
        ]);
        let over = format!("GETEX k PXAT {}", START_MS - 1);
        node.expect(&[(over.as_str(), "$1\r\nv\r\n"), ("GET k", "$-1\r\n")]);
    }

    #[test]
    fn a_large_value_is_taken_over_without_a_copy() {
        let mut node = Node::alone();
        let args: Vec<Arg> = [b"SET".to_vec(), b"k".to_vec(), vec![b'x'; 100_000]].map(Arg::from).into();
        let args = Args::owned(&args);
        node.run_args(args);
        let key = node.core.keyspace.hash_key(b"k");
        match node.core.keyspace.database(0).find(&key).unwrap().value() {
            Value::Large(stored) => assert!(Arc::ptr_eq(stored, args.large(2).unwrap())),
            other => panic!("stored as {other:?}"),
        }
        assert_eq!(node.run("STRLEN k"), ":100000\r\n");
    }
}
