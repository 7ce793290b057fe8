//! INFO replication: roles are the cluster's; no data flows between nodes yet.

use super::Subject;
use super::fields::Fields;

/// No other history is known.
const NO_REPLICATION_ID: &str = "0000000000000000000000000000000000000000";

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    let server = subject.server;
    if let Some((host, port)) = server.topology.primary_of_replica() {
        fields.add("role", "slave");
        fields.add("master_host", host);
        fields.add("master_port", port);
        fields.add("master_link_status", "down");
        fields.add("master_last_io_seconds_ago", -1);
        fields.add_all(&["master_sync_in_progress", "slave_read_repl_offset", "slave_repl_offset"], 0);
        fields.add("master_link_down_since_seconds", -1);
        fields.add("slave_priority", server.config.get("replica-priority").unwrap_or_default());
        fields.add_all(&["slave_read_only", "replica_announced"], 1);
    } else {
        fields.add("role", "master");
    }
    fields.add_all(&["connected_slaves", "replicas_waiting_psync"], 0);
    fields.add("master_failover_state", "no-failover");
    fields.add("master_replid", &server.replication_id);
    fields.add("master_replid2", NO_REPLICATION_ID);
    fields.add("master_repl_offset", 0);
    fields.add("second_repl_offset", -1);
    fields.add("repl_backlog_active", 0);
    fields.add("repl_backlog_size", server.config.get("repl-backlog-size").unwrap_or_default());
    fields.add_all(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"], 0);
}
