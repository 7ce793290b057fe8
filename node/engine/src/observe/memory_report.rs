//! Reports on memory for people.

use std::fmt::Write;

use super::memory::MemoryUse;
use crate::keyspace::Keyspace;
use crate::memory::heap_bytes;
use crate::server::Server;
use crate::server::config::format_memory;

/// With less data than this, shares say nothing.
const DATASET_BYTES_MIN: u64 = 5 << 20;
const PEAK_RATIO_MAX: f64 = 1.5;
const ACTIVE_RATIO_MAX: f64 = 1.4;
const CLIENT_BYTES_MAX: u64 = 200 << 10;
/// Share of the limit from which on eviction is near.
const LIMIT_SHARE_MAX: f64 = 0.95;

/// What is wrong about the use of memory.
pub fn advice(memory: &MemoryUse, server: &Server) -> String {
    if memory.dataset() < DATASET_BYTES_MIN {
        return "There is so little data that nothing can be said about its memory.\n".to_owned();
    }
    let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let mut text = String::new();
    // Writing to a String can't fail.
    if ratio(memory.peak, memory.used) > PEAK_RATIO_MAX {
        let (peak, used) = (format_memory(memory.peak), format_memory(memory.used));
        let _ = writeln!(
            text,
            "- At its peak {peak} were in use, now {used}: MEMORY PURGE gives some of it back."
        );
    }
    if ratio(memory.active, memory.used) > ACTIVE_RATIO_MAX {
        let (active, used) = (format_memory(memory.active), format_memory(memory.used));
        let _ = writeln!(
            text,
            "- {active} are taken from the system for {used} in use: values of some sizes went, and new ones of these \
             sizes would take their places."
        );
    }
    let clients = server.clients.len() as u64;
    if memory.clients / clients.max(1) > CLIENT_BYTES_MAX {
        let _ = writeln!(
            text,
            "- Clients take {} each: some of them send large requests, or don't read their replies (CLIENT LIST).",
            format_memory(memory.clients / clients.max(1))
        );
    }
    let limit = server.config.maxmemory;
    if limit > 0 && ratio(memory.used, limit) > LIMIT_SHARE_MAX {
        let _ = writeln!(
            text,
            "- {} of {} that may be in use are, and the policy is {}.",
            format_memory(memory.used),
            format_memory(limit),
            server.config.maxmemory_policy
        );
    }
    if text.is_empty() { "There is nothing wrong about the use of memory.\n".to_owned() } else { text }
}

/// What the allocator has taken and handed out.
pub fn allocator(keyspace: &Keyspace) -> String {
    let mut text = String::new();
    for (what, bytes) in [
        ("slabs: in blocks in use", keyspace.slab_bytes()),
        ("slabs: in slabs with blocks in use", keyspace.slab_resident_bytes()),
        ("heap: in use", heap_bytes()),
    ] {
        let _ = writeln!(text, "{what}: {bytes} bytes ({})", format_memory(bytes));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Node;

    #[test]
    fn advice_is_given_only_where_something_is_wrong() {
        let mut node = Node::alone();
        let mut memory = MemoryUse { used: 1 << 20, ..MemoryUse::default() };
        assert!(advice(&memory, &node.core.server).contains("so little data"));
        memory = MemoryUse { used: 100 << 20, peak: 101 << 20, active: 105 << 20, ..memory };
        assert!(advice(&memory, &node.core.server).contains("nothing wrong"));
        memory = MemoryUse { peak: 200 << 20, active: 150 << 20, clients: 1 << 20, ..memory };
        node.core.server.config.maxmemory = 102 << 20;
        let text = advice(&memory, &node.core.server);
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
