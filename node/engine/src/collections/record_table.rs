//! A hash table of records in slabs: the fields of a large hash, the members of a large set or sorted set.

use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::clock::Rng;
use crate::keyspace::table::Table;
use crate::keyspace::{Cell, KeyHasher, prefetch};
use crate::memory::SlabAllocator;

/// How records of one kind lie in memory.
///
/// # Safety
/// For every view, `write` fills no more than the `size` bytes it is given, and `read` of a cell with that record,
/// volatile exactly if `is_volatile` says so, gives an equal view, whose `key` and `size` are the same.
pub unsafe trait Record {
    /// A record as its users see it, borrowed from where it lies, or from elsewhere when it is to be written.
    type View<'a>: Copy;

    /// The record of a cell.
    ///
    /// # Safety
    /// The cell points to a live record of this kind, which stays as it is during `'a`.
    unsafe fn read<'a>(cell: Cell) -> Self::View<'a>;

    /// What the record is found by.
    fn key<'r>(view: &'r Self::View<'_>) -> &'r [u8];

    /// Bytes of the record, at least one.
    fn size(view: Self::View<'_>) -> usize;

    /// Whether the table counts the record among the volatile ones.
    fn is_volatile(_view: Self::View<'_>) -> bool {
        false
    }

    /// Write the record.
    ///
    /// # Safety
    /// `block` is aligned to eight bytes and has room for `size(view)`; nothing of the view lies in it.
    unsafe fn write(view: Self::View<'_>, block: NonNull<u8>);
}

/// Records found by their keys, each in a block of its own.
///
/// It owns its records, but not the allocator they lie in, which is passed in and must always be the same. A table
/// that is dropped before [`free_step`](Self::free_step) has emptied it leaks them. Changes cost the same however large
/// the table is.
pub struct RecordTable<R> {
    table: Table,
    hasher: KeyHasher,
    /// Bytes of the records' blocks.
    record_bytes: usize,
    records: PhantomData<R>,
}

// SAFETY: the pointers in the table lead to records that belong to it alone.
unsafe impl<R> Send for RecordTable<R> {}

impl<R: Record> RecordTable<R> {
    /// An empty table.
    pub fn new(hasher: &KeyHasher) -> Self {
        Self { table: Table::EMPTY, hasher: hasher.clone(), record_bytes: 0, records: PhantomData }
    }

    /// Number of records.
    #[inline]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no records.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of volatile records.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.table.volatile_len()
    }

    /// Bytes of memory in use, records and all. Takes some 100 us for 10 M records.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.table.memory_bytes() + self.record_bytes
    }

    /// The hash function, for a table that is to hold some of the same records.
    pub fn hasher(&self) -> &KeyHasher {
        &self.hasher
    }

