//! Hashes: when fields expire.

use super::call::{Call, CommandResult};
use super::edited::end_edit;
use super::error::CommandError;
use super::expire::Demands;
use super::expiry::{TimeForm, deadline_not_negative};
use super::hash_edit::{HashEdit, read_hash};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use crate::server::EventClass;

/// What these commands say of a field that is not there.
const NO_FIELD: i64 = -2;
/// What they say of a field that does not expire.
const NO_EXPIRY: i64 = -1;

/// The argument behind the word FIELDS and the number of fields that follows it, and that number.
///
/// # Errors
/// The number is none.
pub(super) fn counted_fields(call: &Call<'_>, word: usize) -> Result<(usize, i64), CommandError> {
    Ok((word + 2, call.integer(word + 1)?))
}

/// The place of the word FIELDS, looked for from argument `from` on; the last argument can't be it.
pub(super) fn fields_word(call: &Call<'_>, from: usize) -> Option<usize> {
    (from..call.args.len() - 1).find(|index| call.is_word(*index, "FIELDS"))
}

/// What is answered when the number of fields is not the one that was told.
pub(super) const WRONG_COUNT: CommandError =
    CommandError::text("ERR numfields should be greater than 0 and match the provided number of fields");

/// The first field behind FIELDS and their number, which stand in arguments 2 and 3.
///
/// # Errors
/// Another word, a number that is none; `wrong_count` if it is another number.
pub(super) fn plain_fields(call: &Call<'_>, wrong_count: CommandError) -> Result<usize, CommandError> {
    if !call.is_word(2, "FIELDS") {
        return Err(CommandError::SYNTAX);
    }
    let (first, count) = counted_fields(call, 2)?;
    if count <= 0 || count != (call.args.len() - first) as i64 { Err(wrong_count) } else { Ok(first) }
}

/// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
fn hexpire(call: &mut Call<'_>) -> CommandResult {
    set_deadlines(call, TimeForm::SECONDS)
}

/// HPEXPIRE key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
fn hpexpire(call: &mut Call<'_>) -> CommandResult {
    set_deadlines(call, TimeForm::MILLISECONDS)
}

/// HEXPIREAT key unix-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
fn hexpireat(call: &mut Call<'_>) -> CommandResult {
    set_deadlines(call, TimeForm::UNIX_SECONDS)
}

/// HPEXPIREAT key unix-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]
fn hpexpireat(call: &mut Call<'_>) -> CommandResult {
    set_deadlines(call, TimeForm::UNIX_MILLISECONDS)
}

/// Answers for each field: 1 if it got the deadline, 2 if that was over and the field is gone, 0 if a demand was not
/// met, -2 if there is no such field.
fn set_deadlines(call: &mut Call<'_>, form: TimeForm) -> CommandResult {
    let word = fields_word(call, 3).ok_or(WRONG_COUNT)?;
    let demands = Demands::parse(call, word)?;
    let (first, count) = counted_fields(call, word)?;
    if count <= 0 || count != (call.args.len() - first) as i64 {
        return Err(WRONG_COUNT);
    }
    let deadline_ms = deadline_not_negative(call, 2, form)?;
    let is_over = deadline_ms <= call.now.unix_ms();
    let key = call.key(1);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    call.reply.array(count as usize);
    let mut changed = 0;
    for name in call.args.iter_from(first) {
        let answer = match hash.field(name).map(|field| field.expiry_ms) {
            None => NO_FIELD,
            Some(present_ms) if !demands.are_met(present_ms, deadline_ms) => 0,
            Some(_) if is_over => {
                hash.remove(name);
                2
            }
            Some(_) => {
                hash.set_expiry(name, Some(deadline_ms));
                1
            }
        };
        changed += u64::from(answer > 0);
        call.reply.integer(answer);
    }
    if changed > 0 {
        let edited = hash.finish();
        if is_over {
            call.keys.keyspace.stats.expired_fields += changed;
        }
        call.changed(EventClass::HASH, if is_over { "hexpired" } else { "hexpire" }, &key);
        end_edit(call, &key, edited);
    }
    Ok(())
}

/// HPERSIST key FIELDS numfields field [field ...]
fn hpersist(call: &mut Call<'_>) -> CommandResult {
    let first = plain_fields(call, WRONG_COUNT)?;
    let key = call.key(1);
    let mut hash = HashEdit::begin(&mut call.keys, key, &call.server.config)?;
    call.reply.array(call.args.len() - first);
    let mut changed = false;
    for name in call.args.iter_from(first) {
        let answer = match hash.field(name).map(|field| field.expiry_ms) {
            None => NO_FIELD,
            Some(None) => NO_EXPIRY,
            Some(Some(_)) => i64::from(hash.set_expiry(name, None)),
        };
        changed |= answer > 0;
        call.reply.integer(answer);
    }
    if changed {
        let edited = hash.finish();
        end_edit(call, &key, edited);
        call.changed(EventClass::HASH, "hpersist", &key);
    }
    Ok(())
}

/// HTTL key FIELDS numfields field [field ...]
fn httl(call: &mut Call<'_>) -> CommandResult {
    reply_deadlines(call, TimeForm::SECONDS)
}

/// HPTTL key FIELDS numfields field [field ...]
fn hpttl(call: &mut Call<'_>) -> CommandResult {
    reply_deadlines(call, TimeForm::MILLISECONDS)
}

/// HEXPIRETIME key FIELDS numfields field [field ...]
fn hexpiretime(call: &mut Call<'_>) -> CommandResult {
    reply_deadlines(call, TimeForm::UNIX_SECONDS)
}

