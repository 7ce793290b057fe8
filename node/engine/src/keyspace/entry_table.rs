//! A table of entries: the keys of one slot.

use std::ptr::NonNull;

use super::cell::Cell;
use super::draft::EntryDraft;
use super::entry::EntryRef;
use super::hasher::KeyHasher;
use super::owned::{EntryBox, EntryMut};
use super::prefetch::prefetch;
use super::store::Store;
use super::table::Table;
use super::value::{HashedKey, NewExpiry, NewValue};
use crate::evict::AccessClock;

/// The keys of one slot. Owns its entries, but not the allocator they lie in, which is passed in and must always be
/// the same. A table that is dropped without being emptied leaks its entries.
pub(super) struct EntryTable(Table);

impl EntryTable {
    pub const EMPTY: EntryTable = EntryTable(Table::EMPTY);

    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.0.volatile_len()
    }

    /// Bytes of the table without its entries.
    pub fn memory_bytes(&self) -> usize {
        self.0.memory_bytes()
    }

    #[inline]
    fn pointer(&self, key: &HashedKey<'_>) -> Option<NonNull<u8>> {
        self.0.find(key.hash, |cell| has_key(cell, key.bytes)).map(Cell::pointer)
    }

    #[inline]
    pub fn find(&self, key: &HashedKey<'_>) -> Option<EntryRef<'_>> {
        // SAFETY: the cells' entries are alive, and not changed while the table is borrowed.
        self.pointer(key).map(|pointer| unsafe { EntryRef::from_pointer(pointer) })
    }

    #[inline]
    pub fn find_mut(&mut self, key: &HashedKey<'_>) -> Option<EntryMut<'_>> {
        // SAFETY: the cells' entries are alive, and the table is borrowed mutably.
        self.pointer(key).map(|pointer| unsafe { EntryMut::from_pointer(pointer) })
    }

    /// Start to load the cells in which `find` will look.
    #[inline]
    pub fn prefetch_cells(&self, key: &HashedKey<'_>) {
        prefetch(self.0.probe_address(key.hash));
    }

    /// Start to load the entry that `find` will probably return; waits for the cells.
    #[inline]
    pub fn prefetch_entry(&self, key: &HashedKey<'_>) {
        if let Some(cell) = self.0.find(key.hash, |_| true) {
            prefetch(cell.pointer().as_ptr());
        }
    }

    /// Let the entry of `key` become what `change` makes of it; false if there is none.
    #[inline]
    pub fn change(&mut self, key: &HashedKey<'_>, change: impl FnOnce(EntryBox) -> EntryBox) -> bool {
        let matches = |cell| has_key(cell, key.bytes);
        let updated = self.0.update(key.hash, matches, |cell| {
            // SAFETY: the cell's entry is alive, and the cell gets another one or the same again.
            let entry = change(unsafe { EntryBox::from_pointer(cell.pointer()) });
            let volatile = entry.get().header().has_expiry();
            cell.moved_to(entry.into_pointer()).with_volatile(volatile)
        });
        updated.is_some()
    }

    /// Store a value under `key`, new or in the place of what it held; true if the key is new.
    ///
    /// That is an access to a key that was there.
    #[inline]
    pub fn set(
        &mut self,
        store: &mut Store,
        hasher: &KeyHasher,
        key: &HashedKey<'_>,
        value: NewValue<'_>,
        expiry: NewExpiry,
        clock: &mut AccessClock,
    ) -> bool {
        let mut value = Some(value);
        let mut draft = |old: Option<EntryRef<'_>>| {
            let expiry_ms = match expiry {
                NewExpiry::None => None,
                NewExpiry::At(expiry_ms) => Some(expiry_ms),
                NewExpiry::Keep => old.and_then(EntryRef::expiry_ms),
            };
            let value = value.take().expect("a value is stored once");
            let access = old.map_or(clock.initial(), |old| clock.touch(old.access()));
            EntryDraft::new(key.bytes, value, expiry_ms, access)
        };
        let replaced = self.change(key, |old| {
            let draft = draft(Some(old.get()));
            old.overwrite(store, draft)
        });
        if !replaced {
            let entry = EntryBox::build(store, draft(None));
            self.insert(store, hasher, key.hash, entry);
        }
        !replaced
    }

    /// Put an entry into the place of the one with its key, if there is one, or add it.
    pub fn put(&mut self, store: &mut Store, hasher: &KeyHasher, key: &HashedKey<'_>, entry: EntryBox) {
        if let Some(old) = self.remove(store, key) {
            old.dispose(store);
        }
        self.insert(store, hasher, key.hash, entry);
    }

    /// Add an entry, whose key must not be in the table.
    pub fn insert(&mut self, store: &mut Store, hasher: &KeyHasher, hash: u64, entry: EntryBox) {
        let volatile = entry.get().header().has_expiry();
        let cell = Cell::new(hash, entry.into_pointer(), volatile);
        self.0.insert(&mut store.slabs, hash, cell, |cell| hasher.hash(entry_of(&cell).key()));
    }

    /// Take the entry of `key` out.
    pub fn remove(&mut self, store: &mut Store, key: &HashedKey<'_>) -> Option<EntryBox> {
        let cell = self.0.remove(&mut store.slabs, key.hash, |cell| has_key(cell, key.bytes))?;
        // SAFETY: the entry was alive, and its cell is gone.
        Some(unsafe { EntryBox::from_pointer(cell.pointer()) })
    }

    /// Take some entry out.
    pub fn pop(&mut self, store: &mut Store) -> Option<EntryBox> {
        let cell = self.0.pop(&mut store.slabs)?;
        // SAFETY: as in `remove`.
        Some(unsafe { EntryBox::from_pointer(cell.pointer()) })
    }

    /// Free all entries.
    pub fn clear(&mut self, store: &mut Store) {
        while let Some(entry) = self.pop(store) {
            entry.dispose(store);
        }
    }

    /// Visit up to `left` entries in order from the one at `rank` on, only such that expire if `volatile_only`; `left` is
    /// lowered by their number.
    pub fn walk<'a>(
        &'a self,
        rank: usize,
        volatile_only: bool,
        left: &mut usize,
        visit: &mut dyn FnMut(EntryRef<'a>),
    ) {
        // SAFETY: as in `find`.
        let mut visit_cell = |cell: Cell| visit(unsafe { EntryRef::from_pointer(cell.pointer()) });
        if volatile_only {
            self.0.walk_volatile(rank, left, &mut visit_cell);
        } else {
            self.0.walk(rank, left, &mut visit_cell);
        }
    }

    /// See [`Table::scan`]; visits only entries that expire if `volatile_only`.
    pub fn scan<'a>(
        &'a self,
        from: u64,
        budget: &mut usize,
        volatile_only: bool,
        visit: &mut dyn FnMut(EntryRef<'a>),
    ) -> Option<u64> {
        // SAFETY: as in `find`.
        let mut visit_cell = |cell: Cell| visit(unsafe { EntryRef::from_pointer(cell.pointer()) });
        if volatile_only {
            self.0.scan_volatile(from, budget, &mut visit_cell)
        } else {
            self.0.scan(from, budget, &mut visit_cell)
        }
    }
}

/// The entry of a cell of a table that is borrowed as long as `cell` is.
#[inline]
fn entry_of(cell: &Cell) -> EntryRef<'_> {
    // SAFETY: called for cells of this module's tables only, which point to live entries.
    unsafe { EntryRef::from_pointer(cell.pointer()) }
}

#[inline]
fn has_key(cell: Cell, key: &[u8]) -> bool {
    entry_of(&cell).key() == key
}
