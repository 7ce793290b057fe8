//! One numbered database: a table for each hash slot, and counts that find the non-empty ones quickly.

use std::collections::BTreeSet;

use super::entry::EntryRef;
use super::entry_table::EntryTable;
use super::prefetch::prefetch;
use super::value::HashedKey;
use crate::clock::Rng;
use crate::slot::{SLOT_COUNT, SlotIndex};

/// Slots that are counted together.
const GROUP_SLOTS: usize = 128;
const GROUP_COUNT: usize = SLOT_COUNT as usize / GROUP_SLOTS;

/// A cursor's lowest bits are the slot, the others the place in its table.
const SLOT_BITS: u32 = 14;
const _: () = assert!(1 << SLOT_BITS == SLOT_COUNT);

/// Slots that one call of SCAN passes at most, so that a scan of an almost empty database is not one long request.
const SCAN_SLOTS_MAX: usize = 1_024;

/// Keys, and how many of them expire.
#[derive(Clone, Copy, Default)]
struct Counts {
    keys: u64,
    volatile: u64,
}

impl Counts {
    #[inline]
    fn of(self, volatile_only: bool) -> u64 {
        if volatile_only { self.volatile } else { self.keys }
    }

    #[inline]
    fn adjust(&mut self, before: Counts, after: Counts) {
        self.keys = self.keys + after.keys - before.keys;
        self.volatile = self.volatile + after.volatile - before.volatile;
    }
}

/// One numbered database, to be read. Changes go through [`DatabaseMut`](super::DatabaseMut).
///
/// It takes no memory to speak of until its first key.
pub struct Database {
    /// One table a slot, or none at all before the first key.
    tables: Vec<EntryTable>,
    groups: Vec<Counts>,
    total: Counts,
    /// Mean of the times to live that active expiry has met lately, in milliseconds; 0: none yet.
    average_ttl_ms: u64,
    /// Keys of the hashes whose fields expire, and some that held one.
    pub(super) field_expiries: BTreeSet<Box<[u8]>>,
}

/// Weight of the past in the mean time to live.
const TTL_INERTIA: u64 = 50;

impl Database {
    pub(super) fn new() -> Self {
        Self {
            tables: Vec::new(),
            groups: Vec::new(),
            total: Counts::default(),
            average_ttl_ms: 0,
            field_expiries: BTreeSet::new(),
        }
    }

    /// Number of keys, those included that have expired and were not yet removed.
    #[inline]
    pub fn len(&self) -> u64 {
        self.total.keys
    }

    /// Number of hashes with fields that expire; until active expiry comes by, those included that had some.
    pub fn field_expiries_len(&self) -> usize {
        self.field_expiries.len()
    }

    /// Whether there are no keys.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of keys that have an expiry.
    #[inline]
    pub fn volatile_len(&self) -> u64 {
        self.total.volatile
    }

    /// About how long keys with an expiry have still to live, in milliseconds; 0 when there are none.
    pub fn average_ttl_ms(&self) -> u64 {
        if self.total.volatile == 0 { 0 } else { self.average_ttl_ms }
    }

    /// Take the mean time to live of some keys into account.
    pub(super) fn note_average_ttl(&mut self, ttl_ms: u64) {
        self.average_ttl_ms = match self.average_ttl_ms {
            0 => ttl_ms,
            past => past / TTL_INERTIA * (TTL_INERTIA - 1) + ttl_ms / TTL_INERTIA,
        };
    }

    /// Number of keys in a slot.
    pub fn slot_len(&self, slot: SlotIndex) -> usize {
        self.tables.get(slot.index()).map_or(0, EntryTable::len)
    }

    /// Bytes of the tables, without the entries.
    pub fn table_bytes(&self) -> u64 {
        let arrays: usize = self.tables.iter().map(EntryTable::memory_bytes).sum();
        (arrays + self.tables.capacity() * size_of::<EntryTable>()) as u64
    }

