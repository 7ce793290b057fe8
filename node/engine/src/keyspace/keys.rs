//! The view of a database that commands use: expired keys are not there, and accesses leave their mark.

use super::database::Database;
use super::database_mut::DatabaseMut;
use super::entry::EntryRef;
use super::owned::EntryMut;
use super::space::{Effect, ExpiryMode, Keyspace};
use super::value::{Collection, HashedKey, NewExpiry, NewValue, Splice, ValueType, WrongType};
use crate::clock::Rng;
use crate::collections::{Object, ObjectMut};
use crate::slot::SlotIndex;

/// How many expired keys a search for a random one meets before it gives up.
const RANDOM_ATTEMPTS_MAX: usize = 100;

/// The selected database as a command sees it at one moment.
///
/// Methods that change a key see an expired one as missing, as those that read do.
pub struct Keys<'a> {
    pub keyspace: &'a mut Keyspace,
    pub db: usize,
    pub now_ms: i64,
    /// Whether reading marks keys as used; CLIENT NO-TOUCH says not to.
    pub touch: bool,
}

/// What a look-up does besides looking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Read,
    Write,
    Peek,
}

impl<'a> Keys<'a> {
    /// The database `db` as it is at `now_ms`; `db` is below the number of databases.
    #[inline]
    pub fn new(keyspace: &'a mut Keyspace, db: usize, now_ms: i64, touch: bool) -> Self {
        Self { keyspace, db, now_ms, touch }
    }

