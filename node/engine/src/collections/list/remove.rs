//! Taking elements out of a list.

use super::directory::{Directory, Position};
use super::element::Encoded;
use super::{End, List};
use crate::memory::SlabAllocator;

impl List {
    /// Remove `count` elements from `start` on; both lie within the list.
    ///
    /// Returns the nodes of which nothing is left, as a list that is to be freed: for ten million elements that takes
    /// longer than a command should.
    pub fn remove_range(&mut self, slabs: &mut SlabAllocator, start: usize, count: usize) -> List {
        let mut taken = Directory::default();
        if count > 0 {
            let end = start + count;
            let (first, first_index) = self.nodes.find(start);
            let in_first = (self.nodes.node(first).count() - first_index).min(count);
            if in_first == count {
                self.remove_in_node(slabs, first, first_index, count);
            } else {
                // From the back to the front, so that the positions stay valid.
                let behind = (end < self.len()).then(|| self.nodes.find(end));
                if let Some((last, last_index)) = behind
                    && last_index > 0
                {
                    self.nodes.change(last, |node| node.remove(slabs, 0, last_index));
                }
                let from = if first_index == 0 {
                    Some(first)
                } else {
                    self.nodes.change(first, |node| node.remove(slabs, first_index, in_first));
                    self.nodes.after(first)
                };
                if let Some(from) = from {
                    taken = self.nodes.take_between(from, behind.map(|(last, _)| last));
                }
            }
        }
        List { nodes: taken, ..*self }
    }

    fn remove_in_node(&mut self, slabs: &mut SlabAllocator, at: Position, index: usize, count: usize) {
        if count < self.nodes.node(at).count() {
            self.nodes.change(at, |node| node.remove(slabs, index, count));
        } else if let Some(node) = self.nodes.remove(at) {
            node.free(slabs);
        }
    }

    /// Remove the elements with a value, `limit` of them at most, those nearest to end `from`; returns how many.
    pub fn remove_equal(
        &mut self,
        slabs: &mut SlabAllocator,
        value: &[u8],
        from: End,
        limit: usize,
    ) -> usize {
        let value = Encoded::new(value);
        let mut left = limit;
        let mut next = self.end(from);
        while let Some(at) = next
            && left > 0
        {
            let equal = self.nodes.node(at).count_equal(&value);
            let removed = equal.min(left);
            let skip = if from == End::Left { 0 } else { equal - removed };
            left -= removed;
            next = match from {
                End::Left => self.nodes.after(at),
                End::Right => self.nodes.before(at),
            };
            if removed > 0 {
                self.nodes.change(at, |node| node.remove_equal(slabs, &value, skip, removed));
            }
            if self.nodes.node(at).count() == 0
                && let Some(node) = self.nodes.remove(at)
            {
                node.free(slabs);
                if from == End::Left {
                    next = self.nodes.at_or_after(at);
                }
            }
        }
        limit - left
    }
}
