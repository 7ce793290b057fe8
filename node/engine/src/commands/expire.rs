//! When keys expire: setting it, asking for it.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::expiry::{TimeForm, any_deadline, remove_as_expired};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::until_nul;
use crate::server::EventClass;

/// What is demanded of the present expiry.
#[derive(Clone, Copy, Default)]
pub(super) struct Demands {
    /// NX
    none: bool,
    /// XX
    some: bool,
    /// GT
    greater: bool,
    /// LT
    less: bool,
}

impl Demands {
    /// Read the demands in arguments 3 to `end`, `end` excluded.
    ///
    /// # Errors
    /// An unknown option, and one that contradicts another.
    pub fn parse(call: &Call<'_>, end: usize) -> Result<Self, CommandError> {
        let mut demands = Self::default();
        for index in 3..end {
            let demand = match index {
                index if call.is_word(index, "NX") => &mut demands.none,
                index if call.is_word(index, "XX") => &mut demands.some,
                index if call.is_word(index, "GT") => &mut demands.greater,
                index if call.is_word(index, "LT") => &mut demands.less,
                _ => {
                    let word = until_nul(call.args.get(index));
                    return Err(CommandError::new([b"ERR Unsupported option ", word].concat()));
                }
            };
            *demand = true;
        }
        if demands.none && (demands.some || demands.greater || demands.less) {
            return Err(CommandError::text(
                "ERR NX and XX, GT or LT options at the same time are not compatible",
            ));
        }
        if demands.greater && demands.less {
            return Err(CommandError::text("ERR GT and LT options at the same time are not compatible"));
        }
        Ok(demands)
    }

    /// Whether a key, or a field, with this expiry may be given that one. No expiry is later than any.
    pub fn are_met(self, present_ms: Option<i64>, new_ms: i64) -> bool {
        !(self.none && present_ms.is_some()
            || self.some && present_ms.is_none()
            || self.greater && present_ms.is_none_or(|present_ms| new_ms <= present_ms)
            || self.less && present_ms.is_some_and(|present_ms| new_ms >= present_ms))
    }
}

/// EXPIRE key seconds [NX | XX | GT | LT]
fn expire(call: &mut Call<'_>) -> CommandResult {
    set_deadline(call, TimeForm::SECONDS)
}

/// PEXPIRE key milliseconds [NX | XX | GT | LT]
fn pexpire(call: &mut Call<'_>) -> CommandResult {
    set_deadline(call, TimeForm::MILLISECONDS)
}

/// EXPIREAT key unix-seconds [NX | XX | GT | LT]
fn expireat(call: &mut Call<'_>) -> CommandResult {
    set_deadline(call, TimeForm::UNIX_SECONDS)
}

/// PEXPIREAT key unix-milliseconds [NX | XX | GT | LT]
fn pexpireat(call: &mut Call<'_>) -> CommandResult {
    set_deadline(call, TimeForm::UNIX_MILLISECONDS)
}

fn set_deadline(call: &mut Call<'_>, form: TimeForm) -> CommandResult {
    let demands = Demands::parse(call, call.args.len())?;
    let deadline_ms = any_deadline(call, 2, form)?;
    let key = call.key(1);
    let done = match call.keys.read_for_write(&key) {
        Some(entry) => demands.are_met(entry.expiry_ms(), deadline_ms),
        None => false,
    };
    if done && deadline_ms <= call.now.unix_ms() {
        remove_as_expired(call, &key);
    } else if done {
        call.keys.set_expiry(&key, Some(deadline_ms));
        call.changed(EventClass::GENERIC, "expire", &key);
    }
    call.reply.integer(i64::from(done));
    Ok(())
}

/// PERSIST key
fn persist(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let expires = call.keys.read_for_write(&key).is_some_and(|entry| entry.expiry_ms().is_some());
    if expires {
        call.keys.set_expiry(&key, None);
        call.changed(EventClass::GENERIC, "persist", &key);
    }
    call.reply.integer(i64::from(expires));
    Ok(())
}

/// TTL key
fn ttl(call: &mut Call<'_>) -> CommandResult {
    reply_deadline(call, TimeForm::SECONDS)
}

/// PTTL key
fn pttl(call: &mut Call<'_>) -> CommandResult {
    reply_deadline(call, TimeForm::MILLISECONDS)
}

/// EXPIRETIME key
fn expiretime(call: &mut Call<'_>) -> CommandResult {
    reply_deadline(call, TimeForm::UNIX_SECONDS)
}

/// PEXPIRETIME key
fn pexpiretime(call: &mut Call<'_>) -> CommandResult {
    reply_deadline(call, TimeForm::UNIX_MILLISECONDS)
}

