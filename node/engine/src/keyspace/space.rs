//! The keyspace as a whole: the databases, their memory, what happens to keys unasked.

use super::database::Database;
use super::database_mut::{DatabaseMut, copy_of};
use super::entry_table::EntryTable;
use super::hasher::KeyHasher;
use super::store::Store;
use super::value::HashedKey;
use crate::collections::{Object, ObjectMut};
use crate::evict::AccessClock;
use crate::slot::SlotIndex;

/// What has been counted since the start, or since CONFIG RESETSTAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyspaceStats {
    /// Look-ups by reading commands that found their key.
    pub hits: u64,
    pub misses: u64,
    /// Keys that were removed because their time was over.
    pub expired: u64,
    /// Fields of hashes that were removed because their time was over.
    pub expired_fields: u64,
    /// Keys that were removed to keep the memory limit.
    pub evicted: u64,
    /// Changes that commands made to the data.
    pub dirty: u64,
    /// Keys that were freed after they had been removed.
    pub freed_lazily: u64,
}

impl KeyspaceStats {
    /// Count anew (CONFIG RESETSTAT); changes to the data are counted on, they are no statistics.
    pub fn reset(&mut self) {
        *self = Self { dirty: self.dirty, ..Self::default() };
    }
}

/// What has happened to a key without a command asking for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Expired {
        db: usize,
        key: Box<[u8]>,
    },
    Evicted {
        db: usize,
        key: Box<[u8]>,
    },
    /// Fields of a hash were removed because their time was over; the key too, if they were the last.
    FieldsExpired {
        db: usize,
        key: Box<[u8]>,
        emptied: bool,
    },
    /// A command that reads looked it up, and it was not there.
    Missed {
        db: usize,
        key: Box<[u8]>,
    },
}

/// What happens to a key whose time is over when it is looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiryMode {
    /// It is removed.
    #[default]
    Remove,
    /// It is hidden and stays: a replica waits for its primary to remove it.
    Hide,
    /// It is there: a replica does what its primary says, which knows better.
    Ignore,
}

/// All keys of a node. Belongs to one thread.
pub struct Keyspace {
    hasher: KeyHasher,
    pub(super) databases: Vec<Database>,
    /// Databases that were emptied lazily: tables that are still to be freed.
    doomed: Vec<EntryTable>,
    store: Store,
    pub stats: KeyspaceStats,
    /// Keys removed unasked since the caller last took these, while `record_effects` is true.
    pub effects: Vec<Effect>,
    pub record_effects: bool,
    /// Whether keys that are looked up and not found are effects as well.
    pub record_misses: bool,
    pub expiry_mode: ExpiryMode,
    /// Says what access bits mean; to be told the time once a turn.
    pub access_clock: AccessClock,
    /// Where active expiry goes on: database and cursor.
    pub(super) expiry_position: (usize, u64),
    /// The same for fields of hashes: database and the last key that is done with.
    pub(super) field_expiry_position: (usize, Option<Box<[u8]>>),
}

// SAFETY: all pointers lead into the keyspace's own slabs and to heap blocks that nothing else refers to. Large
// values are behind `Arc`, which may be shared with other threads.
unsafe impl Send for Keyspace {}

impl Keyspace {
    /// A keyspace with this number of databases, all empty. `seeds` key the hash function and should be random.
    pub fn new(seeds: [u64; 4], databases: usize) -> Self {
        Self {
            hasher: KeyHasher::new(seeds),
            databases: (0..databases).map(|_| Database::new()).collect(),
            doomed: Vec::new(),
            store: Store::default(),
            stats: KeyspaceStats::default(),
            effects: Vec::new(),
            record_effects: false,
            record_misses: false,
            expiry_mode: ExpiryMode::default(),
            access_clock: AccessClock::new(seeds[0]),
            expiry_position: (0, 0),
            field_expiry_position: (0, None),
        }
    }

