//! INFO stats.

use super::Subject;
use super::fields::Fields;
use crate::server::Topic;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    let stats = &subject.server.stats;
    let keys = &subject.keyspace.stats;
    let [commands_rate, in_rate, out_rate] = stats.rates.per_second();
    fields.add("total_connections_received", stats.connections_received);
    fields.add("total_commands_processed", stats.commands_processed);
    fields.add("instantaneous_ops_per_sec", format_args!("{commands_rate:.0}"));
    fields.add("total_net_input_bytes", stats.bytes_in);
    fields.add("total_net_output_bytes", stats.bytes_out);
    fields.add_all(
        &[
            "total_net_repl_input_bytes",
            "total_net_repl_output_bytes",
            "total_net_cluster_slot_import_bytes",
            "total_net_cluster_slot_export_bytes",
        ],
        0,
    );
    fields.add_ratio("instantaneous_input_kbps", in_rate / 1_024.0);
    fields.add_ratio("instantaneous_output_kbps", out_rate / 1_024.0);
    fields.add_ratio("instantaneous_input_repl_kbps", 0.0);
    fields.add_ratio("instantaneous_output_repl_kbps", 0.0);
    fields.add("rejected_connections", stats.connections_rejected);
    fields.add_all(&["sync_full", "sync_partial_ok", "sync_partial_err"], 0);
    fields.add("expired_keys", keys.expired);
    fields.add("expired_fields", keys.expired_fields);
    fields.add_ratio("expired_stale_perc", 100.0 * stats.expiry.stale_share);
    fields.add_ratio("expired_keys_with_volatile_items_stale_perc", 0.0);
    fields.add("expired_time_cap_reached_count", stats.expiry.time_ran_out);
    fields.add("expire_cycle_cpu_milliseconds", stats.expiry.used_us / 1_000);
    fields.add("evicted_keys", keys.evicted);
    fields.add_all(&["evicted_clients", "evicted_scripts"], 0);
    fields.add("total_eviction_exceeded_time", stats.eviction.exceeded_ms(subject.server.now));
    fields.add("current_eviction_exceeded_time", stats.eviction.exceeded_now_ms(subject.server.now));
    fields.add("keyspace_hits", keys.hits);
    fields.add("keyspace_misses", keys.misses);
    let pubsub = &subject.server.pubsub;
    fields.add("pubsub_channels", pubsub.len_of(Topic::Channel));
    fields.add("pubsub_patterns", pubsub.len_of(Topic::Pattern));
    fields.add("pubsubshard_channels", pubsub.len_of(Topic::Shard));
    fields.add_all(
        &[
            "latest_fork_usec",
            "total_forks",
            "migrate_cached_sockets",
            "slave_expires_tracked_keys",
            "active_defrag_hits",
            "active_defrag_misses",
            "active_defrag_key_hits",
            "active_defrag_key_misses",
            "total_active_defrag_time",
            "current_active_defrag_time",
            "tracking_total_keys",
            "tracking_total_items",
            "tracking_total_prefixes",
            "unexpected_error_replies",
        ],
        0,
    );
    fields.add("total_error_replies", stats.errors);
    fields.add("dump_payload_sanitizations", 0);
    fields.add("total_reads_processed", stats.reads);
    fields.add("total_writes_processed", stats.writes);
    fields.add_all(&["io_threaded_reads_processed", "io_threaded_writes_processed"], 0);
    fields.add("client_query_buffer_limit_disconnections", stats.query_buffer_limit_disconnections);
    fields.add("client_output_buffer_limit_disconnections", stats.output_buffer_limit_disconnections);
    fields.add("clients_paused_for_output", stats.clients_paused_for_output);
    fields.add("eventloop_cycles", stats.batches);
    fields.add("acl_access_denied_auth", stats.errors_by_code.get("WRONGPASS").copied().unwrap_or_default());
    fields.add_all(&["acl_access_denied_cmd", "acl_access_denied_key", "acl_access_denied_channel"], 0);
}
