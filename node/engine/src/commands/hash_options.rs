//! Hashes: fields read and written together with their expiry or their removal.

use super::call::{Call, CommandResult};
use super::edited::end_edit;
use super::error::CommandError;
use super::expiry::{ExpiryOption, deadline_not_negative};
use super::hash_edit::HashEdit;
use super::hash_expire::{WRONG_COUNT, counted_fields, fields_word, plain_fields};
use super::options::{Condition, Options, Owner};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::keyspace::NewExpiry;
use crate::server::EventClass;

/// The options in front of the word FIELDS, and the first argument behind it and the number that follows, when that is
/// the number of groups of `width` arguments there.
///
/// # Errors
/// An option that is unknown or contradicts another, a number that is none or another one.
fn options_and_fields<'a>(
    call: &Call<'a>,
    owner: Owner,
    width: usize,
) -> Result<(Options<'a>, usize), CommandError> {
    let word = fields_word(call, 1).ok_or(WRONG_COUNT)?;
    let options = Options::parse(call.args, 2, word, owner)?;
    let (first, count) = counted_fields(call, word)?;
    let right = i64::try_from(call.args.len() - first).ok().filter(|length| *length > 0);
    if count <= 0 || count.checked_mul(width as i64) != right {
        return Err(WRONG_COUNT);
    }
    Ok((options, first))
}

/// What becomes of the expiry of a field that is written.
///
/// # Errors
/// The time is no integer, negative, or beyond the end of time.
fn new_expiry(call: &Call<'_>, option: ExpiryOption) -> Result<NewExpiry, CommandError> {
    match option {
        ExpiryOption::Unsaid | ExpiryOption::Persist => Ok(NewExpiry::None),
        ExpiryOption::Keep => Ok(NewExpiry::Keep),
        ExpiryOption::At { form, index } => deadline_not_negative(call, index, form).map(NewExpiry::At),
    }
}

/// Whether a field is to be removed instead of expiring.
fn is_over(call: &Call<'_>, expiry: NewExpiry) -> bool {
    matches!(expiry, NewExpiry::At(deadline_ms) if deadline_ms <= call.now.unix_ms())
}

/// HSETEX key [NX | XX] [FNX | FXX]
/// [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]
/// FIELDS numfields field value [field value ...]
fn hsetex(call: &mut Call<'_>) -> CommandResult {
    let (options, first) = options_and_fields(call, Owner::HSetEx, 2)?;
    let key = call.key(1);
    let exists = call.keys.collection_for_write(&key, crate::keyspace::ValueType::Hash)?.is_some();
    if !key_condition_holds(options.condition, exists) {
        call.reply.integer(0);
        return Ok(());
    }
    let expiry = new_expiry(call, options.expiry)?;
    let is_over = is_over(call, expiry);
    let count = call.args.len();
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    for index in (first..count).step_by(2) {
        let present = hash.field(call.args.get(index)).is_some();
        if !key_condition_holds(options.field_condition, present) {
            call.reply.integer(0);
            return Ok(());
        }
    }
    let mut removed = 0;
    for index in (first..count).step_by(2) {
        let name = call.args.get(index);
        if is_over {
            removed += u64::from(hash.remove(name));
        } else {
            hash.put(name, call.args.get(index + 1), expiry);
        }
    }
    let edited = hash.finish();
    if !is_over {
        call.changed(EventClass::HASH, "hset", &key);
        if let NewExpiry::At(_) = expiry {
            call.noted(EventClass::HASH, "hexpire", &key);
        }
    } else if removed > 0 {
        call.keys.keyspace.stats.expired_fields += removed;
        call.changed(EventClass::HASH, "hexpired", &key);
    }
    end_edit(call, &key, edited);
    call.reply.integer(1);
    Ok(())
}

fn key_condition_holds(condition: Condition<'_>, exists: bool) -> bool {
    match condition {
        Condition::Missing => !exists,
        Condition::Exists => exists,
        Condition::Always | Condition::Equals(_) => true,
    }
}

