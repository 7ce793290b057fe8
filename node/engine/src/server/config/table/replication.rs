//! Replicas and primaries.

use super::{Allowed, INT, LONG, SIZE, Setting, inert};

pub(super) const TABLE: &[Setting] = &[
    inert("replicaof", "", Allowed::Default("who replicates whom is the cluster's to say"))
        .fixed()
        .alias("slaveof"),
    inert("primaryauth", "", Allowed::Any).secret().alias("masterauth"),
    inert("primaryuser", "", Allowed::Any).alias("masteruser"),
    inert("min-replicas-max-lag", "10", Allowed::Range(0, INT)).alias("min-slaves-max-lag"),
    inert("min-replicas-to-write", "0", Allowed::Default("nothing is replicated yet"))
        .alias("min-slaves-to-write"),
    inert("repl-backlog-size", "10485760", Allowed::Memory(1, SIZE)),
    inert("repl-backlog-ttl", "3600", Allowed::Range(0, LONG)),
    inert("repl-disable-tcp-nodelay", "no", Allowed::Flag),
    inert(
        "repl-diskless-load",
        "disabled",
        Allowed::Words(&["disabled", "on-empty-db", "swapdb", "flush-before-load"]),
    ),
    inert("repl-diskless-sync", "yes", Allowed::Flag),
    inert("repl-diskless-sync-delay", "5", Allowed::Range(0, INT)),
    inert("repl-diskless-sync-max-replicas", "0", Allowed::Range(0, INT)),
    inert("repl-mptcp", "no", Allowed::Flag).fixed(),
    inert("repl-ping-replica-period", "10", Allowed::Range(1, INT)).alias("repl-ping-slave-period"),
    inert("repl-timeout", "60", Allowed::Range(1, INT)),
    inert("dual-channel-replication-enabled", "no", Allowed::Flag),
    inert("propagation-error-behavior", "ignore", Allowed::Words(&["ignore", "panic", "panic-on-replicas"])),
    inert("replica-announce-ip", "", Allowed::Any).alias("slave-announce-ip"),
    inert("replica-announce-port", "0", Allowed::Range(0, 65_535)).alias("slave-announce-port"),
    inert("replica-announced", "yes", Allowed::Flag),
    inert("replica-ignore-disk-write-errors", "no", Allowed::Flag),
    inert("replica-ignore-maxmemory", "yes", Allowed::Flag).alias("slave-ignore-maxmemory"),
    inert("replica-lazy-flush", "yes", Allowed::Flag).alias("slave-lazy-flush"),
    inert("replica-priority", "100", Allowed::Range(0, INT)).alias("slave-priority"),
    inert("replica-read-only", "yes", Allowed::Flag).alias("slave-read-only"),
    inert("replica-serve-stale-data", "yes", Allowed::Flag).alias("slave-serve-stale-data"),
];
