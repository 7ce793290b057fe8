//! What commands have changed, for those who want to know: watchers, waiting clients, keyspace notifications.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hasher};

use bitflags::bitflags;

use super::key_table::KeyName;
use crate::keyspace::HashedKey;

/// An allocation for more events than this is given up.
const LIST_KEPT_MAX: usize = 256;

bitflags! {
    /// Classes of events, with the letters of `notify-keyspace-events`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct EventClass: u16 {
        /// K: published under the key's name.
        const KEYSPACE = 1 << 0;
        /// E: published under the event's name.
        const KEYEVENT = 1 << 1;
        /// g: commands on keys of any type.
        const GENERIC = 1 << 2;
        /// $
        const STRING = 1 << 3;
        /// l
        const LIST = 1 << 4;
        /// s
        const SET = 1 << 5;
        /// h
        const HASH = 1 << 6;
        /// z
        const SORTED_SET = 1 << 7;
        /// x: a key's time was over.
        const EXPIRED = 1 << 8;
        /// e: a key went to make room.
        const EVICTED = 1 << 9;
        /// t
        const STREAM = 1 << 10;
        /// m: a key was not found.
        const KEY_MISS = 1 << 11;
        /// d
        const MODULE = 1 << 12;
        /// n: a key was created.
        const NEW = 1 << 13;
    }
}

/// One event.
#[derive(Clone, Debug)]
pub enum Change {
    /// A key was changed, or is gone; or, not `altered`, something happened to it that those who watch it or wait for it
    /// do not mind.
    Key { name: KeyName, class: EventClass, event: &'static str, altered: bool },
    /// A database was emptied.
    Flushed { db: usize },
    /// Two databases were exchanged.
    Swapped { first: usize, second: usize },
}

/// The events of the running command, in order; collected only while somebody wants to know.
#[derive(Debug, Default)]
pub struct Changes {
    /// Whether anybody does: false keeps the cost of a change at one test.
    wanted: bool,
    /// Classes whose events are published, of whichever key.
    classes: EventClass,
    /// Hashes of the keys that clients watch or wait for, and how often each is wanted.
    keys: HashMap<u64, usize, HashItself>,
    list: Vec<Change>,
}

impl Changes {
    /// Note an event, if anybody wants to know.
    #[inline]
    pub fn note(&mut self, db: usize, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        if self.wanted {
            self.note_wanted(db, class, event, key, true);
        }
    }

    /// Note an event that is only published.
    #[inline]
    pub fn note_unaltered(&mut self, db: usize, class: EventClass, event: &'static str, key: &HashedKey<'_>) {
        if self.wanted {
            self.note_wanted(db, class, event, key, false);
        }
    }

    /// Note what happened to whole databases.
    pub fn note_all(&mut self, change: Change) {
        if self.wanted {
            self.list.push(change);
        }
    }

    /// Whether anybody wants to know anything.
    pub fn are_wanted(&self) -> bool {
        self.wanted
    }

    /// Whether the events of a class are published, of whichever key.
    #[inline]
    pub fn are_published(&self, class: EventClass) -> bool {
        self.classes.intersects(class)
    }

    /// Collect the events of these classes, whichever key they are about.
    pub fn want_classes(&mut self, classes: EventClass) {
        self.classes = classes;
        self.update_wanted();
    }

    /// Collect the events of the keys with this hash, until as many calls of [`Changes::unwant_key`].
    pub fn want_key(&mut self, hash: u64) {
        *self.keys.entry(hash).or_default() += 1;
        self.update_wanted();
    }

    /// The inverse of [`Changes::want_key`].
    pub fn unwant_key(&mut self, hash: u64) {
        if let Entry::Occupied(mut entry) = self.keys.entry(hash) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        self.update_wanted();
    }

    /// Whether there is something to be told.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The events since they were last taken.
    pub fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.list)
    }

    /// Give an allocation back that [`Changes::take`] took, for the next events.
    pub fn give_back(&mut self, mut list: Vec<Change>) {
        if self.list.capacity() == 0 && list.capacity() <= LIST_KEPT_MAX {
            list.clear();
            self.list = list;
        }
    }

    // Out of line: while nobody wants to know, a change is to cost one test and no more.
    #[inline(never)]
    fn note_wanted(
        &mut self,
        db: usize,
        class: EventClass,
        event: &'static str,
        key: &HashedKey<'_>,
        altered: bool,
    ) {
        if self.classes.intersects(class) || self.keys.contains_key(&key.hash) {
            self.list.push(Change::Key { name: KeyName::new(db, key), class, event, altered });
        }
    }

    fn update_wanted(&mut self) {
        self.wanted = !self.keys.is_empty() || !self.classes.is_empty();
    }
}

/// Hashes a number that is a hash already.
#[derive(Clone, Copy, Debug, Default)]
struct HashItself(u64);

impl BuildHasher for HashItself {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for HashItself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
