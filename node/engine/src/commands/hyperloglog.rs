//! HyperLogLog: PFADD, PFCOUNT, PFMERGE.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::string_value;
use crate::hyperloglog::{self as hll, Corrupt, Form, Union};
use crate::keyspace::{EntryRef, HashedKey, NewExpiry, NewValue, Value};
use crate::server::EventClass;

const NO_HYPERLOGLOG: CommandError =
    CommandError::text("WRONGTYPE Key is not a valid HyperLogLog string value.");

impl From<Corrupt> for CommandError {
    fn from(_: Corrupt) -> Self {
        Self::text("INVALIDOBJ Corrupted HLL object detected")
    }
}

/// The bytes and the form of a HyperLogLog.
///
/// # Errors
/// WRONGTYPE for any other value.
fn bytes_of<'a>(entry: &EntryRef<'a>) -> Result<(&'a [u8], Form), CommandError> {
    let bytes = match string_value(entry)? {
        Value::Bytes { bytes, .. } => bytes,
        Value::Large(bytes) => bytes.as_slice(),
        Value::Int(_) => return Err(NO_HYPERLOGLOG),
    };
    Ok((bytes, hll::form(bytes).ok_or(NO_HYPERLOGLOG)?))
}

/// Store a HyperLogLog.
fn store(call: &mut Call<'_>, key: &HashedKey<'_>, bytes: &[u8]) {
    call.keys.set(key, NewValue::Raw(bytes), NewExpiry::Keep);
}

fn sparse_bytes_max(call: &Call<'_>) -> usize {
    call.server.config.packed.hll_sparse_max_bytes as usize
}

/// PFADD key [element ...]
fn pfadd(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let found = match call.keys.read_for_write(&key) {
        Some(entry) => Some(bytes_of(&entry)?),
        None => None,
    };
    let updates = match found {
        Some((_, Form::Dense)) => add_in_place(call, &key),
        Some((bytes, Form::Sparse)) => {
            let bytes = bytes.to_vec();
            add_to_copy(call, &key, bytes, 0)?
        }
        None => add_to_copy(call, &key, hll::empty(), 1)?,
    };
    if updates > 0 {
        call.changed(EventClass::STRING, "pfadd", &key);
        call.dirty += updates - 1;
    }
    call.reply.integer(i64::from(updates > 0));
    Ok(())
}

/// Add the elements to a dense HyperLogLog; returns how many changed it.
fn add_in_place(call: &mut Call<'_>, key: &HashedKey<'_>) -> u64 {
    let elements = call.args.iter_from(2);
    call.keys.database_mut().edit_bytes(key, 0, |bytes| {
        let updates = elements.filter(|element| hll::add_dense(bytes, element)).count() as u64;
        if updates > 0 {
            hll::forget_count(bytes);
        }
        updates
    })
}

/// Add the elements to a copy of a HyperLogLog, which is stored then. `updates` counts what has changed already; returns
/// the sum.
fn add_to_copy(
    call: &mut Call<'_>,
    key: &HashedKey<'_>,
    mut bytes: Vec<u8>,
    mut updates: u64,
) -> Result<u64, CommandError> {
    let bytes_max = sparse_bytes_max(call);
    let added = call.args.iter_from(2).try_for_each(|element| {
        updates += u64::from(hll::add(&mut bytes, element, bytes_max)?);
        Ok(())
    });
    if updates > 0 && added.is_ok() {
        hll::forget_count(&mut bytes);
    }
    // Also when nothing has changed, or an element met corrupt registers: the value is raw now, and keeps what was added.
    store(call, key, &bytes);
    added.map(|()| updates).map_err(|error: Corrupt| error.into())
}

/// PFCOUNT key [key ...]
fn pfcount(call: &mut Call<'_>) -> CommandResult {
    if call.args.len() == 2 {
        return count_one(call);
    }
    let mut union = Union::default();
    for index in 1..call.args.len() {
        let key = call.key(index);
        if let Some(entry) = call.keys.read(&key) {
            union.add(bytes_of(&entry)?.0)?;
        }
    }
    call.reply.integer(union.count() as i64);
    Ok(())
}

/// Tell the number that one HyperLogLog remembers, or compute it and let it remember.
fn count_one(call: &mut Call<'_>) -> CommandResult {
    let key = call.key(1);
    let Some(entry) = call.keys.read(&key) else {
        call.reply.integer(0);
        return Ok(());
    };
    let (bytes, _) = bytes_of(&entry)?;
    let remembered = hll::remembered_count(bytes);
    let counted = remembered.map_or_else(|| hll::count(bytes), Ok);
    // Whatever comes of it, the value is raw now: OBJECT ENCODING tells.
    call.keys.database_mut().edit_bytes(&key, 0, |bytes| {
        if let (None, Ok(count)) = (remembered, counted) {
            hll::remember_count(bytes, count);
        }
    });
    let count = counted?;
    if remembered.is_none() {
        call.altered(&key);
    }
    call.reply.integer(count as i64);
    Ok(())
}

/// PFMERGE destkey [sourcekey ...]
fn pfmerge(call: &mut Call<'_>) -> CommandResult {
    let mut union = Union::default();
    for index in 1..call.args.len() {
        let key = call.key(index);
        if let Some(entry) = call.keys.read(&key) {
            union.add(bytes_of(&entry)?.0)?;
        }
    }
    let key = call.key(1);
    let mut bytes = match call.keys.read_for_write(&key) {
        Some(entry) => bytes_of(&entry)?.0.to_vec(),
        None => hll::empty(),
    };
    union.write_to(&mut bytes, sparse_bytes_max(call))?;
    store(call, &key, &bytes);
    call.changed(EventClass::STRING, "pfadd", &key);
    call.reply.ok();
    Ok(())
}

const WRITE: Flags = Flags::WRITE.union(Flags::DENYOOM);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("pfadd", -2, Group::HyperLogLog, pfadd)
        .flags(WRITE.union(Flags::FAST))
        .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::INSERT))])
        .usage("key [element [element ...]]")
        .about("2.8.9", "Add elements to a HyperLogLog; tell whether that may have changed their number."),
    CommandSpec::new("pfcount", -2, Group::HyperLogLog, pfcount)
        .flags(Flags::READONLY)
        .keys(&[KeySpec::range(1, -1, 1, KeyFlags::RW.union(KeyFlags::ACCESS))
            .notes("The value remembers the number that was computed.")])
        .usage("key [key ...]")
        .about("2.8.9", "Tell about how many different elements HyperLogLogs have seen together."),
    CommandSpec::new("pfmerge", -2, Group::HyperLogLog, pfmerge)
        .flags(WRITE)
        .keys(&[
            KeySpec::one(1, KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::INSERT)),
            KeySpec::range(2, -1, 1, KeyFlags::RO.union(KeyFlags::ACCESS)),
        ])
        .usage("destkey [sourcekey [sourcekey ...]]")
        .about("2.8.9", "Make a HyperLogLog of what others have seen."),
];
