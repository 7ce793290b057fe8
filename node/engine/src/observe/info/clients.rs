//! INFO clients.

use super::Subject;
use super::fields::Fields;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    let server = subject.server;
    let largest = |bytes: fn(&crate::server::Client) -> usize| {
        server.clients.others().map(bytes).max().unwrap_or_default()
    };
    let pause = server.pause.filter(|pause| pause.until_ms > server.now.unix_ms());
    fields.add("connected_clients", server.clients.len());
    fields.add("cluster_connections", 0);
    fields.add("maxclients", server.config.maxclients);
    fields.add("client_recent_max_input_buffer", largest(|client| client.input.capacity()));
    fields.add("client_recent_max_output_buffer", largest(|client| client.reply.queue.memory_bytes()));
    fields.add("blocked_clients", server.blocking.clients_len());
    fields.add("tracking_clients", 0);
    fields.add("pubsub_clients", server.pubsub.clients_count);
    fields.add("watching_clients", server.watches.clients_count);
    fields.add("clients_in_timeout_table", server.blocking.deadlines_len());
    fields.add("total_watched_keys", server.watches.len());
    fields.add("total_blocking_keys", server.blocking.keys_len());
    fields.add("total_blocking_keys_on_nokey", server.blocking.or_gone_keys_len());
    fields.add("paused_reason", pause.map_or("none", |_| "client_pause"));
    fields.add("paused_actions", pause.map_or("none", |pause| if pause.all { "all" } else { "write" }));
    fields.add("paused_timeout_milliseconds", pause.map_or(0, |pause| pause.until_ms - server.now.unix_ms()));
}
