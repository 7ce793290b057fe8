//! Sorted sets: members with scores, found by member in a table of records and by rank or score in an index over them.
//!
//! A sorted set of up to [`PACKED_BYTES_MAX`](super::PACKED_BYTES_MAX) lies in its key's entry instead: see [`packed`].

mod index;
mod inner;
mod iter;
mod leaf;
pub mod packed;
mod place;
mod record;

pub use iter::{Direction, IndexIter};
pub use place::Place;
pub use record::{ScoredMember, ScoredRecord};

use index::Index;

use super::{Record, RecordTable};
use crate::keyspace::KeyHasher;
use crate::memory::SlabAllocator;

/// A sorted set that does not lie in its key's entry. Dropping it leaks its records: see [`SortedSet::free_step`].
pub struct SortedSet {
    table: RecordTable<ScoredRecord>,
    index: Index,
    /// Whether it says "skiplist"; otherwise "listpack".
    pub skiplist: bool,
}

impl SortedSet {
    /// An empty set.
    pub fn new(hasher: &KeyHasher, skiplist: bool) -> Self {
        Self { table: RecordTable::new(hasher), index: Index::EMPTY, skiplist }
    }

    /// Number of members.
    #[inline]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory it takes.
    pub fn memory_bytes(&self) -> usize {
        let beside = size_of::<Self>() - size_of_val(&self.table);
        beside + self.index.memory_bytes() + self.table.memory_bytes()
    }

    /// The score of a member.
    #[inline]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.table.find(member).map(|record| record.score)
    }

    /// Let a member have the score that `decide`, told the present one, says; `None` leaves things as they are.
    #[inline]
    pub fn update(
        &mut self,
        slabs: &mut SlabAllocator,
        member: &[u8],
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) {
        let Some(cell) = self.table.find_cell(member) else {
            if let Some(score) = decide(None) {
                self.insert(slabs, ScoredMember { score, member });
            }
            return;
        };
        // SAFETY: the table's cells are of live records.
        let old = unsafe { ScoredRecord::read(cell) }.score;
        if let Some(score) = decide(Some(old))
            && (score != old || score.is_sign_negative() != old.is_sign_negative())
        {
            // SAFETY: every record of the table is in the index, and `self` is borrowed mutably.
            unsafe { self.index.set_score(slabs, cell.pointer(), score) };
        }
    }

    /// Add a member that is not in the set.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, new: ScoredMember<'_>) {
        let cell = self.table.insert(slabs, new);
        // SAFETY: the record is new; it is taken out of the index before it is freed or changed.
        unsafe { self.index.insert(slabs, cell.pointer()) };
    }

    /// Remove a member; returns its score.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, member: &[u8]) -> Option<f64> {
        let record = self.table.find(member)?;
        let (score, rank) = (record.score, self.index.rank(&Place::At(record)));
        self.index.remove(slabs, rank);
        self.table.remove(slabs, member);
        Some(score)
    }

    /// Remove `count` members from `rank` on, after showing each to `visit`; from the highest rank down if so told.
    pub fn remove_range(
        &mut self,
        slabs: &mut SlabAllocator,
        rank: usize,
        count: usize,
        direction: Direction,
        mut visit: impl FnMut(ScoredMember<'_>),
    ) {
        let mut member = Vec::new();
        for step in 0..count {
            let next = if direction == Direction::Up { rank } else { rank + count - 1 - step };
            let Some(record) = self.index.nth(next) else { return };
            visit(record);
            // The record is freed while its member is looked up.
            member.clear();
            member.extend_from_slice(record.member);
            self.index.remove(slabs, next);
            self.table.remove(slabs, &member);
        }
    }

    /// Number of members before a place.
    pub fn rank(&self, place: &Place<'_>) -> usize {
        self.index.rank(place)
    }

    /// The members from `rank` on.
    pub fn iter(&self, rank: usize, direction: Direction) -> IndexIter<'_> {
        IndexIter::new(&self.index, rank, direction)
    }

    /// The member of a rank.
    pub fn nth(&self, rank: usize) -> Option<ScoredMember<'_>> {
        self.index.nth(rank)
    }

    /// One step of ZSCAN: see [`RecordTable::scan`].
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, visit: impl FnMut(ScoredMember<'a>)) -> u64 {
        self.table.scan(cursor, count, visit)
    }

    /// All members, in no particular order.
    pub fn members(&self) -> impl Iterator<Item = ScoredMember<'_>> {
        self.table.iter()
    }

    /// A copy that shares nothing with it.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Self {
        let mut copy = Self::new(self.table.hasher(), self.skiplist);
        self.iter(0, Direction::Up).for_each(|member| copy.insert(slabs, member));
        copy
    }

    /// Free up to `budget` members; true when none is left. It is of no use afterwards.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        // The index does not look at the records that it no longer has.
        self.table.free_step(slabs, budget) & self.index.free_step(slabs, budget)
    }
}

impl std::fmt::Debug for SortedSet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SortedSet {{ {} members }}", self.len())
    }
}
