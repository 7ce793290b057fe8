//! Lists that commands make: stored under a key, in the place of whatever it held.

use std::borrow::Cow;

use super::call::{Call, CommandResult};
use crate::collections::list::packed::PackedList;
use crate::collections::list::{Encoded, End, Fill, List};
use crate::collections::{Object, PACKED_BYTES_MAX};
use crate::keyspace::{NewExpiry, NewValue, ValueType};
use crate::server::EventClass;

/// Store values as a list under the key in argument `index`, and reply how many they are. Without values, the key is
/// removed.
pub(super) fn store(
    call: &mut Call<'_>,
    index: usize,
    values: &[Cow<'_, [u8]>],
    event: &'static str,
) -> CommandResult {
    let key = call.key(index);
    if values.is_empty() {
        if call.keys.remove(&key) {
            call.changed(EventClass::GENERIC, "del", &key);
        }
        call.reply.integer(0);
        return Ok(());
    }
    match packed(call, values) {
        Some(bytes) => {
            let value = NewValue::Packed { value_type: ValueType::List, bytes: &bytes, flag: false };
            call.keys.set(&key, value, NewExpiry::None);
        }
        None => {
            let list = Object::List(object(call, values));
            call.keys.set(&key, NewValue::Object(Box::new(list)), NewExpiry::None);
        }
    }
    call.changed(EventClass::LIST, event, &key);
    call.reply.integer(values.len() as i64);
    Ok(())
}

/// Bytes that the values' elements would have in a listpack.
fn listpack_bytes(values: &[Cow<'_, [u8]>]) -> usize {
    values.iter().map(|value| Encoded::new(value).listpack_bytes()).sum()
}

fn fill(call: &Call<'_>) -> Fill {
    Fill::new(call.server.config.packed.list_max_listpack_size)
}

/// The bytes of a packed list, unless there are too many, or it would not say "listpack".
fn packed(call: &Call<'_>, values: &[Cow<'_, [u8]>]) -> Option<Vec<u8>> {
    let count = u16::try_from(values.len()).ok()?;
    let size: usize = values.iter().map(|value| Encoded::new(value).size()).sum();
    if PackedList::COUNT_BYTES + size > PACKED_BYTES_MAX
        || PackedList::EMPTY.would_exceed(fill(call), listpack_bytes(values), values.len())
    {
        return None;
    }
    let mut bytes = count.to_le_bytes().to_vec();
    for value in values {
        Encoded::new(value).pieces().iter().for_each(|piece| bytes.extend_from_slice(piece));
    }
    Some(bytes)
}

/// A list that does not lie in its key's entry.
fn object(call: &mut Call<'_>, values: &[Cow<'_, [u8]>]) -> List {
    let fill = fill(call);
    let mut database = call.keys.database_mut();
    let slabs = database.workshop().0;
    let mut list = List::of(slabs, &[], 0);
    list.prepare_to_grow(fill, listpack_bytes(values), values.len());
    values.iter().for_each(|value| list.push(slabs, End::Right, value));
    list
}