    /// A key with its slot and its hash.
    #[inline]
    pub fn key<'k>(&self, bytes: &'k [u8]) -> HashedKey<'k> {
        self.keyspace.hash_key(bytes)
    }

    /// A key whose slot is known already.
    #[inline]
    pub fn key_in_slot<'k>(&self, bytes: &'k [u8], slot: SlotIndex) -> HashedKey<'k> {
        self.keyspace.hasher().hash_key_in_slot(bytes, slot)
    }

    /// The database as it lies there, expired keys included.
    #[inline]
    pub fn database(&self) -> &Database {
        self.keyspace.database(self.db)
    }

    /// The database as it lies there, to be changed.
    #[inline]
    pub fn database_mut(&mut self) -> DatabaseMut<'_> {
        self.keyspace.database_mut(self.db)
    }

    /// The same moment in another database, which is below the number of databases.
    pub fn in_database(&mut self, db: usize) -> Keys<'_> {
        Keys { keyspace: self.keyspace, db, now_ms: self.now_ms, touch: self.touch }
    }

    /// Look a key up to use its value: counts as a hit or a miss, and as an access.
    #[inline]
    pub fn read(&mut self, key: &HashedKey<'_>) -> Option<EntryRef<'_>> {
        self.look_up(key, Purpose::Read)
    }

    /// Look a key up that the command may change: counts as an access, but as no hit or miss.
    #[inline]
    pub fn read_for_write(&mut self, key: &HashedKey<'_>) -> Option<EntryRef<'_>> {
        self.look_up(key, Purpose::Write)
    }

    /// Look a key up and leave no trace, except that it is removed if its time is over.
    #[inline]
    pub fn peek(&mut self, key: &HashedKey<'_>) -> Option<EntryRef<'_>> {
        self.look_up(key, Purpose::Peek)
    }

    /// Look a collection of a type up to use its members: counts as a hit or a miss, and as an access.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn collection(
        &mut self,
        key: &HashedKey<'_>,
        value_type: ValueType,
    ) -> Result<Option<Collection<'_>>, WrongType> {
        collection_of(self.read(key), value_type)
    }

    /// Look a collection of a type up that the command may change: counts as an access, but as no hit or miss.
    ///
    /// # Errors
    /// The key holds something else.
    #[inline]
    pub fn collection_for_write(
        &mut self,
        key: &HashedKey<'_>,
        value_type: ValueType,
    ) -> Result<Option<Collection<'_>>, WrongType> {
        collection_of(self.read_for_write(key), value_type)
    }

    /// The time by which fields of hashes are over: never, when even keys stay until somebody removes them.
    #[inline]
    pub fn field_now_ms(&self) -> i64 {
        match self.keyspace.expiry_mode {
            ExpiryMode::Remove | ExpiryMode::Hide => self.now_ms,
            ExpiryMode::Ignore => i64::MIN,
        }
    }

    /// Whether there is such a key; leaves no trace.
    #[inline]
    pub fn exists(&mut self, key: &HashedKey<'_>) -> bool {
        self.peek(key).is_some()
    }

    /// Mark a key as used now, whatever `touch` says; false if there is no such key.
    pub fn touch(&mut self, key: &HashedKey<'_>) -> bool {
        let touch = std::mem::replace(&mut self.touch, true);
        let found = self.look_up(key, Purpose::Write).is_some();
        self.touch = touch;
        found
    }

    #[inline]
    fn look_up(&mut self, key: &HashedKey<'_>, purpose: Purpose) -> Option<EntryRef<'_>> {
        let mut found = self.keyspace.database(self.db).find(key).map(|entry| {
            let expired = entry.is_expired(self.now_ms);
            (entry.pointer(), expired)
        });
        if let Some((_, true)) = found
            && self.forget_expired(key)
        {
            found = None;
        }
        let Some((pointer, _)) = found else {
            if purpose == Purpose::Read {
                self.keyspace.stats.misses += 1;
                if self.keyspace.record_misses {
                    self.keyspace.effects.push(Effect::Missed { db: self.db, key: key.bytes.into() });
                }
            }
            return None;
        };
        self.keyspace.stats.hits += u64::from(purpose == Purpose::Read);
        // SAFETY: the entry was found just now, and nothing was removed or moved since; `self`, and through it the
        // keyspace, is borrowed mutably for as long as the result is used.
        let mut entry = unsafe { EntryMut::from_pointer(pointer) };
        if self.touch && purpose != Purpose::Peek {
            let access = self.keyspace.access_clock.touch(entry.get().access());
            entry.set_access(access);
        }
        Some(entry.into_ref())
    }

    /// Let an expired key not be there; false if it is to be seen all the same.
    #[cold]
    fn forget_expired(&mut self, key: &HashedKey<'_>) -> bool {
        match self.keyspace.expiry_mode {
            ExpiryMode::Remove => self.keyspace.expire(self.db, key),
            ExpiryMode::Hide => {}
            ExpiryMode::Ignore => return false,
        }
        true
    }

    /// Make a change to a packed collection that was looked up before; false if the key does not hold one.
    #[inline]
    pub fn splice(&mut self, key: &HashedKey<'_>, splice: Splice<'_>) -> bool {
        self.database_mut().splice(key, splice)
    }

    /// The object that was found under a key before, to be changed; `None` if it holds none.
    #[inline]
    pub fn object_mut(&mut self, key: &HashedKey<'_>) -> Option<ObjectMut<'_>> {
        self.keyspace.object_mut(self.db, key)
    }

    /// Free an object that is under no key, in slices if it is large.
    pub fn dispose(&mut self, object: Object) {
        self.keyspace.dispose(object);
    }

    /// Store a value, in the place of whatever the key held; true if the key is new.
    #[inline]
    pub fn set(&mut self, key: &HashedKey<'_>, value: NewValue<'_>, expiry: NewExpiry) -> bool {
        if expiry == NewExpiry::Keep {
            // What an expired key leaves behind is not to be kept.
            self.peek(key);
        }
        self.database_mut().set(key, value, expiry)
    }

    /// Remove a key; false if there is none.
    #[inline]
    pub fn remove(&mut self, key: &HashedKey<'_>) -> bool {
        self.exists(key) && self.database_mut().remove(key)
    }

    /// Let a key expire at a Unix time in milliseconds, or never; false if there is no such key. A time in the past
    /// is stored like any other.
    #[inline]
    pub fn set_expiry(&mut self, key: &HashedKey<'_>, expiry_ms: Option<i64>) -> bool {
        self.exists(key) && self.database_mut().set_expiry(key, expiry_ms)
    }

    /// Replace an integer by another, keeping the key's expiry; false if the key does not hold an integer.
    #[inline]
    pub fn set_int_in_place(&mut self, key: &HashedKey<'_>, value: i64) -> bool {
        self.exists(key) && self.database_mut().set_int_in_place(key, value)
    }

    /// Add bytes to the end of a string, or store them under a key that is new; returns the new length.
    pub fn append(&mut self, key: &HashedKey<'_>, bytes: &[u8]) -> usize {
        self.read_for_write(key);
        self.database_mut().append(key, bytes)
    }

    /// Write bytes into a string from `offset` on; see [`DatabaseMut::write_at`].
    pub fn write_at(&mut self, key: &HashedKey<'_>, offset: usize, bytes: &[u8]) -> usize {
        self.read_for_write(key);
        self.database_mut().write_at(key, offset, bytes)
    }

    /// Give a value, with its expiry, another key, in the place of what that held; false if there is no `from`.
    pub fn rename(&mut self, from: &HashedKey<'_>, to: &HashedKey<'_>) -> bool {
        self.exists(to);
        self.exists(from) && self.database_mut().rename(from, to)
    }

    /// Store a copy of a value, with its expiry, under a key of database `to_db`, in the place of what that held;
    /// false if there is no `from`.
    pub fn copy(&mut self, from: &HashedKey<'_>, to_db: usize, to: &HashedKey<'_>) -> bool {
        self.in_database(to_db).exists(to);
        self.exists(from) && self.keyspace.copy_key(self.db, from, to_db, to)
    }

    /// Move a key to database `to_db`; false if there is none here, or one there already.
    pub fn move_to(&mut self, key: &HashedKey<'_>, to_db: usize) -> bool {
        let free = !self.in_database(to_db).exists(key);
        free && self.exists(key) && self.keyspace.move_key(self.db, to_db, key)
    }

    /// A key, each with nearly the same chance; `None` if there are none. Expired keys that are met are removed.
    pub fn random(&mut self, rng: &mut Rng) -> Option<Vec<u8>> {
        for _ in 0..RANDOM_ATTEMPTS_MAX {
            let entry = self.database().random(rng)?;
            let bytes = entry.key().to_vec();
            if !entry.is_expired(self.now_ms) || !self.forget_expired(&self.key(&bytes)) {
                return Some(bytes);
            }
        }
        None
    }
}

/// An entry's collection.
#[inline]
fn collection_of(
    entry: Option<EntryRef<'_>>,
    value_type: ValueType,
) -> Result<Option<Collection<'_>>, WrongType> {
    match entry {
        None => Ok(None),
        Some(entry) if entry.value_type() == value_type => Ok(Some(entry.collection())),
        Some(_) => Err(WrongType),
    }
}
