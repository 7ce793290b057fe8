//! Strings: several keys at once.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::expiry::remove_as_expired;
use super::options::{Condition, Options, Owner};
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::string::store;
use super::text::reply_value;
use crate::keyspace::{NewExpiry, ValueType};
use crate::resp::parse_i64;

/// Keys whose cache misses are waited for together.
const PREFETCH_KEYS: usize = 16;

/// MGET key [key ...]
fn mget(call: &mut Call<'_>) -> CommandResult {
    let count = call.args.len();
    call.reply.array(count - 1);
    let mut first = 1;
    while first < count {
        let keys = (count - first).min(PREFETCH_KEYS);
        let mut batch = [call.key(first); PREFETCH_KEYS];
        for (index, key) in batch.iter_mut().enumerate().take(keys).skip(1) {
            *key = call.key(first + index);
        }
        let batch = &batch[..keys];
        let database = call.keys.database();
        batch.iter().for_each(|key| database.prefetch(key));
        batch.iter().for_each(|key| database.prefetch_entry(key));
        for key in batch {
            match call.keys.read(key).filter(|entry| entry.value_type() == ValueType::String) {
                Some(entry) => reply_value(call.reply, &entry)?,
                None => call.reply.null(),
            }
        }
        first += keys;
    }
    Ok(())
}

/// MSET key value [key value ...]
fn mset(call: &mut Call<'_>) -> CommandResult {
    whole_pairs(call)?;
    for index in (1..call.args.len()).step_by(2) {
        store(call, index, index + 1, NewExpiry::None);
    }
    call.reply.ok();
    Ok(())
}

/// MSETNX key value [key value ...]
fn msetnx(call: &mut Call<'_>) -> CommandResult {
    whole_pairs(call)?;
    let end = call.args.len();
    let free = holds_for_all(call, Condition::Missing, 1, end);
    if free {
        for index in (1..end).step_by(2) {
            store(call, index, index + 1, NewExpiry::None);
        }
    }
    call.reply.integer(i64::from(free));
    Ok(())
}

fn whole_pairs(call: &Call<'_>) -> CommandResult {
    if call.args.len().is_multiple_of(2) { Err(CommandError::wrong_arity(call.spec.name)) } else { Ok(()) }
}

/// Whether NX or XX holds for the keys in every second argument from `first` to `end`.
fn holds_for_all(call: &mut Call<'_>, condition: Condition<'_>, first: usize, end: usize) -> bool {
    let wanted = match condition {
        Condition::Missing => false,
        Condition::Exists => true,
        Condition::Always | Condition::Equals(_) => return true,
    };
    (first..end).step_by(2).all(|index| {
        let key = call.key(index);
        call.keys.read_for_write(&key).is_some() == wanted
    })
}

/// MSETEX numkeys key value [key value ...] [NX | XX]
/// [EX seconds | PX milliseconds | EXAT unix-seconds | PXAT unix-milliseconds | KEEPTTL]
fn msetex(call: &mut Call<'_>) -> CommandResult {
    let end = end_of_pairs(call)?;
    let options = Options::parse(call.args, end, call.args.len(), Owner::MSetEx)?;
    let expiry = options.expiry.for_new_value(call)?;
    if !holds_for_all(call, options.condition, 2, end) {
        call.reply.integer(0);
        return Ok(());
    }
    let over = matches!(expiry, NewExpiry::At(deadline_ms) if deadline_ms <= call.now.unix_ms());
    for index in (2..end).step_by(2) {
        if over {
            let key = call.key(index);
            remove_as_expired(call, &key);
        } else {
            store(call, index, index + 1, expiry);
        }
    }
    call.reply.integer(1);
    Ok(())
}

/// The argument behind as many keys and values as the first argument says there are.
fn end_of_pairs(call: &Call<'_>) -> Result<usize, CommandError> {
    let pairs = parse_i64(call.args.get(1))
        .and_then(|pairs| i32::try_from(pairs).ok())
        .filter(|pairs| *pairs > 0)
        .ok_or(CommandError::text("ERR invalid numkeys value or out of range"))?;
    let end = 2 + 2 * pairs as usize;
    if end > call.args.len() { Err(CommandError::SYNTAX) } else { Ok(end) }
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM);
const UPDATE: KeyFlags = KeyFlags::OW.union(KeyFlags::UPDATE);
const SPLIT: &[&str] = &["request_policy:multi_shard", "response_policy:all_succeeded"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("mget", -2, Group::String, mget)
        .flags(Flags::READONLY.union(Flags::FAST))
        .keys(&[KeySpec::range(1, -1, 1, KeyFlags::RO.union(KeyFlags::ACCESS))])
        .tips(&["request_policy:multi_shard"])
        .usage("key [key ...]")
        .about("1.0.0", "Give the strings that several keys hold."),
    CommandSpec::new("mset", -3, Group::String, mset)
        .flags(WRITE)
        .keys(&[KeySpec::range(1, -1, 2, UPDATE)])
        .tips(SPLIT)
        .usage("key value [key value ...]")
        .about("1.0.1", "Store several strings, whatever their keys held."),
    CommandSpec::new("msetnx", -3, Group::String, msetnx)
        .flags(WRITE)
        .keys(&[KeySpec::range(1, -1, 2, KeyFlags::OW.union(KeyFlags::INSERT))])
        .usage("key value [key value ...]")
        .about("1.0.1", "Store several strings if none of their keys exists."),
    CommandSpec::new("msetex", -4, Group::String, msetex)
        .flags(WRITE)
        .keys(&[KeySpec::counted(1, 2, UPDATE)])
        .tips(SPLIT)
        .usage(
            "numkeys key value [key value ...] [NX | XX] [EX seconds | PX milliseconds | EXAT \
             unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
        )
        .about("9.1.0", "Store several strings with one expiry, on conditions if so asked."),
];

#[cfg(test)]
mod tests {
    use crate::testing::Node;

    #[test]
    fn msetex_stores_all_or_none() {
        Node::alone().expect(&[
            ("MSETEX 2 a 1 b 2 NX EX 50", ":1\r\n"),
            ("MSETEX 2 b 3 c 3 NX", ":0\r\n"),
            ("MSETEX 2 b 3 c 3 XX", ":0\r\n"),
            ("MSETEX 2 a 3 b 3 XX KEEPTTL", ":1\r\n"),
            ("MGET a b c", "*3\r\n$1\r\n3\r\n$1\r\n3\r\n$-1\r\n"),
            ("TTL a", ":50\r\n"),
            ("MSETEX 3 a 1 b 2", "-ERR syntax error\r\n"),
            ("MSETEX 0 a 1", "-ERR invalid numkeys value or out of range\r\n"),
            ("MSETEX 2 a 1 b 2 PXAT 1", ":1\r\n"),
            ("EXISTS a b", ":0\r\n"),
        ]);
    }

    #[test]
    fn mget_gives_more_keys_than_are_prefetched_together_in_order() {
        let mut node = Node::alone();
        let names: Vec<String> = (0..37).map(|number| format!("k{number}")).collect();
        let pairs: Vec<String> = names.iter().map(|name| format!("{name} {name}")).collect();
        node.run(&format!("MSET {}", pairs.join(" ")));
        let values: Vec<String> = names.iter().map(|name| format!("${}\r\n{name}\r\n", name.len())).collect();
        assert_eq!(node.run(&format!("MGET {}", names.join(" "))), format!("*37\r\n{}", values.concat()));
    }
}
