//! The entries of a stream.

use std::collections::BTreeMap;

use super::StreamId;
use super::block::Block;
use super::entries::Entries;
use super::radix;

/// Blocks are limited to this also when they are not limited.
const BLOCK_BYTES_MAX: usize = 1 << 30;

/// What the ordered index takes for each block, beside the block: most of its nodes are little more than half full.
const INDEX_BYTES_PER_BLOCK: usize = (size_of::<StreamId>() + size_of::<Block>()) * 5 / 3;

/// When a new block is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockLimits {
    /// Bytes of a block and of what is to be added; 0: no limit.
    pub bytes: usize,
    /// Entries, deleted ones included; 0: no limit.
    pub entries: u64,
}

/// Why an entry can't be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The id is not above all ids that there ever were.
    NotAbove,
    /// The strings are longer than a block can be.
    TooLarge,
}

/// Entries by id, in blocks.
#[derive(Debug, Default)]
pub struct Log {
    /// By the id of the first entry that the block had.
    pub(super) blocks: BTreeMap<StreamId, Block>,
    pub(super) len: u64,
    pub(super) first_id: StreamId,
    /// The highest id that was given out or set.
    pub last_id: StreamId,
    /// The highest id among entries that were deleted one by one.
    pub max_deleted_id: StreamId,
    /// Entries that were ever added.
    pub entries_added: u64,
    /// Bytes allocated for blocks.
    pub(super) block_bytes: usize,
}

impl Log {
    /// Number of entries.
    #[inline]
    pub fn len(&self) -> u64 {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The id of the first entry; 0-0 if there is none.
    pub fn first_id(&self) -> StreamId {
        self.first_id
    }

    /// Number of blocks.
    pub fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// Number of nodes of a radix tree that holds the ids of all blocks, as XINFO STREAM tells it. Looks at each block's
    /// id.
    pub fn radix_node_count(&self) -> usize {
        radix::node_count(self.blocks.keys().map(|id| radix::key(*id)))
    }

    /// Bytes of memory that entries and index take.
    pub fn memory_bytes(&self) -> usize {
        self.block_bytes + self.blocks.len() * INDEX_BYTES_PER_BLOCK
    }

    /// Add an entry. `words` are names and values by turns.
    ///
    /// # Errors
    /// See [`AppendError`]; nothing has changed then.
    #[inline]
    pub fn append<'w>(
        &mut self,
        id: StreamId,
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
        limits: BlockLimits,
    ) -> Result<(), AppendError> {
        if id <= self.last_id {
            return Err(AppendError::NotAbove);
        }
        let bytes: usize = words.clone().map(<[u8]>::len).sum();
        if bytes > BLOCK_BYTES_MAX {
            return Err(AppendError::TooLarge);
        }
        match self.blocks.last_entry() {
            Some(mut last) if has_room(last.get(), bytes, limits) => {
                let own_id = *last.key();
                let block = last.get_mut();
                let before = block.allocated_bytes();
                block.append(own_id, id, words);
                self.block_bytes += block.allocated_bytes() - before;
            }
            last => {
                if let Some(mut last) = last {
                    self.block_bytes -= last.get().allocated_bytes();
                    last.get_mut().seal();
                    self.block_bytes += last.get().allocated_bytes();
                }
                let mut block = Block::new(words.clone().step_by(2));
                block.append(id, id, words);
                self.block_bytes += block.allocated_bytes();
                self.blocks.insert(id, block);
            }
        }
        if self.len == 0 {
            self.first_id = id;
        }
        self.len += 1;
        self.entries_added += 1;
        self.last_id = id;
        Ok(())
    }

    /// The entries from `start` to `end`, both included, from the first on.
    #[inline]
    pub fn range(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        Entries::forward(self, start, end)
    }

    /// The same from the last on.
    #[inline]
    pub fn range_backward(&self, start: StreamId, end: StreamId) -> Entries<'_> {
        Entries::backward(self, start, end)
    }

    /// Whether there is an entry with this id.
    pub fn contains(&self, id: StreamId) -> bool {
        self.range(id, id).next().is_some()
    }

    /// Delete an entry; false if there is none with this id.
    pub fn delete(&mut self, id: StreamId) -> bool {
        let Some(at) = self.range(id, id).next_position() else { return false };
        let (own_id, block) = self.blocks.range_mut(..=id).next_back().expect("the entry was found in it");
        if block.live() > 1 {
            let before = block.allocated_bytes();
            block.delete(at);
            self.block_bytes = self.block_bytes + block.allocated_bytes() - before;
        } else {
            let own_id = *own_id;
            self.remove_block(own_id);
        }
        self.len -= 1;
        self.max_deleted_id = self.max_deleted_id.max(id);
        if id == self.first_id {
            self.find_first_id();
        }
        true
    }

    /// Whether entries may be missing between `start` and `end`, both included, because they were deleted one by one.
    pub fn may_have_gaps(&self, start: StreamId, end: StreamId) -> bool {
        self.len > 0 && self.max_deleted_id != StreamId::MIN && (start..=end).contains(&self.max_deleted_id)
    }

    pub(super) fn remove_block(&mut self, own_id: StreamId) {
        if let Some(block) = self.blocks.remove(&own_id) {
            self.block_bytes -= block.allocated_bytes();
        }
    }

    pub(super) fn find_first_id(&mut self) {
        self.first_id =
            self.range(StreamId::MIN, StreamId::MAX).next().map_or(StreamId::MIN, |entry| entry.id);
    }
}

impl Clone for Log {
    fn clone(&self) -> Self {
        let blocks = self.blocks.clone();
        // A copied block has no room to spare, other than its original.
        let block_bytes = blocks.values().map(Block::allocated_bytes).sum();
        Self { blocks, block_bytes, ..*self }
    }
}

/// Whether an entry with this many bytes of strings goes into the last block.
#[inline]
fn has_room(block: &Block, bytes: usize, limits: BlockLimits) -> bool {
    let bytes_max = match limits.bytes {
        0 => BLOCK_BYTES_MAX,
        limit => limit.min(BLOCK_BYTES_MAX),
    };
    block.bytes().len() + bytes < bytes_max && (limits.entries == 0 || block.total() < limits.entries)
}
