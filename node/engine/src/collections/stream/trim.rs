//! Removing entries from a stream's beginning.

use std::collections::BTreeMap;

use super::StreamId;
use super::block::Block;
use super::log::Log;

/// Up to so many blocks are freed at once; more are split off, to be freed in slices.
const FREED_AT_ONCE_MAX: usize = 32;

/// Which entries are to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// All but so many.
    Length(u64),
    /// Those with ids below this one.
    Id(StreamId),
}

/// How a stream is to be trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    pub bound: Bound,
    /// Only whole blocks are removed, so more than asked for may stay.
    pub approximate: bool,
    /// No block is removed with which this number of removed entries would be passed.
    pub limit: Option<u64>,
}

/// What trimming did.
#[derive(Debug, Default)]
pub struct Trimmed {
    /// Entries that were removed.
    pub removed: u64,
    /// Many blocks that are still to be freed.
    pub remains: Option<Log>,
}

impl Log {
    /// Remove entries from the beginning.
    ///
    /// Costs a look at the index for each block removed, and a look into one block.
    pub fn trim(&mut self, trim: &Trim) -> Trimmed {
        let (whole_blocks, mut removed, first_kept) = self.count_whole_blocks(trim);
        let remains = self.remove_first_blocks(whole_blocks, removed, first_kept);
        self.len -= removed;
        if !trim.approximate && !self.is_kept(trim.bound) {
            removed += self.trim_first_block(trim.bound);
        }
        if removed > 0 {
            self.find_first_id();
        }
        Trimmed { removed, remains }
    }

    fn is_kept(&self, bound: Bound) -> bool {
        matches!(bound, Bound::Length(length) if self.len <= length)
    }

    /// How many blocks from the first on are to be removed whole, how many entries they have, and the id of the block
    /// behind them.
    fn count_whole_blocks(&self, trim: &Trim) -> (usize, u64, Option<StreamId>) {
        let (mut blocks, mut removed) = (0, 0);
        let mut rest = self.blocks.iter().peekable();
        while let Some((own_id, block)) = rest.next() {
            let len = self.len - removed;
            let within_limit = trim.limit.is_none_or(|limit| removed + block.live() <= limit);
            let goes = match trim.bound {
                Bound::Length(length) => len > length && len - block.live() >= length,
                // The next block's first id says enough, and is at hand.
                Bound::Id(id) => match rest.peek() {
                    Some((next_id, _)) if **next_id <= id => true,
                    _ => *own_id < id && block.last_id(*own_id) < id,
                },
            };
            if !(within_limit && goes) {
                return (blocks, removed, Some(*own_id));
            }
            blocks += 1;
            removed += block.live();
        }
        (blocks, removed, None)
    }

    /// Take the first `count` blocks, with `len` entries, out; `next` is the id of the one behind them. Returns them if
    /// they are many.
    fn remove_first_blocks(&mut self, count: usize, len: u64, next: Option<StreamId>) -> Option<Log> {
        if count <= FREED_AT_ONCE_MAX {
            for _ in 0..count {
                if let Some((_, block)) = self.blocks.pop_first() {
                    self.block_bytes -= block.allocated_bytes();
                }
            }
            return None;
        }
        let kept = next.map_or_else(BTreeMap::new, |next| self.blocks.split_off(&next));
        let blocks = std::mem::replace(&mut self.blocks, kept);
        // What the removed blocks took is not known; what is kept is counted if that is less work.
        let block_bytes = self.split_bytes(&blocks);
        Some(Log { blocks, len, block_bytes, ..Log::default() })
    }

    /// Take the bytes of blocks that were split off from the sum; returns them.
    fn split_bytes(&mut self, removed: &BTreeMap<StreamId, Block>) -> usize {
        let sum = |blocks: &BTreeMap<StreamId, Block>| blocks.values().map(Block::allocated_bytes).sum();
        let bytes = if removed.len() <= self.blocks.len() {
            sum(removed)
        } else {
            let kept: usize = sum(&self.blocks);
            self.block_bytes - kept
        };
        self.block_bytes -= bytes;
        bytes
    }

    /// Delete entries in the first block, of which some are to stay; returns how many.
    fn trim_first_block(&mut self, bound: Bound) -> u64 {
        let len = self.len;
        let Some(mut first) = self.blocks.first_entry() else { return 0 };
        let own_id = *first.key();
        let block = first.get_mut();
        let before = block.allocated_bytes();
        let removed = block.delete_first(own_id, |id, deleted| match bound {
            Bound::Length(length) => len - deleted <= length,
            Bound::Id(bound) => id >= bound,
        });
        self.block_bytes = self.block_bytes + block.allocated_bytes() - before;
        self.len -= removed;
        removed
    }

    /// Free up to `budget` entries, or blocks; true when none are left. The log is of no use afterwards.
    pub(super) fn free_step(&mut self, budget: &mut usize) -> bool {
        while *budget > 0 {
            let Some((_, block)) = self.blocks.pop_first() else { return true };
            self.block_bytes -= block.allocated_bytes();
            self.len -= block.live();
            *budget = budget.saturating_sub(block.total() as usize);
        }
        self.blocks.is_empty()
    }
}
