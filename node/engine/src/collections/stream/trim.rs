//! Removing entries from a stream's beginning.

use std::collections::BTreeMap;

use super::StreamId;
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

/// The whole blocks that are to be removed.
#[derive(Clone, Copy, Debug, Default)]
struct Cut {
    blocks: usize,
    /// Entries, and bytes allocated, of all these blocks.
    len: u64,
    bytes: usize,
    /// The id of the block behind them.
    next: Option<StreamId>,
}

impl Log {
    /// Remove entries from the beginning.
    ///
    /// Costs a look at the index for each block removed, or for each that stays if these are fewer, and a look into one
    /// block.
    pub fn trim(&mut self, trim: &Trim) -> Trimmed {
        let cut = match *trim {
            Trim { bound: Bound::Length(length), limit: None, .. } if length < self.len / 2 => {
                self.cut_from_the_end(length)
            }
            _ => self.cut_from_the_beginning(trim),
        };
        let remains = self.remove_first_blocks(cut);
        let mut removed = cut.len;
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

    /// Find the whole blocks that are to be removed.
    fn cut_from_the_beginning(&self, trim: &Trim) -> Cut {
        let mut cut = Cut::default();
        let mut rest = self.blocks.iter().peekable();
        while let Some((own_id, block)) = rest.next() {
            let len = self.len - cut.len;
            let within_limit = trim.limit.is_none_or(|limit| cut.len + block.live() <= limit);
            let goes = match trim.bound {
                Bound::Length(length) => len > length && len - block.live() >= length,
                // The next block's first id says enough, and is at hand.
                Bound::Id(id) => match rest.peek() {
                    Some((next_id, _)) if **next_id <= id => true,
                    _ => *own_id < id && block.last_id(*own_id) < id,
                },
            };
            if !(within_limit && goes) {
                cut.next = Some(*own_id);
                return cut;
            }
            cut.blocks += 1;
            cut.len += block.live();
            cut.bytes += block.allocated_bytes();
        }
        cut
    }

    /// The same for trimming to a length without a limit, by a look at the blocks that stay.
    fn cut_from_the_end(&self, length: u64) -> Cut {
        let whole = Cut { blocks: self.blocks.len(), len: self.len, bytes: self.block_bytes, next: None };
        let (mut kept, mut cut) = (0, whole);
        for (own_id, block) in self.blocks.iter().rev() {
            if kept >= length && kept + block.live() > length {
                break;
            }
            kept += block.live();
            cut.blocks -= 1;
            cut.len -= block.live();
            cut.bytes -= block.allocated_bytes();
            cut.next = Some(*own_id);
        }
        cut
    }

    /// Take the first blocks out; returns them if they are many.
    fn remove_first_blocks(&mut self, cut: Cut) -> Option<Log> {
        let Cut { blocks, len, bytes, next } = cut;
        self.len -= len;
        self.block_bytes -= bytes;
        if blocks <= FREED_AT_ONCE_MAX {
            for _ in 0..blocks {
                self.blocks.pop_first();
            }
            return None;
        }
        let kept = next.map_or_else(BTreeMap::new, |next| self.blocks.split_off(&next));
        let blocks = std::mem::replace(&mut self.blocks, kept);
        Some(Log { blocks, len, block_bytes: bytes, ..Log::default() })
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