    /// The entry of a key, expired or not.
    #[inline]
    pub fn find(&self, key: &HashedKey<'_>) -> Option<EntryRef<'_>> {
        self.tables.get(key.slot.index())?.find(key)
    }

    /// First stage of hiding cache misses: start to load the cells in which [`find`](Self::find) will look.
    #[inline]
    pub fn prefetch(&self, key: &HashedKey<'_>) {
        if let Some(table) = self.tables.get(key.slot.index()) {
            table.prefetch_cells(key);
        }
    }

    /// Second stage, when the cells have come: start to load the entry.
    #[inline]
    pub fn prefetch_entry(&self, key: &HashedKey<'_>) {
        if let Some(table) = self.tables.get(key.slot.index()) {
            table.prefetch_entry(key);
        }
    }

    /// Visit up to `max` keys of a slot.
    pub fn keys_in_slot(&self, slot: SlotIndex, max: usize, mut visit: impl FnMut(EntryRef<'_>)) {
        let Some(table) = self.tables.get(slot.index()) else { return };
        let mut left = max;
        // A scan visits keys of equal tags together, beyond its budget.
        table.scan(0, &mut { max }, false, &mut |entry| {
            if left > 0 {
                left -= 1;
                visit(entry);
            }
        });
    }

    /// One step of SCAN: visits about `count` keys from `cursor` on and returns the next cursor, 0 at the end.
    ///
    /// A key that is there from a scan's first step to its last is visited at least once, whatever happens to others
    /// meanwhile. Any number is a valid cursor. May visit no key at all although there are some left.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, mut visit: impl FnMut(EntryRef<'a>)) -> u64 {
        self.scan_slots(cursor, count, false, SLOT_COUNT as usize - 1, &mut visit)
    }

    /// As [`scan`](Self::scan), of one slot's keys only. The cursors of both are of the same kind.
    pub fn scan_slot<'a>(
        &'a self,
        slot: SlotIndex,
        cursor: u64,
        count: usize,
        mut visit: impl FnMut(EntryRef<'a>),
    ) -> u64 {
        let place = cursor >> SLOT_BITS << SLOT_BITS;
        self.scan_slots(place | slot.index() as u64, count, false, slot.index(), &mut visit)
    }

    /// As [`scan`](Self::scan), of keys with an expiry only.
    pub(super) fn scan_volatile<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        visit: &mut dyn FnMut(EntryRef<'a>),
    ) -> u64 {
        self.scan_slots(cursor, count, true, SLOT_COUNT as usize - 1, visit)
    }

    fn scan_slots<'a>(
        &'a self,
        cursor: u64,
        count: usize,
        volatile_only: bool,
        last_slot: usize,
        visit: &mut dyn FnMut(EntryRef<'a>),
    ) -> u64 {
        let mut slot = cursor as usize % SLOT_COUNT as usize;
        let mut place = cursor >> SLOT_BITS;
        let mut budget = count.max(1);
        let mut slots_left = SCAN_SLOTS_MAX;
        while slot <= last_slot && slot < self.tables.len() {
            if place == 0
                && slot.is_multiple_of(GROUP_SLOTS)
                && self.groups[slot / GROUP_SLOTS].of(volatile_only) == 0
            {
                slot += GROUP_SLOTS;
                continue;
            }
            if budget == 0 || slots_left == 0 {
                return place << SLOT_BITS | slot as u64;
            }
            slots_left -= 1;
            match self.tables[slot].scan(place, &mut budget, volatile_only, visit) {
                Some(next) => return next << SLOT_BITS | slot as u64,
                None => (slot, place) = (slot + 1, 0),
            }
        }
        0
    }

    /// A key, each with the same chance; `None` if there are none.
    pub fn random(&self, rng: &mut Rng) -> Option<EntryRef<'_>> {
        let mut found = None;
        self.walk(rng.below(self.total.keys), &mut 1, false, &mut |entry| found = Some(entry));
        found
    }

    /// Visit `count` keys, or all if there are fewer, each with the same chance; only keys with an expiry if
    /// `volatile_only`.
    ///
    /// They are neighbours in the tables, so that one search finds all of them. Hashing has put them together by chance;
    /// only keys of one hash tag are always near each other.
    pub fn sample<'a>(
        &'a self,
        rng: &mut Rng,
        count: usize,
        volatile_only: bool,
        visit: impl FnMut(EntryRef<'a>),
    ) {
        let total = self.total.of(volatile_only);
        let mut left = count.min(usize::try_from(total).unwrap_or(usize::MAX));
        let mut found: Vec<EntryRef<'a>> = Vec::with_capacity(left);
        let mut find = |entry: EntryRef<'a>| {
            // Waiting for all of them at once takes as long as for one.
            prefetch(entry.pointer().as_ptr());
            found.push(entry);
        };
        self.walk(rng.below(total), &mut left, volatile_only, &mut find);
        // Behind the last key comes the first.
        self.walk(0, &mut left, volatile_only, &mut find);
        found.into_iter().for_each(visit);
    }

    /// Visit up to `left` keys in the tables' order from the one at `rank` on; `left` is lowered by their number.
    fn walk<'a>(
        &'a self,
        mut rank: u64,
        left: &mut usize,
        volatile_only: bool,
        visit: &mut dyn FnMut(EntryRef<'a>),
    ) {
        let tables = self.tables.chunks(GROUP_SLOTS);
        for (group, tables) in self.groups.iter().zip(tables) {
            if *left == 0 {
                return;
            }
            if rank >= group.of(volatile_only) {
                rank -= group.of(volatile_only);
                continue;
            }
            for table in tables {
                let count = if volatile_only { table.volatile_len() } else { table.len() } as u64;
                if rank < count {
                    table.walk(rank as usize, volatile_only, left, visit);
                    rank = 0;
                } else {
                    rank -= count;
                }
            }
        }
    }

    /// The table of a slot, to be read or for changes that add and remove nothing.
    #[inline]
    pub(super) fn table_mut(&mut self, slot: SlotIndex) -> Option<&mut EntryTable> {
        self.tables.get_mut(slot.index())
    }

    /// Change the table of a slot, and count what that changed.
    #[inline]
    pub(super) fn change_table<R>(
        &mut self,
        slot: SlotIndex,
        change: impl FnOnce(&mut EntryTable) -> R,
    ) -> R {
        if self.tables.is_empty() {
            self.tables = (0..SLOT_COUNT).map(|_| EntryTable::EMPTY).collect();
            self.groups = vec![Counts::default(); GROUP_COUNT];
        }
        let table = &mut self.tables[slot.index()];
        let before = counts(table);
        let result = change(table);
        let after = counts(table);
        self.groups[slot.index() / GROUP_SLOTS].adjust(before, after);
        self.total.adjust(before, after);
        result
    }

    /// The tables, to be freed; the database is empty afterwards.
    pub(super) fn take_tables(&mut self) -> Vec<EntryTable> {
        std::mem::replace(self, Database::new()).tables
    }
}

#[inline]
fn counts(table: &EntryTable) -> Counts {
    Counts { keys: table.len() as u64, volatile: table.volatile_len() as u64 }
}