/// HGETEX key [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | PERSIST]
/// FIELDS numfields field [field ...]
fn hgetex(call: &mut Call<'_>) -> CommandResult {
    let (options, first) = options_and_fields(call, Owner::HGetEx, 1)?;
    let key = call.key(1);
    call.keys.collection(&key, crate::keyspace::ValueType::Hash)?;
    let expiry = new_expiry(call, options.expiry)?;
    let is_over = is_over(call, expiry);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    call.reply.array(call.args.len() - first);
    let mut changed = 0;
    for name in call.args.iter_from(first) {
        let Some(field) = hash.field(name) else {
            call.reply.null();
            continue;
        };
        call.reply.bulk(field.value);
        let expires = field.expiry_ms.is_some();
        changed += u64::from(match expiry {
            NewExpiry::At(_) if is_over => hash.remove(name),
            NewExpiry::At(deadline_ms) => hash.set_expiry(name, Some(deadline_ms)),
            NewExpiry::None if options.expiry == ExpiryOption::Persist && expires => {
                hash.set_expiry(name, None)
            }
            NewExpiry::None | NewExpiry::Keep => false,
        });
    }
    if changed > 0 {
        let edited = hash.finish();
        let event = match expiry {
            NewExpiry::At(_) if is_over => "hexpired",
            NewExpiry::At(_) => "hexpire",
            NewExpiry::None | NewExpiry::Keep => "hpersist",
        };
        if is_over {
            call.keys.keyspace.stats.expired_fields += changed;
        }
        call.changed(EventClass::HASH, event, &key);
        end_edit(call, &key, edited);
    }
    Ok(())
}

/// HGETDEL key FIELDS numfields field [field ...]
fn hgetdel(call: &mut Call<'_>) -> CommandResult {
    let first = plain_fields(call, WRONG_COUNT)?;
    let key = call.key(1);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    call.reply.array(call.args.len() - first);
    let mut removed = false;
    for name in call.args.iter_from(first) {
        match hash.field(name) {
            Some(field) => call.reply.bulk(field.value),
            None => call.reply.null(),
        }
        removed |= hash.remove(name);
    }
    if removed {
        let edited = hash.finish();
        call.changed(EventClass::HASH, "hdel", &key);
        end_edit(call, &key, edited);
    }
    Ok(())
}

const READ: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("hsetex", -6, Group::Hash, hsetex)
        .flags(Flags::WRITE.union(Flags::DENYOOM).union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage(
            "key [NX | XX] [FNX | FXX] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
             PXAT unix-time-milliseconds | KEEPTTL] FIELDS numfields field value [field value ...]",
        )
        .about("9.0.0", "Set fields of a hash; on conditions and with an expiry if so asked."),
    CommandSpec::new("hgetex", -5, Group::Hash, hgetex)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, READ.union(KeyFlags::UPDATE))])
        .usage(
            "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
             PXAT unix-time-milliseconds | PERSIST] FIELDS numfields field [field ...]",
        )
        .about("9.0.0", "Give the values of fields, and change or remove their expiry."),
    CommandSpec::new("hgetdel", -5, Group::Hash, hgetdel)
        .flags(Flags::WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, READ.union(KeyFlags::DELETE))])
        .usage("key FIELDS numfields field [field ...]")
        .about("9.1.0", "Give the values of fields and remove them."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn conditions_on_key_and_fields_hold_for_all_or_nothing_is_set() {
        Node::alone().expect(&[
            ("HSETEX h XX FIELDS 1 a 1", ":0\r\n"),
            ("HSETEX h FXX FIELDS 1 a 1", ":0\r\n"),
            ("EXISTS h", ":0\r\n"),
            ("HSETEX h FNX EX 100 FIELDS 2 a 1 b 2", ":1\r\n"),
            ("HSETEX h FNX FIELDS 2 c 1 b 2", ":0\r\n"),
            ("HSETEX h FXX KEEPTTL FIELDS 2 a 3 b 4", ":1\r\n"),
            ("HTTL h FIELDS 3 a b c", "*3\r\n:100\r\n:100\r\n:-2\r\n"),
            ("HSETEX h FIELDS 1 a 5", ":1\r\n"),
            ("HGETEX h PERSIST FIELDS 2 a b", "*2\r\n$1\r\n5\r\n$1\r\n4\r\n"),
            ("HTTL h FIELDS 2 a b", "*2\r\n:-1\r\n:-1\r\n"),
            ("HGETDEL h FIELDS 3 a a b", "*3\r\n$1\r\n5\r\n$-1\r\n$1\r\n4\r\n"),
            ("EXISTS h", ":0\r\n"),
            ("HSETEX h EX 0 FIELDS 1 a 1", ":1\r\n"),
            ("EXISTS h", ":0\r\n"),
        ]);
    }
}
