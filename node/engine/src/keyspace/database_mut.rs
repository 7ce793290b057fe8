//! Changes to one database.

use std::ops::Deref;
use std::sync::Arc;

use super::database::Database;
use super::draft::{EMBEDDED_VALUE_BYTES_MAX, EntryDraft};
use super::entry::EntryRef;
use super::hasher::KeyHasher;
use super::owned::{EntryBox, EntryMut};
use super::store::Store;
use super::value::{HashedKey, NewExpiry, NewValue, Splice, Value};
use crate::evict::AccessClock;
use crate::memory::SlabAllocator;
use crate::slot::SlotIndex;

/// One database with what it takes to change it.
pub struct DatabaseMut<'a> {
    pub(super) database: &'a mut Database,
    pub(super) store: &'a mut Store,
    pub(super) hasher: &'a KeyHasher,
    pub(super) access_clock: &'a mut AccessClock,
}

impl Deref for DatabaseMut<'_> {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database
    }
}

impl DatabaseMut<'_> {
    /// The entry of a key, expired or not, for changes that leave it where it is.
    #[inline]
    pub fn find_mut(&mut self, key: &HashedKey<'_>) -> Option<EntryMut<'_>> {
        self.database.table_mut(key.slot)?.find_mut(key)
    }

    /// Store a value, in the place of whatever the key held; true if the key is new.
    #[inline]
    pub fn set(&mut self, key: &HashedKey<'_>, value: NewValue<'_>, expiry: NewExpiry) -> bool {
        if let NewValue::Object(object) = &value
            && object.volatile_fields() > 0
        {
            self.track_fields(key);
        }
        let Self { database, store, hasher, access_clock } = self;
        database.change_table(key.slot, |table| table.set(store, hasher, key, value, expiry, access_clock))
    }

    /// Note that a key holds a hash with fields that expire, so that active expiry finds them.
    pub fn track_fields(&mut self, key: &HashedKey<'_>) {
        if !self.database.field_expiries.contains(key.bytes) {
            self.database.field_expiries.insert(key.bytes.into());
        }
    }

    /// Remove a key; false if there is none.
    pub fn remove(&mut self, key: &HashedKey<'_>) -> bool {
        let removed = self.take(key);
        let found = removed.is_some();
        if let Some(entry) = removed {
            entry.dispose(self.store);
        }
        found
    }

    /// Let a key expire at a Unix time in milliseconds, or never; false if there is no such key.
    pub fn set_expiry(&mut self, key: &HashedKey<'_>, expiry_ms: Option<i64>) -> bool {
        if self.database.is_empty() {
            return false;
        }
        let Self { database, store, .. } = self;
        database
            .change_table(key.slot, |table| table.change(key, |entry| entry.with_expiry(store, expiry_ms)))
    }

    /// Replace an integer by another, keeping the key's expiry; false if the key does not hold an integer.
    #[inline]
    pub fn set_int_in_place(&mut self, key: &HashedKey<'_>, value: i64) -> bool {
        let Some(mut entry) = self.find_mut(key) else { return false };
        if !matches!(entry.get().value(), Value::Int(_)) {
            return false;
        }
        if !entry.set_int(value) {
            self.set(key, NewValue::Int(value), NewExpiry::Keep);
        }
        true
    }

    /// Add bytes to the end of a string, or store them under a key that is new; returns the new length.
    pub fn append(&mut self, key: &HashedKey<'_>, bytes: &[u8]) -> usize {
        match self.find(key).map(|entry| value_bytes(entry.value())) {
            Some(length) => self.write_at(key, length, bytes),
            None => {
                self.set(key, NewValue::Bytes(bytes), NewExpiry::None);
                bytes.len()
            }
        }
    }

    /// Write bytes into a string from `offset` on, lengthening it as needed, with zeros where nothing was; a key that
    /// is new starts empty. Returns the new length.
    pub fn write_at(&mut self, key: &HashedKey<'_>, offset: usize, bytes: &[u8]) -> usize {
        let end = offset + bytes.len();
        self.edit_bytes(key, end, |text| {
            text[offset..end].copy_from_slice(bytes);
            text.len()
        })
    }

    /// Change the bytes of a string in their place, once it is at least `length_min` bytes long: zeros are added as
    /// needed, and a key that is new starts empty. Returns what `edit` does.
    pub fn edit_bytes<R>(
        &mut self,
        key: &HashedKey<'_>,
        length_min: usize,
        edit: impl FnOnce(&mut [u8]) -> R,
    ) -> R {
        let mut text;
        if let Some(mut entry) = self.find_mut(key) {
            let length = length_min.max(value_bytes(entry.get().value()));
            if let Some(value) = entry.large_value() {
                value.resize(length, 0);
                return edit(value);
            }
            if let Some(value) = entry.resize_value(length) {
                return edit(value);
            }
            // A string that has just become long will probably go on growing.
            let room = if length > EMBEDDED_VALUE_BYTES_MAX { length + length / 2 } else { length };
            text = Vec::with_capacity(room);
            match entry.get().value() {
                Value::Int(value) => text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
                Value::Bytes { bytes, .. } => text.extend_from_slice(bytes),
                Value::Large(bytes) => text.extend_from_slice(bytes),
            }
            text.resize(length, 0);
        } else {
            // The system has zeros at hand: half a gigabyte of them takes no time.
            text = vec![0; length_min];
        }
        let edited = edit(&mut text);
        if text.len() > EMBEDDED_VALUE_BYTES_MAX {
            self.set(key, NewValue::Large(Arc::new(text)), NewExpiry::Keep);
        } else {
            self.set(key, NewValue::Raw(&text), NewExpiry::Keep);
        }
        edited
    }

    /// Give a value, with its expiry, another key, in the place of what that held; false if there is no `from`.
    pub fn rename(&mut self, from: &HashedKey<'_>, to: &HashedKey<'_>) -> bool {
        if from.bytes == to.bytes {
            return self.find(from).is_some();
        }
        let Some(old) = self.take(from) else { return false };
        let renamed = old.with_key(self.store, to.bytes);
        self.put(to, renamed);
        true
    }

    /// Store a copy of a value, with its expiry, under another key, in the place of what that held; false if there is
    /// no `from`.
    pub fn copy(&mut self, from: &HashedKey<'_>, to: &HashedKey<'_>) -> bool {
        let Some(entry) = self.database.find(from) else { return false };
        if from.bytes == to.bytes {
            return true;
        }
        let copied = copy_of(entry, self.store, self.hasher, to.bytes);
        self.put(to, copied);
        true
    }

    /// Make a change to a packed collection; false if the key does not hold one.
    #[inline]
    pub fn splice(&mut self, key: &HashedKey<'_>, splice: Splice<'_>) -> bool {
        match self.find_mut(key) {
            None => return false,
            Some(mut entry) => {
                if entry.splice(splice) {
                    return true;
                }
            }
        }
        let Self { database, store, .. } = self;
        database.change_table(key.slot, |table| table.change(key, |entry| entry.spliced(store, splice)))
    }

    /// Set a packed collection's own flag.
    #[inline]
    pub fn set_flag(&mut self, key: &HashedKey<'_>, flag: bool) {
        if let Some(mut entry) = self.find_mut(key) {
            entry.set_flag(flag);
        }
    }

    /// The database to be read, with what it takes to build an object meanwhile.
    pub fn beside(&mut self) -> (&Database, &mut SlabAllocator, &KeyHasher) {
        (self.database, &mut self.store.slabs, self.hasher)
    }

    /// The allocator and the hash function, to build an object that is to be stored.
    pub fn workshop(&mut self) -> (&mut SlabAllocator, &KeyHasher) {
        (&mut self.store.slabs, self.hasher)
    }

    /// Remove all keys now.
    pub fn clear(&mut self) {
        for mut table in self.database.take_tables() {
            table.clear(self.store);
        }
    }

    /// Remove all keys of a slot now; returns how many there were.
    pub fn clear_slot(&mut self, slot: SlotIndex) -> usize {
        let count = self.slot_len(slot);
        if count > 0 {
            let Self { database, store, .. } = self;
            database.change_table(slot, |table| table.clear(store));
        }
        count
    }

    /// Take the entry of a key out.
    pub(super) fn take(&mut self, key: &HashedKey<'_>) -> Option<EntryBox> {
        if self.database.is_empty() {
            return None;
        }
        let Self { database, store, .. } = self;
        database.change_table(key.slot, |table| table.remove(store, key))
    }

    /// Put an entry, which is of this key, into the place of what the key held.
    pub(super) fn put(&mut self, key: &HashedKey<'_>, entry: EntryBox) {
        if entry.get().object().is_some_and(|object| object.volatile_fields() > 0) {
            self.track_fields(key);
        }
        let Self { database, store, hasher, .. } = self;
        database.change_table(key.slot, |table| table.put(store, hasher, key, entry));
    }
}