    /// The record of a key.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<R::View<'_>> {
        self.find_cell(key).map(|cell| self.view(cell))
    }

    /// The cell of a key, for those who keep pointers to records. A record stays where it is until it is put again or
    /// removed.
    #[inline]
    pub fn find_cell(&self, key: &[u8]) -> Option<Cell> {
        self.table.find(self.hasher.hash(key), has_key::<R>(key))
    }

    /// Whether there is a record of a key.
    #[inline]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.find_cell(key).is_some()
    }

    /// Add a record, whose key must not be in the table; returns its cell.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, new: R::View<'_>) -> Cell {
        self.insert_hashed(slabs, self.hasher.hash(R::key(&new)), new)
    }

    /// Add a record, or put it into the place of the one with its key; true if it is new.
    #[inline]
    pub fn put(&mut self, slabs: &mut SlabAllocator, new: R::View<'_>) -> bool {
        let hash = self.hasher.hash(R::key(&new));
        let record_bytes = &mut self.record_bytes;
        let replaced = self.table.update(hash, has_key::<R>(R::key(&new)), |cell| {
            // SAFETY: the table's cells point to live records; the view ends before the record is overwritten.
            let old_size = R::size(unsafe { R::read(cell) });
            let (old_bytes, new_bytes) =
                (SlabAllocator::usable_bytes(old_size), SlabAllocator::usable_bytes(R::size(new)));
            let volatile = R::is_volatile(new);
            if old_bytes == new_bytes {
                // SAFETY: the block has the size that the new record needs; what is written came from outside, as the
                // table is borrowed mutably.
                unsafe { R::write(new, cell.pointer()) };
                return cell.with_volatile(volatile);
            }
            *record_bytes = *record_bytes - old_bytes + new_bytes;
            let block = write_record::<R>(slabs, new);
            // SAFETY: the block was allocated for a record of this size, and the cell forgets it.
            unsafe { slabs.free(cell.pointer(), old_size) };
            cell.moved_to(block).with_volatile(volatile)
        });
        if replaced.is_none() {
            self.insert_hashed(slabs, hash, new);
        }
        replaced.is_none()
    }

    /// Replace the record of a key by what `change`, which leaves the key alone, makes of it; false if there is none.
    pub fn change(
        &mut self,
        slabs: &mut SlabAllocator,
        key: &[u8],
        change: impl FnOnce(&mut R::View<'_>),
    ) -> bool {
        let record_bytes = &mut self.record_bytes;
        let changed = self.table.update(self.hasher.hash(key), has_key::<R>(key), |cell| {
            // SAFETY: the table's cells point to live records; both views end before the old record is freed.
            let old = unsafe { R::read(cell) };
            let old_size = R::size(old);
            let mut new = old;
            change(&mut new);
            debug_assert!(R::key(&new) == key);
            *record_bytes += SlabAllocator::usable_bytes(R::size(new));
            *record_bytes -= SlabAllocator::usable_bytes(old_size);
            let volatile = R::is_volatile(new);
            let block = write_record::<R>(slabs, new);
            // SAFETY: the block was allocated for a record of this size, and the cell forgets it.
            unsafe { slabs.free(cell.pointer(), old_size) };
            cell.moved_to(block).with_volatile(volatile)
        });
        changed.is_some()
    }

    /// Add a record unless there is one with its key; true if it is new.
    #[inline]
    pub fn insert_if_missing(&mut self, slabs: &mut SlabAllocator, new: R::View<'_>) -> bool {
        let hash = self.hasher.hash(R::key(&new));
        let missing = self.table.find(hash, has_key::<R>(R::key(&new))).is_none();
        if missing {
            self.insert_hashed(slabs, hash, new);
        }
        missing
    }

    fn insert_hashed(&mut self, slabs: &mut SlabAllocator, hash: u64, new: R::View<'_>) -> Cell {
        let block = write_record::<R>(slabs, new);
        self.record_bytes += SlabAllocator::usable_bytes(R::size(new));
        let cell = Cell::new(hash, block, R::is_volatile(new));
        let hasher = &self.hasher;
        // SAFETY: the cells that the table shows are its own, of live records.
        self.table.insert(slabs, hash, cell, |cell| hasher.hash(R::key(&unsafe { R::read(cell) })));
        cell
    }

    /// Remove the record of a key; false if there is none.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, key: &[u8]) -> bool {
        self.remove_with(slabs, key, |_| ()).is_some()
    }

    /// Remove the record of a key after showing it to `last_look`; `None` if there is none.
    pub fn remove_with<T>(
        &mut self,
        slabs: &mut SlabAllocator,
        key: &[u8],
        last_look: impl FnOnce(R::View<'_>) -> T,
    ) -> Option<T> {
        let cell = self.table.remove(slabs, self.hasher.hash(key), has_key::<R>(key))?;
        // SAFETY: the record is alive until the next line.
        let answer = last_look(unsafe { R::read(cell) });
        self.free_record(slabs, cell);
        Some(answer)
    }

    /// Remove some record after showing it to `last_look`; `None` if there is none.
    pub fn pop_with<T>(
        &mut self,
        slabs: &mut SlabAllocator,
        last_look: impl FnOnce(R::View<'_>) -> T,
    ) -> Option<T> {
        let cell = self.table.pop(slabs)?;
        // SAFETY: the record is alive until the next line.
        let answer = last_look(unsafe { R::read(cell) });
        self.free_record(slabs, cell);
        Some(answer)
    }

    /// Free up to `budget` records; true when none is left. What is left may be used on.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        for _ in 0..budget {
            let Some(cell) = self.table.pop(slabs) else { break };
            self.free_record(slabs, cell);
        }
        self.is_empty()
    }

    /// A copy with records of its own.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Self {
        let mut copy = Self::new(&self.hasher);
        for record in self.iter() {
            copy.insert(slabs, record);
        }
        copy
    }

    /// All records, in no particular order.
    pub fn iter(&self) -> Records<'_, R> {
        Records { table: self, next: Some(0), batch: Vec::new().into_iter() }
    }

    /// The record at `rank` of the table's order, `rank < len()`: each is as likely as the next if `rank` is random.
    pub fn nth(&self, rank: usize) -> Option<R::View<'_>> {
        self.table.nth(rank).map(|cell| self.view(cell))
    }

    /// A record, each with the same chance; `None` if there is none.
    pub fn random(&self, rng: &mut Rng) -> Option<R::View<'_>> {
        self.nth(rng.below(self.len() as u64) as usize)
    }

    /// One step of SCAN: visits about `count` records from `cursor` on and returns the next cursor, 0 at the end.
    ///
    /// A record that is there from a scan's first step to its last is visited at least once, whatever happens to others
    /// meanwhile. Any number is a valid cursor.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, mut visit: impl FnMut(R::View<'a>)) -> u64 {
        self.table.scan(cursor, &mut count.max(1), &mut |cell| visit(self.view(cell))).unwrap_or(0)
    }

    /// As [`scan`](Self::scan), of volatile records only.
    pub fn scan_volatile<'a>(&'a self, cursor: u64, count: usize, mut visit: impl FnMut(R::View<'a>)) -> u64 {
        self.table.scan_volatile(cursor, &mut count.max(1), &mut |cell| visit(self.view(cell))).unwrap_or(0)
    }

    #[inline]
    fn view(&self, cell: Cell) -> R::View<'_> {
        // SAFETY: the cells of the table are of live records, which stay as they are while it is borrowed.
        unsafe { R::read(cell) }
    }

    fn free_record(&mut self, slabs: &mut SlabAllocator, cell: Cell) {
        // SAFETY: the table has just given the cell up, and its record is alive.
        let size = R::size(unsafe { R::read(cell) });
        self.record_bytes -= SlabAllocator::usable_bytes(size);
        // SAFETY: the block was allocated for a record of this size class, and nothing points to it any more.
        unsafe { slabs.free(cell.pointer(), size) };
    }
}

