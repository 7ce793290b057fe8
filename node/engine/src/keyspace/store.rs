//! Where entries and collections lie, and what waits there to be freed.

use std::collections::VecDeque;

use crate::collections::Object;
use crate::memory::SlabAllocator;

/// A collection of up to this many members is freed at once with its key.
const FREED_AT_ONCE_MAX: usize = 64;

/// The allocator of a keyspace's entries and collections, with the large collections whose keys are gone: those are
/// freed piece by piece, so that removing ten million members holds nobody up.
#[derive(Default)]
pub(super) struct Store {
    pub slabs: SlabAllocator,
    doomed: VecDeque<Box<Object>>,
}

impl Store {
    /// Free an object, later if it is large.
    pub fn dispose(&mut self, mut object: Box<Object>) {
        if object.len() > FREED_AT_ONCE_MAX || !object.free_step(&mut self.slabs, usize::MAX) {
            self.doomed.push_back(object);
        }
    }

    /// Whether objects wait to be freed.
    pub fn has_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// Number of objects that wait to be freed.
    pub fn doomed_len(&self) -> usize {
        self.doomed.len()
    }

    /// Free up to `budget` members of what waits; true when nothing is left.
    pub fn free_step(&mut self, budget: usize) -> bool {
        if let Some(object) = self.doomed.front_mut()
            && object.free_step(&mut self.slabs, budget)
        {
            self.doomed.pop_front();
        }
        self.doomed.is_empty()
    }
}
