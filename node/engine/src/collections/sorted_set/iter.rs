//! Walking over a sorted set by rank.

use super::index::Index;
use super::leaf::Entry;
use super::record::ScoredMember;
use crate::keyspace::prefetch;

/// How many records ahead are loaded: each of them may be a cache miss.
const PREFETCHED: usize = 8;

/// Which way to walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To higher scores.
    Up,
    /// To lower scores.
    Down,
}

/// Iterator over the members of an index from a rank on.
pub struct IndexIter<'a> {
    index: &'a Index,
    /// What is left of the present leaf.
    rest: &'a [Entry],
    direction: Direction,
    /// The rank to go on from in another leaf; `None` at the end.
    next_rank: Option<usize>,
}

impl<'a> IndexIter<'a> {
    /// Members from `rank` on, itself included.
    pub fn new(index: &'a Index, rank: usize, direction: Direction) -> Self {
        Self { index, rest: &[], direction, next_rank: Some(rank) }
    }

    fn enter_leaf(&mut self) -> Option<()> {
        let rank = self.next_rank.take()?;
        let (entries, index) = self.index.leaf_at(rank)?;
        match self.direction {
            Direction::Up => {
                self.rest = &entries[index..];
                self.next_rank = Some(rank + self.rest.len());
                self.rest.iter().take(PREFETCHED).for_each(|entry| prefetch(entry.record().as_ptr()));
            }
            Direction::Down => {
                self.rest = &entries[..=index];
                self.next_rank = (rank + 1).checked_sub(self.rest.len() + 1);
                self.rest.iter().rev().take(PREFETCHED).for_each(|entry| prefetch(entry.record().as_ptr()));
            }
        }
        Some(())
    }
}

impl<'a> Iterator for IndexIter<'a> {
    type Item = ScoredMember<'a>;

    #[inline]
    fn next(&mut self) -> Option<ScoredMember<'a>> {
        if self.rest.is_empty() {
            self.enter_leaf()?;
        }
        let (entry, rest, ahead) = match self.direction {
            Direction::Up => {
                let (entry, rest) = self.rest.split_first()?;
                (entry, rest, rest.get(PREFETCHED - 1))
            }
            Direction::Down => {
                let (entry, rest) = self.rest.split_last()?;
                (entry, rest, rest.len().checked_sub(PREFETCHED).map(|index| &rest[index]))
            }
        };
        self.rest = rest;
        if let Some(ahead) = ahead {
            prefetch(ahead.record().as_ptr());
        }
        // SAFETY: the index's records are alive, and not changed while it is borrowed.
        Some(unsafe { entry.read() })
    }
}
