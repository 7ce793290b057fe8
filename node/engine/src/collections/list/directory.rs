//! The order of a list's nodes, in chunks with the sums of what is in them.
//!
//! A list of ten million elements has some ten thousand nodes, in a few hundred chunks. Whoever looks for an element
//! adds up chunks from the nearer end, then the nodes of one chunk; nothing that is done here moves more than one
//! chunk's nodes and the row of chunks.

use std::collections::VecDeque;

use super::node::Node;
use crate::memory::SlabAllocator;

/// Nodes of a chunk.
const CHUNK_NODES_MAX: usize = 128;

struct Chunk {
    nodes: VecDeque<Node>,
    /// Elements in the nodes.
    elements: usize,
}

/// Where a node is. Insertions and removals make other positions invalid, unless they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    chunk: usize,
    node: usize,
}

/// Nodes in order. Its owner frees them.
#[derive(Default)]
pub struct Directory {
    /// None of them is empty.
    chunks: VecDeque<Chunk>,
    nodes: usize,
    elements: usize,
}

impl Directory {
    /// Number of nodes.
    #[inline]
    pub fn node_count(&self) -> usize {
        self.nodes
    }

    /// Number of elements in all nodes.
    #[inline]
    pub fn element_count(&self) -> usize {
        self.elements
    }

    /// Bytes of the directory and of its nodes.
    pub fn memory_bytes(&self) -> usize {
        let chunk = |chunk: &Chunk| {
            chunk.nodes.capacity() * size_of::<Node>()
                + chunk.nodes.iter().map(Node::memory_bytes).sum::<usize>()
        };
        self.chunks.capacity() * size_of::<Chunk>() + self.chunks.iter().map(chunk).sum::<usize>()
    }

    /// The first node.
    #[inline]
    pub fn front(&self) -> Option<Position> {
        (self.nodes > 0).then_some(Position { chunk: 0, node: 0 })
    }

    /// The last node.
    #[inline]
    pub fn back(&self) -> Option<Position> {
        let chunk = self.chunks.len().checked_sub(1)?;
        Some(Position { chunk, node: self.chunks[chunk].nodes.len() - 1 })
    }

    /// The node behind.
    #[inline]
    pub fn after(&self, Position { chunk, node }: Position) -> Option<Position> {
        if node + 1 < self.chunks[chunk].nodes.len() {
            return Some(Position { chunk, node: node + 1 });
        }
        (chunk + 1 < self.chunks.len()).then_some(Position { chunk: chunk + 1, node: 0 })
    }

    /// What stands where a node was taken out, if that was not the last one.
    pub fn at_or_after(&self, Position { chunk, node }: Position) -> Option<Position> {
        let here = self.chunks.get(chunk)?;
        if node < here.nodes.len() {
            return Some(Position { chunk, node });
        }
        (chunk + 1 < self.chunks.len()).then_some(Position { chunk: chunk + 1, node: 0 })
    }

    /// The node in front.
    #[inline]
    pub fn before(&self, Position { chunk, node }: Position) -> Option<Position> {
        if let Some(node) = node.checked_sub(1) {
            return Some(Position { chunk, node });
        }
        let chunk = chunk.checked_sub(1)?;
        Some(Position { chunk, node: self.chunks[chunk].nodes.len() - 1 })
    }

    /// A node.
    #[inline]
    pub fn node(&self, at: Position) -> &Node {
        &self.chunks[at.chunk].nodes[at.node]
    }

    /// A node, to be changed by `change`; elements that it gains or loses are counted.
    #[inline]
    pub fn change<T>(&mut self, at: Position, change: impl FnOnce(&mut Node) -> T) -> T {
        let chunk = &mut self.chunks[at.chunk];
        let node = &mut chunk.nodes[at.node];
        let before = node.count();
        let answer = change(node);
        let after = node.count();
        chunk.elements = chunk.elements - before + after;
        self.elements = self.elements - before + after;
        answer
    }

    /// The node that has element `index`, and the element's index in it; `index` is below `element_count()`.
    #[inline]
    pub fn find(&self, index: usize) -> (Position, usize) {
        if index < self.elements / 2 { self.find_from_front(index) } else { self.find_from_back(index) }
    }

    fn find_from_front(&self, mut index: usize) -> (Position, usize) {
        let mut chunk = 0;
        while index >= self.chunks[chunk].elements {
            index -= self.chunks[chunk].elements;
            chunk += 1;
        }
        let nodes = &self.chunks[chunk].nodes;
        let mut node = 0;
        while index >= nodes[node].count() {
            index -= nodes[node].count();
            node += 1;
        }
        (Position { chunk, node }, index)
    }

    fn find_from_back(&self, index: usize) -> (Position, usize) {
        // From here on the index counts from the end: 1 is the last element.
        let mut index = self.elements - index;
        let mut chunk = self.chunks.len() - 1;
        while index > self.chunks[chunk].elements {
            index -= self.chunks[chunk].elements;
            chunk -= 1;
        }
        let nodes = &self.chunks[chunk].nodes;
        let mut node = nodes.len() - 1;
        while index > nodes[node].count() {
            index -= nodes[node].count();
            node -= 1;
        }
        (Position { chunk, node }, nodes[node].count() - index)
    }