/// Answer with a key's deadline; -1 if it has none, -2 if there is no such key.
fn reply_deadline(call: &mut Call<'_>, form: TimeForm) -> CommandResult {
    // Counts as hit or miss, but not as a use of the key.
    call.keys.touch = false;
    let key = call.key(1);
    let answer = match call.keys.read(&key).map(|entry| entry.expiry_ms()) {
        None => -2,
        Some(None) => -1,
        Some(Some(deadline_ms)) => form.tell(deadline_ms, call.now.unix_ms()),
    };
    call.reply.integer(answer);
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::FAST);
const READ: Flags = Flags::READONLY.union(Flags::FAST);
const CHANGED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))];
const ASKED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
const CHANGING: &[&str] = &["nondeterministic_output"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("expire", -3, Group::Generic, expire)
        .flags(WRITE)
        .keys(CHANGED)
        .usage("key seconds [NX | XX | GT | LT]")
        .about("1.0.0", "Let a key expire after some seconds."),
    CommandSpec::new("pexpire", -3, Group::Generic, pexpire)
        .flags(WRITE)
        .keys(CHANGED)
        .usage("key milliseconds [NX | XX | GT | LT]")
        .about("2.6.0", "Let a key expire after some milliseconds."),
    CommandSpec::new("expireat", -3, Group::Generic, expireat)
        .flags(WRITE)
        .keys(CHANGED)
        .usage("key unix-time-seconds [NX | XX | GT | LT]")
        .about("1.2.0", "Let a key expire at a Unix time in seconds."),
    CommandSpec::new("pexpireat", -3, Group::Generic, pexpireat)
        .flags(WRITE)
        .keys(CHANGED)
        .usage("key unix-time-milliseconds [NX | XX | GT | LT]")
        .about("2.6.0", "Let a key expire at a Unix time in milliseconds."),
    CommandSpec::new("persist", 2, Group::Generic, persist)
        .flags(WRITE)
        .keys(CHANGED)
        .usage("key")
        .about("2.2.0", "Let a key no longer expire."),
    CommandSpec::new("ttl", 2, Group::Generic, ttl)
        .flags(READ)
        .keys(ASKED)
        .tips(CHANGING)
        .usage("key")
        .about("1.0.0", "Tell in how many seconds a key expires."),
    CommandSpec::new("pttl", 2, Group::Generic, pttl)
        .flags(READ)
        .keys(ASKED)
        .tips(CHANGING)
        .usage("key")
        .about("2.6.0", "Tell in how many milliseconds a key expires."),
    CommandSpec::new("expiretime", 2, Group::Generic, expiretime)
        .flags(READ)
        .keys(ASKED)
        .usage("key")
        .about("7.0.0", "Tell at which Unix time in seconds a key expires."),
    CommandSpec::new("pexpiretime", 2, Group::Generic, pexpiretime)
        .flags(READ)
        .keys(ASKED)
        .usage("key")
        .about("7.0.0", "Tell at which Unix time in milliseconds a key expires."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn no_expiry_counts_as_later_than_any() {
        Node::alone().expect(&[
            ("SET k v", "+OK\r\n"),
            ("EXPIRE k 10 GT", ":0\r\n"),
            ("EXPIRE k 10 XX", ":0\r\n"),
            ("EXPIRE k 10 LT", ":1\r\n"),
            ("EXPIRE k 20 NX", ":0\r\n"),
            ("EXPIRE k 20 LT XX", ":0\r\n"),
            ("EXPIRE k 20 GT XX", ":1\r\n"),
            ("EXPIRE k 30 GT LT", "-ERR GT and LT options at the same time are not compatible\r\n"),
            ("EXPIRE k x NX XX", "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n"),
            ("EXPIRE k 9223372036854775807", "-ERR invalid expire time in 'expire' command\r\n"),
            ("PEXPIRE k 9223372036854775807", "-ERR invalid expire time in 'pexpire' command\r\n"),
            ("TTL k", ":20\r\n"),
            ("EXPIRE k -1", ":1\r\n"),
            ("TTL k", ":-2\r\n"),
        ]);
    }

    #[test]
    fn a_key_is_gone_when_its_time_is_over() {
        let mut node = Node::alone();
        node.expect(&[("SET k v PX 1499", "+OK\r\n"), ("TTL k", ":1\r\n")]);
        node.wait_ms(1_498);
        node.expect(&[("PTTL k", ":1\r\n"), ("TTL k", ":0\r\n"), ("GET k", "$1\r\nv\r\n")]);
        node.wait_ms(2);
        node.expect(&[("PERSIST k", ":0\r\n"), ("GET k", "$-1\r\n"), ("DBSIZE", ":0\r\n")]);
    }
}
