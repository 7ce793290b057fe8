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
}

/// Remove the key of a collection that was emptied, and tell of it.
#[inline]
pub(super) fn end_edit(call: &mut Call<'_>, key: &HashedKey<'_>, edited: Edited) {
    if edited == Edited::Emptied && call.keys.remove(key) {
        call.noted(EventClass::GENERIC, "del", key);
    }
}