/// A copy of an entry's value, with its expiry, under another key.
pub(super) fn copy_of(entry: EntryRef<'_>, store: &mut Store, hasher: &KeyHasher, key: &[u8]) -> EntryBox {
    let object = entry.object().map(|object| Box::new(object.duplicate(&mut store.slabs, hasher)));
    EntryBox::build(store, EntryDraft::of(entry, object, key, entry.expiry_ms()))
}

/// Length of a string as STRLEN tells it.
fn value_bytes(value: Value<'_>) -> usize {
    match value {
        Value::Int(value) => itoa::Buffer::new().format(value).len(),
        Value::Bytes { bytes, .. } => bytes.len(),
        Value::Large(bytes) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Rng;
    use crate::keyspace::{Collection, Keyspace, ValueType};

    #[test]
    fn splices_change_a_packed_value_as_they_change_a_vector() {
        let mut rng = Rng::from_seed(7);
        let mut keyspace = Keyspace::new([1, 2, 3, 4], 1);
        let mut twin: Vec<u8> = b"first".to_vec();
        for (round, expiry) in [(0, NewExpiry::None), (1, NewExpiry::At(i64::MAX))] {
            let name = [b'k', round];
            let key = keyspace.hash_key(&name);
            let value = NewValue::Packed { value_type: ValueType::Hash, bytes: &twin, flag: round == 1 };
            keyspace.database_mut(0).set(&key, value, expiry);
            for step in 0..2_000u32 {
                let at = rng.below(twin.len() as u64 + 1) as usize;
                let remove = rng.below((twin.len() - at).min(40) as u64 + 1) as usize;
                let pieces: [&[u8]; 2] = [&step.to_le_bytes(), &[b'x'; 30][..rng.below(31) as usize]];
                assert!(keyspace.database_mut(0).splice(&key, Splice { at, remove, insert: &pieces }));
                twin.splice(at..at + remove, pieces.concat());
                let entry = keyspace.database(0).find(&key).unwrap();
                assert!(matches!(entry.collection(), Collection::Packed { bytes, flag }
                    if bytes == twin && flag == (round == 1)));
                assert_eq!(entry.key(), name);
            }
        }
        keyspace.database_mut(0).clear();
        assert_eq!(keyspace.slab_bytes(), 0);
    }

    #[test]
    fn a_string_is_no_packed_value_of_a_collection() {
        let mut keyspace = Keyspace::new([1, 2, 3, 4], 1);
        let key = keyspace.hash_key(b"none");
        assert!(!keyspace.database_mut(0).splice(&key, Splice { at: 0, remove: 0, insert: &[] }));
        assert!(keyspace.object_mut(0, &key).is_none());
    }
}
