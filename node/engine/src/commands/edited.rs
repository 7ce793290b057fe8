//! What a change to a collection leaves behind.

use super::call::Call;
use crate::keyspace::HashedKey;
use crate::server::EventClass;

/// What an edit left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edited {
    /// No members: the key is to be removed.
    Emptied,
    Filled,
    /// A hash with fields that expire.
    WithExpiries,
}

/// Remove the key of a collection that was emptied, and tell of it; have active expiry look after a hash's fields.
#[inline]
pub(super) fn end_edit(call: &mut Call<'_>, key: &HashedKey<'_>, edited: Edited) {
    match edited {
        Edited::Filled => {}
        Edited::WithExpiries => call.keys.database_mut().track_fields(key),
        Edited::Emptied => {
            if call.keys.remove(key) {
                call.noted(EventClass::GENERIC, "del", key);
            }
        }
    }
}
