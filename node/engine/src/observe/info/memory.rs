//! INFO memory.

use super::Subject;
use super::fields::Fields;
use crate::observe::memory::MemoryUse;
use crate::observe::process;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    let server = subject.server;
    let memory = MemoryUse::read(subject.keyspace, server);
    let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let difference = |part: u64, whole: u64| part as i64 - whole as i64;
    fields.add_bytes("used_memory", memory.used);
    fields.add_bytes("used_memory_rss", memory.resident);
    fields.add_bytes("used_memory_peak", memory.peak);
    fields.add_percent("used_memory_peak_perc", memory.used, memory.peak);
    fields.add("used_memory_overhead", memory.overhead());
    fields.add("used_memory_startup", memory.startup);
    fields.add("used_memory_dataset", memory.dataset());
    fields.add_percent(
        "used_memory_dataset_perc",
        memory.dataset(),
        memory.used - memory.startup.min(memory.used),
    );
    fields.add("allocator_allocated", memory.used);
    fields.add_all(&["allocator_active", "allocator_resident"], memory.active);
    fields.add("allocator_muzzy", 0);
    fields.add_bytes("total_system_memory", process::system_memory_bytes());
    fields.add_all(&["used_memory_lua", "used_memory_vm_eval"], 0);
    fields.add("used_memory_lua_human", "0B");
    fields.add_all(
        &[
            "used_memory_scripts_eval",
            "number_of_cached_scripts",
            "number_of_functions",
            "number_of_libraries",
            "used_memory_vm_functions",
            "used_memory_vm_total",
        ],
        0,
    );
    fields.add("used_memory_vm_total_human", "0B");
    fields.add("used_memory_functions", 0);
    fields.add_bytes("used_memory_scripts", 0);
    fields.add_bytes("maxmemory", server.config.maxmemory);
    fields.add("maxmemory_policy", server.config.maxmemory_policy);
    fields.add_ratio("allocator_frag_ratio", ratio(memory.active, memory.used));
    fields.add("allocator_frag_bytes", difference(memory.active, memory.used));
    fields.add_ratio("allocator_rss_ratio", 1.0);
    fields.add("allocator_rss_bytes", 0);
    fields.add_ratio("rss_overhead_ratio", ratio(memory.resident, memory.active));
    fields.add("rss_overhead_bytes", difference(memory.resident, memory.active));
    fields.add_ratio("mem_fragmentation_ratio", ratio(memory.resident, memory.used));
    fields.add("mem_fragmentation_bytes", difference(memory.resident, memory.used));
    fields.add_all(
        &[
            "mem_not_counted_for_evict",
            "mem_replication_backlog",
            "mem_total_replication_buffers",
            "mem_replicas_repl_buffer",
            "mem_clients_slaves",
        ],
        0,
    );
    fields.add("mem_clients_normal", memory.clients);
    fields.add_all(
        &["mem_cluster_links", "mem_cluster_slot_import", "mem_cluster_slot_export", "mem_aof_buffer"],
        0,
    );
    fields.add("mem_allocator", "slabs+libc");
    fields.add_all(&["mem_overhead_db_hashtable_rehashing", "active_defrag_running"], 0);
    fields.add("lazyfree_pending_objects", subject.keyspace.garbage_len());
    fields.add("lazyfreed_objects", subject.keyspace.stats.freed_lazily);
}
