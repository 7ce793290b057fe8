//! Memory: the engine's own allocator for small blocks, and the books of what is allocated.

mod accounting;
mod classes;
mod region;
mod slab;

pub use accounting::{CountingAllocator, heap_bytes, trim_heap};
pub use slab::SlabAllocator;
