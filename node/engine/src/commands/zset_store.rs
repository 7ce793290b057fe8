//! Sorted sets that commands make: stored under a key, in the place of whatever it held.

use super::call::{Call, CommandResult};
use super::zset_value::ZsetLimits;
use crate::collections::sorted_set::{ScoredMember, SortedSet, packed};
use crate::collections::{Object, PACKED_BYTES_MAX};
use crate::keyspace::{NewExpiry, NewValue, ValueType};
use crate::server::EventClass;

/// Store members, which need not be in order and are all different, under the key in argument `index`, and reply how
/// many they are. Without members, the key is removed.
pub(super) fn store<'m>(
    call: &mut Call<'_>,
    index: usize,
    members: impl Iterator<Item = ScoredMember<'m>>,
    event: &'static str,
) -> CommandResult {
    let key = call.key(index);
    let mut members: Vec<ScoredMember<'m>> = members.collect();
    if members.is_empty() {
        if call.keys.remove(&key) {
            call.changed(EventClass::GENERIC, "del", &key);
        }
        call.reply.integer(0);
        return Ok(());
    }
    let limits = ZsetLimits::of(&call.server.config);
    let longest = members.iter().map(|member| member.member.len()).max().unwrap_or(0);
    let count = members.len();
    let skiplist = count > limits.entries || longest > limits.value_bytes;
    if !skiplist {
        members.iter_mut().for_each(|member| member.score += 0.0);
    }
    members.sort_by(|one, other| one.order(*other));
    let bytes_at_most: usize = members.iter().map(|member| member.member.len() + 14).sum();
    let mut bytes = Vec::new();
    if !skiplist && bytes_at_most < 2 * PACKED_BYTES_MAX {
        members.iter().for_each(|member| packed::push(&mut bytes, *member));
    }
    if bytes.is_empty() || bytes.len() > PACKED_BYTES_MAX {
        let mut database = call.keys.database_mut();
        let (slabs, hasher) = database.workshop();
        let mut set = SortedSet::new(hasher, skiplist);
        members.iter().for_each(|member| set.insert(slabs, *member));
        database.set(&key, NewValue::Object(Box::new(Object::SortedSet(set))), NewExpiry::None);
    } else {
        let value = NewValue::Packed { value_type: ValueType::SortedSet, bytes: &bytes, flag: false };
        call.keys.set(&key, value, NewExpiry::None);
    }
    call.changed(EventClass::SORTED_SET, event, &key);
    call.reply.integer(count as i64);
    Ok(())
}