/// HPEXPIRETIME key FIELDS numfields field [field ...]
fn hpexpiretime(call: &mut Call<'_>) -> CommandResult {
    reply_deadlines(call, TimeForm::UNIX_MILLISECONDS)
}

fn reply_deadlines(call: &mut Call<'_>, form: TimeForm) -> CommandResult {
    let first = plain_fields(call, CommandError::SYNTAX)?;
    let key = call.key(1);
    let hash = read_hash(&mut call.keys, &key)?;
    call.reply.array(call.args.len() - first);
    for name in call.args.iter_from(first) {
        call.reply.integer(match hash.and_then(|hash| hash.field(name)) {
            None => NO_FIELD,
            Some(field) => field.expiry_ms.map_or(NO_EXPIRY, |at_ms| form.tell(at_ms, call.now.unix_ms())),
        });
    }
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::FAST);
const READ: Flags = Flags::READONLY.union(Flags::FAST);
const UPDATED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::UPDATE))];
const ACCESSED: &[KeySpec] = &[KeySpec::one(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
const FIELDS: &str = "key FIELDS numfields field [field ...]";

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("hexpire", -6, Group::Hash, hexpire)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]")
        .about("9.0.0", "Let fields of a hash expire after some seconds."),
    CommandSpec::new("hpexpire", -6, Group::Hash, hpexpire)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]")
        .about("9.0.0", "Let fields of a hash expire after some milliseconds."),
    CommandSpec::new("hexpireat", -6, Group::Hash, hexpireat)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]")
        .about("9.0.0", "Let fields of a hash expire at a Unix time in seconds."),
    CommandSpec::new("hpexpireat", -6, Group::Hash, hpexpireat)
        .flags(WRITE)
        .keys(UPDATED)
        .usage("key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]")
        .about("9.0.0", "Let fields of a hash expire at a Unix time in milliseconds."),
    CommandSpec::new("hpersist", -5, Group::Hash, hpersist)
        .flags(WRITE)
        .keys(UPDATED)
        .usage(FIELDS)
        .about("9.0.0", "Let fields of a hash no longer expire."),
    CommandSpec::new("httl", -5, Group::Hash, httl)
        .flags(READ)
        .keys(ACCESSED)
        .usage(FIELDS)
        .about("9.0.0", "Tell in how many seconds fields of a hash expire."),
    CommandSpec::new("hpttl", -5, Group::Hash, hpttl)
        .flags(READ)
        .keys(ACCESSED)
        .usage(FIELDS)
        .about("9.0.0", "Tell in how many milliseconds fields of a hash expire."),
    CommandSpec::new("hexpiretime", -5, Group::Hash, hexpiretime)
        .flags(READ)
        .keys(ACCESSED)
        .usage(FIELDS)
        .about("9.0.0", "Tell at which Unix times in seconds fields of a hash expire."),
    CommandSpec::new("hpexpiretime", -5, Group::Hash, hpexpiretime)
        .flags(READ)
        .keys(ACCESSED)
        .usage(FIELDS)
        .about("9.0.0", "Tell at which Unix times in milliseconds fields of a hash expire."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn a_field_is_gone_when_its_time_is_over() {
        let mut node = Node::alone();
        node.expect(&[
            ("HSET h a 1 b 2", ":2\r\n"),
            ("HPEXPIRE h 1499 FIELDS 2 a none", "*2\r\n:1\r\n:-2\r\n"),
            ("OBJECT ENCODING h", "$9\r\nhashtable\r\n"),
            ("HTTL h FIELDS 3 a b none", "*3\r\n:1\r\n:-1\r\n:-2\r\n"),
        ]);
        node.wait_ms(1_498);
        node.expect(&[("HPTTL h FIELDS 1 a", "*1\r\n:1\r\n"), ("HGET h a", "$1\r\n1\r\n")]);
        node.wait_ms(2);
        node.expect(&[
            ("HGET h a", "$-1\r\n"),
            ("HGETALL h", "*2\r\n$1\r\nb\r\n$1\r\n2\r\n"),
            ("HDEL h a", ":0\r\n"),
            ("HPERSIST h FIELDS 1 a", "*1\r\n:-2\r\n"),
            ("HSET h a 3", ":1\r\n"),
            ("HTTL h FIELDS 1 a", "*1\r\n:-1\r\n"),
        ]);
    }

    #[test]
    fn a_deadline_that_is_over_removes_the_field_and_the_hash_with_its_last_one() {
        Node::alone().expect(&[
            ("HSET h a 1 b 2", ":2\r\n"),
            ("HEXPIRE h 0 XX FIELDS 1 a", "*1\r\n:0\r\n"),
            ("HEXPIRE h 100 FIELDS 1 a", "*1\r\n:1\r\n"),
            ("HINCRBY h a 5", ":6\r\n"),
            ("HTTL h FIELDS 1 a", "*1\r\n:100\r\n"),
            ("HEXPIRE h 200 NX FIELDS 1 a", "*1\r\n:0\r\n"),
            ("HEXPIRE h 200 GT FIELDS 2 a b", "*2\r\n:1\r\n:0\r\n"),
            ("HEXPIREAT h 1 FIELDS 2 a b", "*2\r\n:2\r\n:2\r\n"),
            ("EXISTS h", ":0\r\n"),
            ("HEXPIRE h -1 FIELDS 1 a", "-ERR invalid expire time in 'hexpire' command\r\n"),
            ("HPERSIST h FIELDS 1 a", "*1\r\n:-2\r\n"),
        ]);
    }
}
