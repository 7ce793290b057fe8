//! What memory is used for.

use super::process;
use crate::keyspace::Keyspace;
use crate::server::{Client, Server};

/// Memory in use, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryUse {
    /// Allocated by the engine: what `maxmemory` is held against. As in Redis, what clients have sent and not yet got
    /// counts.
    pub used: u64,
    /// The most that was seen in use.
    pub peak: u64,
    /// In use when the node started.
    pub startup: u64,
    /// Clients with their buffers.
    pub clients: u64,
    /// Tables of keys, without the entries.
    pub tables: u64,
    /// Taken from the system: what is used and what lies between.
    pub active: u64,
    /// Resident for the whole process, Python's included.
    pub resident: u64,
}

impl MemoryUse {
    /// The present use. Asks the system, so not for every command.
    pub fn read(keyspace: &Keyspace, server: &Server) -> Self {
        let used = keyspace.used_bytes();
        let databases = (0..keyspace.database_count()).map(|index| keyspace.database(index));
        Self {
            used,
            peak: server.stats.memory_peak_bytes.max(used),
            startup: server.startup_bytes,
            clients: server.clients.others().map(|client| Client::memory_bytes(client) as u64).sum(),
            tables: databases.map(|database| database.table_bytes()).sum(),
            active: used - keyspace.slab_bytes() + keyspace.slab_resident_bytes(),
            resident: process::resident_bytes(),
        }
    }

    /// Memory that holds no data.
    pub fn overhead(&self) -> u64 {
        (self.startup + self.clients + self.tables).min(self.used)
    }

    /// Memory that does.
    pub fn dataset(&self) -> u64 {
        self.used - self.overhead()
    }
}
