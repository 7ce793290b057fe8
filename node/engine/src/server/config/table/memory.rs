//! Memory: limits, eviction, freeing, expiry.

use super::{Allowed, INT, Kind, LONG, SIZE, Setting, inert, row};
use crate::evict::Policy;
use crate::server::config::kinds::one_of;

pub(super) const TABLE: &[Setting] = &[
    memory!("maxmemory", maxmemory, 0, u64::MAX),
    row(
        "maxmemory-policy",
        Kind::Other {
            get: |config| config.maxmemory_policy.name().to_owned(),
            set: |config, value| {
                config.maxmemory_policy = Policy::from_name(value).ok_or_else(|| one_of(&Policy::NAMES))?;
                Ok(())
            },
        },
    ),
    integer!("maxmemory-samples", maxmemory_samples, 1, 64),
    integer!("maxmemory-eviction-tenacity", maxmemory_eviction_tenacity, 0, 100),
    inert("maxmemory-clients", "0", Allowed::MemoryOrPercent),
    integer!("lfu-log-factor", lfu_log_factor, 0, INT),
    integer!("lfu-decay-time", lfu_decay_time, 0, INT),
    integer!("active-expire-effort", active_expire_effort, 1, 10),
    inert("activerehashing", "yes", Allowed::Flag),
    inert("lazyfree-lazy-eviction", "yes", Allowed::Flag),
    inert("lazyfree-lazy-expire", "yes", Allowed::Flag),
    inert("lazyfree-lazy-server-del", "yes", Allowed::Flag),
    inert("lazyfree-lazy-user-del", "yes", Allowed::Flag),
    inert("lazyfree-lazy-user-flush", "yes", Allowed::Flag),
    inert("activedefrag", "no", Allowed::Default("there is nothing to defragment: memory is in slabs")),
    inert("active-defrag-cycle-max", "25", Allowed::Range(1, 99)),
    inert("active-defrag-cycle-min", "1", Allowed::Range(1, 99)),
    inert("active-defrag-cycle-us", "500", Allowed::Range(0, 100_000)),
    inert("active-defrag-ignore-bytes", "104857600", Allowed::Memory(1, SIZE)),
    inert("active-defrag-max-scan-fields", "1000", Allowed::Range(1, LONG)),
    inert("active-defrag-threshold-lower", "10", Allowed::Range(0, 1_000)),
    inert("active-defrag-threshold-upper", "100", Allowed::Range(0, 1_000)),
    inert("jemalloc-bg-thread", "yes", Allowed::Flag),
];
