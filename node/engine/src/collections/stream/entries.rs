//! Walking over entries, in both directions.

use std::collections::btree_map::Range;

use super::StreamId;
use super::block::{Block, Head, RawEntry};
use super::fields::Fields;
use super::listpack;
use super::log::Log;

/// An entry.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    pub id: StreamId,
    pub fields: Fields<'a>,
}

/// The entries of a range of ids, without the deleted ones.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    /// The blocks that were not reached yet.
    blocks: Range<'a, StreamId, Block>,
    start: StreamId,
    end: StreamId,
    backward: bool,
    /// The block's own id, its bytes and head, and where in it the next entry starts (backward: where it ends).
    block: Option<(StreamId, &'a [u8], Head)>,
    at: usize,
    /// Backward: where the block's first entry is.
    first: usize,
}

impl<'a> Entries<'a> {
    #[inline]
    pub(super) fn forward(log: &'a Log, start: StreamId, end: StreamId) -> Self {
        Self::new(log, start, end, false)
    }

    #[inline]
    pub(super) fn backward(log: &'a Log, start: StreamId, end: StreamId) -> Self {
        Self::new(log, start, end, true)
    }

    #[inline]
    fn new(log: &'a Log, start: StreamId, end: StreamId, backward: bool) -> Self {
        // An empty range is one that ends before it starts; the map does not take such.
        let (from, to) = if start <= end { (start, end) } else { (StreamId::MAX, StreamId::MAX) };
        // The block that `start` would be in has an id up to it.
        let from = log.blocks.range(..=from).next_back().map_or(from, |(own_id, _)| *own_id);
        let blocks = log.blocks.range(from..=to);
        Self { blocks, start, end, backward, block: None, at: 0, first: 0 }
    }

    /// The next entry in its block, and the block.
    #[inline]
    fn next_raw(&mut self) -> Option<(RawEntry, &'a [u8], Head)> {
        loop {
            let (own_id, pack, head) = match self.block {
                Some(block) => block,
                None => self.next_block()?,
            };
            let Some(entry) = self.step(own_id, pack, head) else {
                self.block = None;
                continue;
            };
            let (before, behind) = (entry.id < self.start, entry.id > self.end);
            if if self.backward { before } else { behind } {
                self.finish();
                return None;
            }
            if !(before || behind || entry.is_deleted()) {
                return Some((entry, pack, head));
            }
        }
    }

    fn next_block(&mut self) -> Option<(StreamId, &'a [u8], Head)> {
        let (own_id, block) = if self.backward { self.blocks.next_back() } else { self.blocks.next() }?;
        let (pack, head) = (block.bytes(), block.head());
        self.first = head.entries(pack);
        self.at = if self.backward { listpack::end(pack) } else { self.first };
        self.block = Some((*own_id, pack, head));
        self.block
    }

    /// One entry on in the block, deleted or not; `None` at its end.
    #[inline]
    fn step(&mut self, own_id: StreamId, pack: &'a [u8], head: Head) -> Option<RawEntry> {
        if !self.backward {
            let entry = RawEntry::read(pack, own_id, head, self.at)?;
            self.at = entry.end;
            return Some(entry);
        }
        if self.at == self.first {
            return None;
        }
        self.at = RawEntry::start_before(pack, self.at);
        RawEntry::read(pack, own_id, head, self.at)
    }

    /// Let there be no more entries.
    fn finish(&mut self) {
        self.block = None;
        self.blocks = Range::default();
    }

    /// Where in its block the next entry is.
    pub(super) fn next_position(&mut self) -> Option<usize> {
        self.next_raw().map(|(entry, ..)| entry.start)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        let (entry, pack, head) = self.next_raw()?;
        Some(Entry { id: entry.id, fields: entry.fields(pack, head) })
    }
}
