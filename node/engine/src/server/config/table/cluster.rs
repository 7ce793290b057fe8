//! The cluster. What a node needs to know of it, it hears from its host's bus.

use super::{Allowed, INT, LONG, SIZE, Setting, inert};

const PORT: Allowed = Allowed::Range(0, 65_535);

pub(super) const TABLE: &[Setting] = &[
    inert("cluster-enabled", "no", Allowed::Default("members of a cluster are started by pycluster up"))
        .fixed(),
    inert("cluster-node-timeout", "2000", Allowed::Range(0, LONG)).fixed(),
    inert("cluster-require-full-coverage", "no", Allowed::Flag).fixed(),
    inert("cluster-allow-reads-when-down", "no", Allowed::Flag),
    inert("cluster-allow-pubsubshard-when-down", "yes", Allowed::Flag),
    inert("cluster-allow-replica-migration", "yes", Allowed::Flag),
    inert("cluster-announce-bus-port", "0", PORT),
    inert("cluster-announce-client-ipv4", "", Allowed::Any),
    inert("cluster-announce-client-ipv6", "", Allowed::Any),
    inert("cluster-announce-client-port", "0", PORT),
    inert("cluster-announce-client-tls-port", "0", PORT),
    inert("cluster-announce-hostname", "", Allowed::Any),
    inert("cluster-announce-human-nodename", "", Allowed::Any),
    inert("cluster-announce-ip", "", Allowed::Any),
    inert("cluster-announce-port", "0", PORT),
    inert("cluster-announce-tls-port", "0", PORT),
    inert("cluster-blacklist-ttl", "60", Allowed::Range(-INT - 1, INT)),
    inert("cluster-config-file", "nodes.conf", Allowed::Any).fixed(),
    inert("cluster-config-save-behavior", "sync", Allowed::Words(&["sync", "best-effort"])),
    inert("cluster-databases", "1", Allowed::Default("a cluster has one database")).fixed(),
    inert("cluster-link-sendbuf-limit", "0", Allowed::Memory(0, SIZE)),
    inert("cluster-manual-failover-timeout", "5000", Allowed::Range(1, INT)),
    inert("cluster-migration-barrier", "1", Allowed::Range(0, INT)),
    inert("cluster-port", "0", PORT).fixed(),
    inert("cluster-preferred-endpoint-type", "ip", Allowed::Words(&["ip", "hostname", "unknown-endpoint"])),
    inert("cluster-replica-no-failover", "no", Allowed::Flag).alias("cluster-slave-no-failover"),
    inert("cluster-replica-validity-factor", "10", Allowed::Range(0, INT))
        .alias("cluster-slave-validity-factor"),
    inert("cluster-slot-migration-log-max-len", "1000", Allowed::Range(0, LONG)),
    inert("cluster-slot-stats-enabled", "no", Allowed::Flag),
    inert("slot-migration-max-failover-repl-bytes", "0", Allowed::Range(-1, LONG)),
];
