//! Lists: elements in packed nodes of some kilobytes, in a directory that finds the n-th.
//!
//! A list of up to [`PACKED_BYTES_MAX`](super::PACKED_BYTES_MAX) lies in its key's entry instead: see [`packed`]. Nodes
//! are cut where Redis's quicklist would cut them, since whether a list says "listpack" or "quicklist" follows from
//! its nodes.

mod directory;
mod edit;
mod element;
mod iter;
mod limits;
mod node;
pub mod packed;
mod remove;

pub use element::{Element, Encoded};
pub use iter::{Iter, elements};
pub use limits::Fill;

use directory::{Directory, Position};
use node::Node;

use crate::memory::SlabAllocator;

/// One end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Left,
    Right,
}

impl End {
    /// The other one.
    pub fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// A list that does not lie in its key's entry. Dropping it leaks its nodes: see [`List::free_step`].
pub struct List {
    nodes: Directory,
    fill: Fill,
    /// False: one node only, whatever its size.
    quicklist: bool,
}

impl List {
    /// A list of `count` elements, as they lie in `elements`; it says "listpack".
    pub fn of(slabs: &mut SlabAllocator, elements: &[u8], count: usize) -> Self {
        let mut list = Self { nodes: Directory::default(), fill: Fill::DEFAULT, quicklist: false };
        if count > 0 {
            list.nodes.push_back(Node::of(slabs, elements, count));
        }
        list
    }

    /// Number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.nodes.element_count()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it says "quicklist"; otherwise "listpack".
    pub fn is_quicklist(&self) -> bool {
        self.quicklist
    }

    /// Bytes of memory it takes.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.nodes.memory_bytes()
    }

    /// The elements in one stretch with their number, while it says "listpack".
    pub fn listpack_elements(&self) -> Option<(&[u8], usize)> {
        let node = self.nodes.node(self.nodes.front()?);
        (!self.quicklist).then_some((node.elements(), node.count()))
    }

    /// Get ready to take in `count` elements of `bytes` in all: what would be too much for one node now becomes a
    /// quicklist, with `fill` as the limit of its nodes.
    pub fn prepare_to_grow(&mut self, fill: Fill, bytes: usize, count: usize) {
        if self.quicklist {
            return;
        }
        let node = self.nodes.front().map(|front| self.nodes.node(front));
        let (old_bytes, old_count) =
            node.map_or((limits::LISTPACK_OVERHEAD_BYTES, 0), |node| (node.listpack_bytes(), node.count()));
        if fill.is_exceeded(old_bytes + bytes, old_count + count) {
            self.quicklist = true;
            self.fill = fill;
        }
    }

    /// Whether all elements are in one node, without which the list is not a small one.
    #[inline]
    pub fn is_one_node(&self) -> bool {
        self.nodes.node_count() == 1
    }

    /// Say "listpack" again if so little is left that it fits half a node twice over.
    pub fn settle_after_shrinking(&mut self, fill: Fill) {
        if !self.quicklist || !self.is_one_node() {
            return;
        }
        let only = self.nodes.front().map(|front| self.nodes.node(front));
        if only.is_some_and(|node| !node.is_plain() && fill.is_small(node.listpack_bytes(), node.count())) {
            self.quicklist = false;
        }
    }

    /// Add an element at an end.
    #[inline]
    pub fn push(&mut self, slabs: &mut SlabAllocator, end: End, value: &[u8]) {
        let element = Encoded::new(value);
        if let Some(at) = self.end(end) {
            let node = self.nodes.node(at);
            if self.admits(node, value.len()) {
                let place = if end == End::Left { 0 } else { node.elements().len() };
                return self.nodes.change(at, |node| node.insert(slabs, place, &element));
            }
            // What was pushed to so far is full.
            self.nodes.change(at, |node| node.shrink_to_fit(slabs));
        }
        let node = self.node_with(slabs, value, &element);
        match end {
            End::Left => self.nodes.push_front(node),
            End::Right => self.nodes.push_back(node),
        };
    }

    /// The element at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Element<'_>> {
        self.iter(index, End::Right).next()
    }

    /// The elements from `index` on, towards an end.
    #[inline]
    pub fn iter(&self, index: usize, towards: End) -> Iter<'_> {
        Iter::of_list(&self.nodes, index, towards)
    }

    /// A copy that shares nothing with it.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Self {
        let mut copy = Self { nodes: Directory::default(), ..*self };
        let mut next = self.nodes.front();
        while let Some(at) = next {
            copy.nodes.push_back(self.nodes.node(at).duplicate(slabs));
            next = self.nodes.after(at);
        }
        copy
    }

    /// Free about `budget` elements from the end; true when none is left.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        self.nodes.free_step(slabs, budget)
    }

    #[inline]
    fn end(&self, end: End) -> Option<Position> {
        match end {
            End::Left => self.nodes.front(),
            End::Right => self.nodes.back(),
        }
    }

    /// Whether a node may take an element of this length in.
    #[inline]
    fn admits(&self, node: &Node, length: usize) -> bool {
        !self.quicklist || (!node.is_plain() && self.fill.admits(node.listpack_bytes(), node.count(), length))
    }

    fn node_with(&self, slabs: &mut SlabAllocator, value: &[u8], element: &Encoded<'_>) -> Node {
        let plain = self.quicklist && self.fill.is_large(value.len());
        Node::with(slabs, element, value.len(), plain)
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes = self.nodes.node_count();
        write!(formatter, "List {{ {} elements in {nodes} nodes }}", self.len())
    }
}