    /// Put a node in front of all others.
    pub fn push_front(&mut self, node: Node) -> Position {
        if self.chunks.front().is_none_or(|chunk| chunk.nodes.len() >= CHUNK_NODES_MAX) {
            self.chunks.push_front(Chunk { nodes: VecDeque::new(), elements: 0 });
        }
        self.count_in(0, &node);
        self.chunks[0].nodes.push_front(node);
        Position { chunk: 0, node: 0 }
    }

    /// Put a node behind all others.
    pub fn push_back(&mut self, node: Node) -> Position {
        if self.chunks.back().is_none_or(|chunk| chunk.nodes.len() >= CHUNK_NODES_MAX) {
            self.chunks.push_back(Chunk { nodes: VecDeque::new(), elements: 0 });
        }
        let chunk = self.chunks.len() - 1;
        self.count_in(chunk, &node);
        self.chunks[chunk].nodes.push_back(node);
        Position { chunk, node: self.chunks[chunk].nodes.len() - 1 }
    }

    /// Put a node behind another; returns where it is. `at` and the positions in front of it stay valid.
    pub fn insert_after(&mut self, at: Position, node: Node) -> Position {
        let Position { mut chunk, node: mut index } = at;
        index += 1;
        if self.chunks[chunk].nodes.len() >= CHUNK_NODES_MAX {
            // What stays are at least the nodes up to `at`.
            let stay = index.max(CHUNK_NODES_MAX / 2);
            let behind = self.chunks[chunk].take(stay, CHUNK_NODES_MAX);
            self.chunks.insert(chunk + 1, behind);
            if index == stay {
                chunk += 1;
                index = 0;
            }
        }
        self.count_in(chunk, &node);
        self.chunks[chunk].nodes.insert(index, node);
        Position { chunk, node: index }
    }

    /// Put a node in front of another; returns where it is.
    pub fn insert_before(&mut self, at: Position, node: Node) -> Position {
        match self.before(at) {
            Some(previous) => self.insert_after(previous, node),
            None => self.push_front(node),
        }
    }

    fn count_in(&mut self, chunk: usize, node: &Node) {
        self.chunks[chunk].elements += node.count();
        self.elements += node.count();
        self.nodes += 1;
    }

    /// Take a node out. Positions in front of it stay valid.
    pub fn remove(&mut self, at: Position) -> Option<Node> {
        let chunk = &mut self.chunks[at.chunk];
        let node = chunk.nodes.remove(at.node)?;
        chunk.elements -= node.count();
        self.elements -= node.count();
        self.nodes -= 1;
        if chunk.nodes.is_empty() {
            self.chunks.remove(at.chunk);
        } else if 4 * chunk.nodes.len() < chunk.nodes.capacity() {
            chunk.nodes.shrink_to(2 * chunk.nodes.len());
        }
        Some(node)
    }

    /// Take out the nodes from `from` on that lie before `to`, or all up to the end.
    pub fn take_between(&mut self, from: Position, to: Option<Position>) -> Directory {
        let to = to.unwrap_or(Position { chunk: self.chunks.len(), node: 0 });
        let mut taken = Directory::default();
        if from >= to {
            return taken;
        }
        let first_part = self.chunks[from.chunk].nodes.len();
        let first_end = if from.chunk == to.chunk { to.node } else { first_part };
        taken.chunks.push_back(self.chunks[from.chunk].take(from.node, first_end));
        if from.chunk < to.chunk {
            taken.chunks.extend(self.chunks.drain(from.chunk + 1..to.chunk));
            if let Some(last) = self.chunks.get_mut(from.chunk + 1) {
                taken.chunks.push_back(last.take(0, to.node));
            }
        }
        // The chunks at both edges may have nothing left, or have given nothing.
        for edge in [from.chunk + 1, from.chunk] {
            if self.chunks.get(edge).is_some_and(|chunk| chunk.nodes.is_empty()) {
                self.chunks.remove(edge);
            }
        }
        taken.chunks.retain(|chunk| !chunk.nodes.is_empty());
        taken.elements = taken.chunks.iter().map(|chunk| chunk.elements).sum();
        taken.nodes = taken.chunks.iter().map(|chunk| chunk.nodes.len()).sum();
        self.elements -= taken.elements;
        self.nodes -= taken.nodes;
        taken
    }

    /// Free nodes from the end until `budget` elements are gone; true when none is left.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        let mut freed = 0;
        while freed < budget {
            let Some(last) = self.back() else { break };
            if let Some(node) = self.remove(last) {
                freed += node.count().max(1);
                node.free(slabs);
            }
        }
        self.nodes == 0
    }
}

impl Chunk {
    fn take(&mut self, from: usize, to: usize) -> Chunk {
        let nodes: VecDeque<Node> = self.nodes.drain(from..to).collect();
        let elements = nodes.iter().map(Node::count).sum();
        self.elements -= elements;
        Chunk { nodes, elements }
    }
}
