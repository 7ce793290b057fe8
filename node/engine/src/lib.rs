//! The data path of a pycluster node: protocol, keyspace, commands, eviction, reactor.
//!
//! The library knows no Python; `python.rs` (feature `python`) is a thin binding over [`engine::Engine`].

mod bits;
pub mod clock;
pub mod collections;
pub mod commands;
pub mod dispatch;
pub mod engine;
pub mod evict;
mod geo;
pub mod glob;
pub mod housekeeping;
mod hyperloglog;
pub mod keyspace;
mod long_double;
pub mod memory;
pub mod memory_limit;
pub mod observe;
#[cfg(feature = "python")]
mod python;
pub mod reactor;
pub mod resp;
pub mod server;
pub mod slot;
#[cfg(test)]
mod testing;

/// Counts what is allocated, as it is allocated: `maxmemory` is held against it.
#[global_allocator]
static ALLOCATOR: memory::CountingAllocator = memory::CountingAllocator;
