//! Tables of keys that somebody wants to know about, whether they exist or not.

use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::keyspace::HashedKey;
use crate::slot::SlotIndex;

/// A key of a database, with its hashes.
#[derive(Clone, Debug)]
pub struct KeyName {
    pub db: usize,
    pub bytes: Arc<[u8]>,
    pub slot: SlotIndex,
    pub hash: u64,
}

impl KeyName {
    /// The name of a key in database `db`.
    pub fn new(db: usize, key: &HashedKey<'_>) -> Self {
        Self { db, bytes: key.bytes.into(), slot: key.slot, hash: key.hash }
    }

    /// The key, to be looked up.
    pub fn hashed(&self) -> HashedKey<'_> {
        HashedKey { bytes: &self.bytes, slot: self.slot, hash: self.hash }
    }

    /// Whether this is the name of `key` in `db`.
    #[inline]
    pub fn is(&self, db: usize, key: &HashedKey<'_>) -> bool {
        self.db == db && *self.bytes == *key.bytes
    }
}

/// Values by key and database, found by the hash that commands have computed already.
#[derive(Debug)]
pub struct KeyTable<T>(HashTable<(KeyName, T)>);

impl<T> Default for KeyTable<T> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<T> KeyTable<T> {
    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    #[inline]
    pub fn get(&self, db: usize, key: &HashedKey<'_>) -> Option<&T> {
        self.0.find(key.hash, |(name, _)| name.is(db, key)).map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    #[inline]
    pub fn get_mut(&mut self, db: usize, key: &HashedKey<'_>) -> Option<(&KeyName, &mut T)> {
        self.0.find_mut(key.hash, |(name, _)| name.is(db, key)).map(|(name, value)| (&*name, value))
    }

    /// The value of a key, which is made if there is none; true with it if it was made.
    pub fn get_or_insert(
        &mut self,
        db: usize,
        key: &HashedKey<'_>,
        make: impl FnOnce() -> T,
    ) -> (&KeyName, &mut T, bool) {
        let entry = self.0.entry(key.hash, |(name, _)| name.is(db, key), |(name, _)| name.hash);
        let (entry, made) = match entry {
            Entry::Occupied(entry) => (entry, false),
            Entry::Vacant(entry) => (entry.insert((KeyName::new(db, key), make())), true),
        };
        let (name, value) = entry.into_mut();
        (name, value, made)
    }

    /// Take a key out.
    pub fn remove(&mut self, db: usize, key: &HashedKey<'_>) {
        if let Ok(entry) = self.0.find_entry(key.hash, |(name, _)| name.is(db, key)) {
            entry.remove();
        }
    }

    /// All keys and values, the values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&KeyName, &mut T)> {
        self.0.iter_mut().map(|(name, value)| (&*name, value))
    }
}