    /// A key with its slot and its hash.
    #[inline]
    pub fn hash_key<'a>(&self, bytes: &'a [u8]) -> HashedKey<'a> {
        self.hasher.hash_key(bytes)
    }

    /// The hash function, for other tables of this process.
    pub fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    /// Number of databases.
    pub fn database_count(&self) -> usize {
        self.databases.len()
    }

    /// A database, to be read; `index` is below `database_count()`.
    #[inline]
    pub fn database(&self, index: usize) -> &Database {
        &self.databases[index]
    }

    /// A database, to be changed; `index` is below `database_count()`.
    #[inline]
    pub fn database_mut(&mut self, index: usize) -> DatabaseMut<'_> {
        DatabaseMut {
            database: &mut self.databases[index],
            store: &mut self.store,
            hasher: &self.hasher,
            access_clock: &mut self.access_clock,
        }
    }

    /// The object that a key holds, to be changed; `None` if it holds none.
    #[inline]
    pub fn object_mut(&mut self, index: usize, key: &HashedKey<'_>) -> Option<ObjectMut<'_>> {
        let object = self.databases[index].table_mut(key.slot)?.find_mut(key)?.into_object()?;
        Some(ObjectMut { object, slabs: &mut self.store.slabs, hasher: &self.hasher })
    }

    /// Exchange two databases.
    pub fn swap(&mut self, a: usize, b: usize) {
        self.databases.swap(a, b);
    }

    /// Number of keys in all databases.
    pub fn total_len(&self) -> u64 {
        self.databases.iter().map(Database::len).sum()
    }

    /// Number of keys with an expiry in all databases.
    pub fn volatile_len(&self) -> u64 {
        self.databases.iter().map(Database::volatile_len).sum()
    }

    /// Bytes of entries and tables that lie in slabs; what is larger is on the heap and counted there.
    #[inline]
    pub fn slab_bytes(&self) -> u64 {
        self.store.slabs.allocated_bytes()
    }

    /// Bytes of memory taken for slabs that are in use, empty places in them included.
    pub fn slab_resident_bytes(&self) -> u64 {
        self.store.slabs.slab_bytes()
    }

    /// Give memory that is kept for the next use back to the system.
    pub fn release_unused_memory(&mut self) {
        self.store.slabs.release_unused();
        crate::memory::trim_heap();
    }

    /// Bytes of memory in use, for `maxmemory`: the whole Rust heap and the slabs.
    #[inline]
    pub fn used_bytes(&self) -> u64 {
        crate::memory::heap_bytes() + self.slab_bytes()
    }

    /// Move a key with its value to another database, where there must be no such key; false if there is none here,
    /// or one there.
    pub fn move_key(&mut self, from: usize, to: usize, key: &HashedKey<'_>) -> bool {
        if from == to || self.databases[to].find(key).is_some() {
            return false;
        }
        let Some(entry) = self.database_mut(from).take(key) else { return false };
        self.database_mut(to).put(key, entry);
        true
    }

    /// Store a copy of a value under another key in another database, in the place of what that held; false if there
    /// is no such key.
    pub fn copy_key(
        &mut self,
        from_db: usize,
        from: &HashedKey<'_>,
        to_db: usize,
        to: &HashedKey<'_>,
    ) -> bool {
        if from_db == to_db {
            return self.database_mut(to_db).copy(from, to);
        }
        let Some(entry) = self.databases[from_db].find(from) else { return false };
        let copied = copy_of(entry, &mut self.store, &self.hasher, to.bytes);
        self.database_mut(to_db).put(to, copied);
        true
    }

    /// Empty a database at once and leave the freeing to [`free_step`](Self::free_step).
    pub fn clear_lazily(&mut self, index: usize) {
        let tables = self.databases[index].take_tables();
        self.doomed.extend(tables.into_iter().filter(|table| table.len() > 0));
    }

    /// Empty a slot at once and leave the freeing to [`free_step`](Self::free_step); returns how many keys there were.
    pub fn clear_slot_lazily(&mut self, index: usize, slot: SlotIndex) -> usize {
        let count = self.databases[index].slot_len(slot);
        if count > 0 {
            let take = |table: &mut EntryTable| std::mem::replace(table, EntryTable::EMPTY);
            let table = self.databases[index].change_table(slot, take);
            self.doomed.push(table);
        }
        count
    }

    /// Free up to `budget` entries of databases that were emptied lazily, or as many members of large collections whose
    /// keys are gone; false when nothing is left.
    pub fn free_step(&mut self, budget: usize) -> bool {
        if self.store.has_doomed() {
            self.store.free_step(budget);
            return self.has_garbage();
        }
        for _ in 0..budget {
            let Some(table) = self.doomed.last_mut() else { break };
            match table.pop(&mut self.store) {
                Some(entry) => {
                    entry.dispose(&mut self.store);
                    self.stats.freed_lazily += 1;
                }
                None => drop(self.doomed.pop()),
            }
        }
        self.has_garbage()
    }

    /// Free an object that is under no key; later if it is large.
    pub fn dispose(&mut self, object: Object) {
        self.store.dispose(Box::new(object));
    }

    /// Free a part that was cut off a collection: at once if it is small, else piece by piece.
    pub fn discard(&mut self, object: Object) {
        self.store.dispose(Box::new(object));
    }

    /// Whether [`free_step`](Self::free_step) has something to do.
    #[inline]
    pub fn has_garbage(&self) -> bool {
        self.store.has_doomed() || !self.doomed.is_empty()
    }

    /// Keys and large collections that [`free_step`](Self::free_step) has still to free.
    pub fn garbage_len(&self) -> usize {
        self.store.doomed_len() + self.doomed.iter().map(EntryTable::len).sum::<usize>()
    }

    /// Remove a key whose time is over.
    pub(super) fn expire(&mut self, db: usize, key: &HashedKey<'_>) {
        if self.database_mut(db).remove(key) {
            self.stats.expired += 1;
            if self.record_effects {
                self.effects.push(Effect::Expired { db, key: key.bytes.into() });
            }
        }
    }

    /// Remove a key to make room; false if there is no such key.
    pub fn evict(&mut self, db: usize, key: &HashedKey<'_>) -> bool {
        let removed = self.database_mut(db).remove(key);
        if removed {
            self.stats.evicted += 1;
            if self.record_effects {
                self.effects.push(Effect::Evicted { db, key: key.bytes.into() });
            }
        }
        removed
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        // Slabs go with their allocator, but large entries and values do not lie in them.
        for index in 0..self.databases.len() {
            self.database_mut(index).clear();
        }
        while self.free_step(usize::MAX) {}
    }
}
