//! What commands have changed, for those who want to know: watchers, waiting clients, keyspace notifications.

use bitflags::bitflags;

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A key was changed, or is gone.
    Key { db: usize, class: EventClass, event: &'static str, key: Box<[u8]> },
    /// A database was emptied.
    Flushed { db: usize },
    /// Two databases were exchanged.
    Swapped { first: usize, second: usize },
}

/// The events of the running command, in order; collected only while somebody wants to know.
#[derive(Debug, Default)]
pub struct Changes {
    /// Whether anybody does: false keeps the cost of a change at one test.
    pub wanted: bool,
    list: Vec<Change>,
}

impl Changes {
    /// Note an event, if anybody wants to know.
    #[inline]
    pub fn note(&mut self, db: usize, class: EventClass, event: &'static str, key: &[u8]) {
        if self.wanted {
            self.list.push(Change::Key { db, class, event, key: key.into() });
        }
    }

    /// Note what happened to whole databases.
    pub fn note_all(&mut self, change: Change) {
        if self.wanted {
            self.list.push(change);
        }
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
}
