//! Files: snapshots and the append-only file.

use super::{Allowed, INT, Kind, SIZE, Setting, inert, row};

const NOTHING_SAVED: &str = "there is no persistence yet";

pub(super) const TABLE: &[Setting] = &[
    text!("dir", dir).protected(),
    inert("save", "", Allowed::Default(NOTHING_SAVED)),
    inert("dbfilename", "dump.rdb", Allowed::Any).protected(),
    inert("rdbchecksum", "yes", Allowed::Flag).fixed(),
    inert("rdbcompression", "yes", Allowed::Flag),
    inert("rdb-del-sync-files", "no", Allowed::Flag),
    inert("rdb-save-incremental-fsync", "yes", Allowed::Flag),
    inert("rdb-version-check", "strict", Allowed::Words(&["strict", "relaxed"])),
    inert("stop-writes-on-bgsave-error", "yes", Allowed::Flag),
    inert("appendonly", "no", Allowed::Default(NOTHING_SAVED)),
    inert("appenddirname", "appendonlydir", Allowed::Any).fixed(),
    inert("appendfilename", "appendonly.aof", Allowed::Any).fixed(),
    inert("appendfsync", "everysec", Allowed::Words(&["everysec", "always", "no"])),
    inert("no-appendfsync-on-rewrite", "no", Allowed::Flag),
    inert("auto-aof-rewrite-min-size", "67108864", Allowed::Memory(0, SIZE)),
    inert("auto-aof-rewrite-percentage", "100", Allowed::Range(0, INT)),
    inert("aof-load-truncated", "yes", Allowed::Flag),
    inert("aof-rewrite-incremental-fsync", "yes", Allowed::Flag),
    inert("aof-timestamp-enabled", "no", Allowed::Flag),
    inert("aof-use-rdb-preamble", "yes", Allowed::Flag),
];
