//! WATCH: keys whose change makes a transaction fail.

use super::key_table::{KeyName, KeyTable};
use crate::keyspace::HashedKey;

/// A key that a client watches, as it was when that began.
#[derive(Clone, Debug)]
pub struct Watch {
    pub name: KeyName,
    /// Whether there was such a key.
    pub existed: bool,
    since: u64,
}

/// What is known of a watched key.
#[derive(Debug, Default)]
struct Watched {
    watchers: usize,
    /// When it was last changed.
    changed: u64,
    /// When it was last removed with its whole database, if it was there.
    emptied: u64,
}

/// The watched keys of all clients. Times are counted in changes: a change costs the same however many clients watch.
#[derive(Debug, Default)]
pub struct Watches {
    keys: KeyTable<Watched>,
    clock: u64,
    /// Number of clients that watch something.
    pub clients_count: usize,
}

impl Watches {
    /// Number of keys that are watched.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when nobody watches anything.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Begin to watch a key, which is there or not.
    pub fn add(&mut self, db: usize, key: &HashedKey<'_>, existed: bool) -> Watch {
        let (name, watched, _) = self.keys.get_or_insert(db, key, Watched::default);
        watched.watchers += 1;
        Watch { name: name.clone(), existed, since: self.clock }
    }

    /// End what [`Watches::add`] began.
    pub fn remove(&mut self, watch: &Watch) {
        let key = watch.name.hashed();
        if let Some((_, watched)) = self.keys.get_mut(watch.name.db, &key) {
            watched.watchers -= 1;
            if watched.watchers == 0 {
                self.keys.remove(watch.name.db, &key);
            }
        }
    }

    /// A key was changed or removed.
    #[inline]
    pub fn touch(&mut self, db: usize, key: &HashedKey<'_>) {
        if let Some((_, watched)) = self.keys.get_mut(db, key) {
            self.clock += 1;
            watched.changed = self.clock;
        }
    }

    /// A database was emptied or exchanged; `exists_now` tells whether a key is there after it.
    pub fn touch_all(&mut self, db: usize, mut exists_now: impl FnMut(&KeyName) -> bool) {
        self.clock += 1;
        for (name, watched) in self.keys.iter_mut().filter(|(name, _)| name.db == db) {
            if exists_now(name) {
                watched.changed = self.clock;
            } else {
                // No change for those who watch a key that was not there.
                watched.emptied = self.clock;
            }
        }
    }

    /// Whether the key has changed since; that it has expired is for the caller to see.
    pub fn has_changed(&self, watch: &Watch) -> bool {
        let watched = self.keys.get(watch.name.db, &watch.name.hashed());
        watched.is_none_or(|watched| {
            watched.changed > watch.since || (watch.existed && watched.emptied > watch.since)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::key_slot;

    fn key(bytes: &[u8]) -> HashedKey<'_> {
        HashedKey { bytes, slot: key_slot(bytes), hash: bytes.len() as u64 }
    }

    #[test]
    fn a_change_is_seen_by_those_who_watched_before_it() {
        let mut watches = Watches::default();
        let before = watches.add(0, &key(b"a"), true);
        let other = watches.add(0, &key(b"b"), true);
        let elsewhere = watches.add(1, &key(b"a"), true);
        watches.touch(0, &key(b"a"));
        let after = watches.add(0, &key(b"a"), true);
        let changed = [&before, &other, &elsewhere, &after].map(|watch| watches.has_changed(watch));
        assert_eq!(changed, [true, false, false, false]);
        for watch in [before, other, elsewhere, after] {
            watches.remove(&watch);
        }
        assert!(watches.is_empty());
    }

    #[test]
    fn emptying_a_database_changes_only_what_was_there() {
        let mut watches = Watches::default();
        let there = watches.add(0, &key(b"a"), true);
        let missing = watches.add(0, &key(b"bb"), false);
        let came = watches.add(0, &key(b"ccc"), false);
        watches.touch_all(0, |name| *name.bytes == *b"ccc");
        assert_eq!([&there, &missing, &came].map(|watch| watches.has_changed(watch)), [true, false, true]);
    }
}
