//! INFO persistence: nothing is written to files yet.

use super::Subject;
use super::fields::Fields;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    fields.add_all(
        &["loading", "async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"],
        0,
    );
    fields.add_ratio("current_fork_perc", 0.0);
    fields.add_all(&["current_save_keys_processed", "current_save_keys_total"], 0);
    fields.add("rdb_changes_since_last_save", subject.keyspace.stats.dirty);
    fields.add("rdb_bgsave_in_progress", 0);
    // As Redis does, the start counts as the first save: what was then there was nothing.
    fields.add("rdb_last_save_time", subject.server.started.unix_ms() / 1_000);
    fields.add("rdb_last_bgsave_status", "ok");
    fields.add_all(&["rdb_last_bgsave_time_sec", "rdb_current_bgsave_time_sec"], -1);
    fields.add_all(
        &["rdb_saves", "rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded"],
        0,
    );
    fields.add_all(&["aof_enabled", "aof_rewrite_in_progress", "aof_rewrite_scheduled"], 0);
    fields.add_all(&["aof_last_rewrite_time_sec", "aof_current_rewrite_time_sec"], -1);
    fields.add("aof_last_bgrewrite_status", "ok");
    fields.add_all(&["aof_rewrites", "aof_rewrites_consecutive_failures"], 0);
    fields.add("aof_last_write_status", "ok");
    fields.add_all(&["aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"], 0);
}
