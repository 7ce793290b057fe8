//! Connections and the protocol.

use super::{Allowed, INT, Kind, LONG, SIZE, Setting, inert, row};

/// The least that Redis allows for what a request may take.
const REQUEST_BYTES_MIN: u64 = 1 << 20;

pub(super) const TABLE: &[Setting] = &[
    integer!("port", port, 0, 65_535).fixed(),
    text!("bind", bind).fixed(),
    inert("bind-source-addr", "", Allowed::Any).fixed(),
    inert("unixsocket", "", Allowed::Default("there are no clients over Unix sockets")).fixed(),
    inert("unixsocketgroup", "", Allowed::Any).fixed(),
    inert("unixsocketperm", "0", Allowed::Range(0, 0o777)).fixed(),
    inert("protected-mode", "no", Allowed::Default("who can connect is up to bind alone")),
    text!("requirepass", requirepass).secret(),
    inert("aclfile", "", Allowed::Default("there are no users beside the default one yet")).fixed(),
    inert("acllog-max-len", "128", Allowed::Range(0, LONG)),
    inert("acl-pubsub-default", "resetchannels", Allowed::Words(&["allchannels", "resetchannels"])),
    integer!("maxclients", maxclients, 1, u32::MAX as i64),
    inert("max-new-connections-per-cycle", "10", Allowed::Range(1, 1_000)),
    integer!("timeout", timeout, 0, INT),
    integer!("tcp-keepalive", tcp_keepalive, 0, INT),
    integer!("tcp-backlog", tcp_backlog, 0, INT).fixed(),
    inert("mptcp", "no", Allowed::Default("multipath TCP is not supported")).fixed(),
    inert("socket-mark-id", "0", Allowed::Default("sockets are not marked")).fixed(),
    memory!("client-query-buffer-limit", client_query_buffer_limit, REQUEST_BYTES_MIN, SIZE),
    memory!("client-output-pause-bytes", client_output_pause_bytes, 0, SIZE),
    row(
        "client-output-buffer-limit",
        Kind::Other {
            get: |config| config.output_limits.text(),
            set: |config, value| {
                config.output_limits = config.output_limits.changed_by(value)?;
                Ok(())
            },
        },
    ),
    memory!("proto-max-bulk-len", proto_max_bulk_len, REQUEST_BYTES_MIN, SIZE),
    inert("tracking-table-max-keys", "1000000", Allowed::Range(0, LONG)),
    inert("io-threads", "1", Allowed::Range(1, 256)),
    inert("prefetch-batch-max-size", "16", Allowed::Range(0, 128)),
    inert("extended-redis-compatibility", "no", Allowed::Flag),
];