/// Whether a cell's record has this key.
#[inline]
fn has_key<R: Record>(key: &[u8]) -> impl FnMut(Cell) -> bool {
    // SAFETY: used on tables of this module, whose cells point to live records.
    move |cell| R::key(&unsafe { R::read(cell) }) == key
}

fn write_record<R: Record>(slabs: &mut SlabAllocator, new: R::View<'_>) -> NonNull<u8> {
    let block = slabs.allocate(R::size(new));
    // SAFETY: the block is new and large enough.
    unsafe { R::write(new, block) };
    block
}

/// Records whose cache misses an iterator waits for together.
const BATCH_RECORDS: usize = 32;

/// Iterator over the records of a table.
pub struct Records<'a, R> {
    table: &'a RecordTable<R>,
    /// Where the next batch begins.
    next: Option<u64>,
    batch: std::vec::IntoIter<Cell>,
}

impl<'a, R: Record> Iterator for Records<'a, R> {
    type Item = R::View<'a>;

    #[inline]
    fn next(&mut self) -> Option<R::View<'a>> {
        loop {
            if let Some(cell) = self.batch.next() {
                return Some(self.table.view(cell));
            }
            let mut cells = Vec::with_capacity(BATCH_RECORDS);
            self.next = self.table.table.scan(self.next?, &mut { BATCH_RECORDS }, &mut |cell: Cell| {
                prefetch(cell.pointer().as_ptr());
                cells.push(cell);
            });
            self.batch = cells.into_iter();
        }
    }
}
