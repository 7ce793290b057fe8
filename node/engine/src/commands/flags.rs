//! Properties of commands and their ACL categories, with the names that COMMAND INFO has for them.

use bitflags::bitflags;

bitflags! {
    /// Properties of a command, as COMMAND INFO names them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Flags: u32 {
        const WRITE = 1 << 0;
        const READONLY = 1 << 1;
        const DENYOOM = 1 << 2;
        const ADMIN = 1 << 3;
        const PUBSUB = 1 << 4;
        const NOSCRIPT = 1 << 5;
        const BLOCKING = 1 << 6;
        const LOADING = 1 << 7;
        const STALE = 1 << 8;
        const SKIP_MONITOR = 1 << 9;
        const SKIP_COMMANDLOG = 1 << 10;
        const ASKING = 1 << 11;
        const FAST = 1 << 12;
        const NO_AUTH = 1 << 13;
        const MAY_REPLICATE = 1 << 14;
        const NO_ASYNC_LOADING = 1 << 15;
        const NO_MULTI = 1 << 16;
        const MOVABLEKEYS = 1 << 17;
        const ALLOW_BUSY = 1 << 18;
        const NO_MANDATORY_KEYS = 1 << 19;
    }
}

/// Flag names in the order in which COMMAND INFO lists them.
pub const FLAG_NAMES: &[(Flags, &str)] = &[
    (Flags::WRITE, "write"),
    (Flags::READONLY, "readonly"),
    (Flags::DENYOOM, "denyoom"),
    (Flags::ADMIN, "admin"),
    (Flags::PUBSUB, "pubsub"),
    (Flags::NOSCRIPT, "noscript"),
    (Flags::BLOCKING, "blocking"),
    (Flags::LOADING, "loading"),
    (Flags::STALE, "stale"),
    (Flags::SKIP_MONITOR, "skip_monitor"),
    (Flags::SKIP_COMMANDLOG, "skip_commandlog"),
    (Flags::ASKING, "asking"),
    (Flags::FAST, "fast"),
    (Flags::NO_AUTH, "no_auth"),
    (Flags::MAY_REPLICATE, "may_replicate"),
    (Flags::NO_MANDATORY_KEYS, "no_mandatory_keys"),
    (Flags::NO_ASYNC_LOADING, "no_async_loading"),
    (Flags::NO_MULTI, "no_multi"),
    (Flags::MOVABLEKEYS, "movablekeys"),
    (Flags::ALLOW_BUSY, "allow_busy"),
];

bitflags! {
    /// ACL categories; those that follow from [`Flags`] are added by [`CommandSpec::categories`].
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Category: u32 {
        const KEYSPACE = 1 << 0;
        const READ = 1 << 1;
        const WRITE = 1 << 2;
        const SET = 1 << 3;
        const SORTEDSET = 1 << 4;
        const LIST = 1 << 5;
        const HASH = 1 << 6;
        const STRING = 1 << 7;
        const BITMAP = 1 << 8;
        const HYPERLOGLOG = 1 << 9;
        const GEO = 1 << 10;
        const STREAM = 1 << 11;
        const PUBSUB = 1 << 12;
        const ADMIN = 1 << 13;
        const FAST = 1 << 14;
        const SLOW = 1 << 15;
        const BLOCKING = 1 << 16;
        const DANGEROUS = 1 << 17;
        const CONNECTION = 1 << 18;
        const TRANSACTION = 1 << 19;
        const SCRIPTING = 1 << 20;
    }
}

/// Category names without their `@`.
pub const CATEGORY_NAMES: &[(Category, &str)] = &[
    (Category::KEYSPACE, "keyspace"),
    (Category::READ, "read"),
    (Category::WRITE, "write"),
    (Category::SET, "set"),
    (Category::SORTEDSET, "sortedset"),
    (Category::LIST, "list"),
    (Category::HASH, "hash"),
    (Category::STRING, "string"),
    (Category::BITMAP, "bitmap"),
    (Category::HYPERLOGLOG, "hyperloglog"),
    (Category::GEO, "geo"),
    (Category::STREAM, "stream"),
    (Category::PUBSUB, "pubsub"),
    (Category::ADMIN, "admin"),
    (Category::FAST, "fast"),
    (Category::SLOW, "slow"),
    (Category::BLOCKING, "blocking"),
    (Category::DANGEROUS, "dangerous"),
    (Category::CONNECTION, "connection"),
    (Category::TRANSACTION, "transaction"),
    (Category::SCRIPTING, "scripting"),
];
