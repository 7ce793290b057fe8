//! Changes in the middle of a list, cutting and joining nodes as Redis's quicklist does.

use super::directory::Position;
use super::element::Encoded;
use super::limits::LISTPACK_OVERHEAD_BYTES;
use super::{End, List};
use crate::memory::SlabAllocator;

impl List {
    /// Insert an element beside the one at `index`, on its left or right side.
    ///
    /// To be told of before: [`prepare_to_grow`](Self::prepare_to_grow).
    pub fn insert(&mut self, slabs: &mut SlabAllocator, index: usize, side: End, value: &[u8]) {
        let (at, index) = self.nodes.find(index);
        self.insert_beside(slabs, at, index, side, value);
    }

    fn insert_beside(
        &mut self,
        slabs: &mut SlabAllocator,
        at: Position,
        index: usize,
        side: End,
        value: &[u8],
    ) {
        let element = Encoded::new(value);
        let node = self.nodes.node(at);
        let to_the_right = side == End::Right;
        // The new element's index in the node.
        let index = index + usize::from(to_the_right);
        if self.admits(node, value.len()) {
            let place = node.place_of(index);
            return self.nodes.change(at, |node| node.insert(slabs, place, &element));
        }
        let at_edge = index == if to_the_right { node.count() } else { 0 };
        if at_edge {
            let neighbour = if to_the_right { self.nodes.after(at) } else { self.nodes.before(at) };
            if let Some(neighbour) = neighbour
                && self.admits(self.nodes.node(neighbour), value.len())
            {
                let place = if to_the_right { 0 } else { self.nodes.node(neighbour).elements().len() };
                return self.nodes.change(neighbour, |node| node.insert(slabs, place, &element));
            }
        }
        // A plain node has one element only, so there is nothing in it to be split.
        if at_edge || node.is_plain() {
            let new = self.node_with(slabs, value, &element);
            if to_the_right {
                self.nodes.insert_after(at, new);
            } else {
                self.nodes.insert_before(at, new);
            }
        } else if self.fill.is_large(value.len()) {
            let behind = self.nodes.change(at, |node| node.split_off(slabs, index));
            let new = self.node_with(slabs, value, &element);
            let new_at = self.nodes.insert_after(at, new);
            self.nodes.insert_after(new_at, behind);
        } else {
            self.split_and_insert(slabs, at, index, to_the_right, &element);
        }
    }

    /// Split a full node at element `index`, which becomes the element, and join what fits together.
    fn split_and_insert(
        &mut self,
        slabs: &mut SlabAllocator,
        at: Position,
        index: usize,
        to_the_right: bool,
        element: &Encoded<'_>,
    ) {
        let mut behind = self.nodes.change(at, |node| node.split_off(slabs, index));
        if to_the_right {
            behind.insert(slabs, 0, element);
            self.nodes.insert_after(at, behind);
            self.join_around(slabs, at);
        } else {
            self.nodes.change(at, |node| {
                let end = node.elements().len();
                node.insert(slabs, end, element);
            });
            let at = self.nodes.insert_after(at, behind);
            self.join_around(slabs, at);
        }
    }

    /// Put an element into the place of the one at `index`, which is below `len()`.
    ///
    /// To be told of before: [`prepare_to_grow`](Self::prepare_to_grow).
    pub fn replace(&mut self, slabs: &mut SlabAllocator, index: usize, value: &[u8]) {
        let (at, index) = self.nodes.find(index);
        let element = Encoded::new(value);
        let large = self.quicklist && self.fill.is_large(value.len());
        let plain = self.nodes.node(at).is_plain();
        match (plain, large) {
            (false, false) => self.nodes.change(at, |node| {
                let place = node.place_of(index);
                node.replace(slabs, place, &element);
            }),
            (true, true) => self.nodes.change(at, |node| {
                node.replace(slabs, 0, &element);
                node.set_plain_length(value.len());
            }),
            (true, false) => {
                self.insert_beside(slabs, at, index, End::Right, value);
                if let Some(node) = self.nodes.remove(at) {
                    node.free(slabs);
                }
            }
            (false, true) => self.replace_by_large(slabs, at, index, &element, value.len()),
        }
    }

    fn replace_by_large(
        &mut self,
        slabs: &mut SlabAllocator,
        at: Position,
        index: usize,
        element: &Encoded<'_>,
        length: usize,
    ) {
        let count = self.nodes.node(at).count();
        let behind =
            (index + 1 < count).then(|| self.nodes.change(at, |node| node.split_off(slabs, index + 1)));
        let new = super::node::Node::with(slabs, element, length, true);
        let new_at = self.nodes.insert_after(at, new);
        if let Some(behind) = behind {
            self.nodes.insert_after(new_at, behind);
        }
        if index == 0 {
            if let Some(node) = self.nodes.remove(at) {
                node.free(slabs);
            }
        } else {
            self.nodes.change(at, |node| node.remove(slabs, index, 1));
            self.join_around(slabs, new_at);
        }
    }

    /// Join the nodes around one, as far as two together are no larger than one may be: first the two in front of it
    /// and the two behind it, then itself with what is beside it.
    fn join_around(&mut self, slabs: &mut SlabAllocator, center: Position) {
        let mut center = center;
        if let Some(previous) = self.nodes.before(center)
            && let Some(first) = self.nodes.before(previous)
        {
            center =
                self.join(slabs, first).map_or(center, |joined| self.nodes.after(joined).unwrap_or(joined));
        }
        if let Some(next) = self.nodes.after(center) {
            self.join(slabs, next);
        }
        if let Some(previous) = self.nodes.before(center)
            && let Some(joined) = self.join(slabs, previous)
        {
            center = joined;
        }
        self.join(slabs, center);
    }

    /// Join a node with the one behind it; returns where the result is, or `None` if they stay apart.
    fn join(&mut self, slabs: &mut SlabAllocator, at: Position) -> Option<Position> {
        let next = self.nodes.after(at)?;
        let (one, other) = (self.nodes.node(at), self.nodes.node(next));
        let bytes = one.listpack_bytes() + other.listpack_bytes() - LISTPACK_OVERHEAD_BYTES;
        if one.is_plain() || other.is_plain() || self.fill.is_exceeded(bytes, one.count() + other.count()) {
            return None;
        }
        let other = self.nodes.remove(next)?;
        self.nodes.change(at, |node| node.append(slabs, other));
        Some(at)
    }
}
