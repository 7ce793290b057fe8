//! What a command is: its row in the command table.

use bitflags::bitflags;

use super::call::{Call, CommandResult};

/// The function that runs a command.
pub type Handler = fn(&mut Call<'_>) -> CommandResult;

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

/// The group COMMAND DOCS puts a command in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    String,
    Generic,
    Connection,
    Server,
    Cluster,
    Hash,
    List,
    Set,
    SortedSet,
    Stream,
    Bitmap,
    HyperLogLog,
    Geo,
    PubSub,
    Transactions,
    Scripting,
}

impl Group {
    /// The name in COMMAND DOCS.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Generic => "generic",
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Cluster => "cluster",
            Self::Hash => "hash",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "sorted-set",
            Self::Stream => "stream",
            Self::Bitmap => "bitmap",
            Self::HyperLogLog => "hyperloglog",
            Self::Geo => "geo",
            Self::PubSub => "pubsub",
            Self::Transactions => "transactions",
            Self::Scripting => "scripting",
        }
    }
}

bitflags! {
    /// What a command does with a key, as COMMAND INFO's key specifications name it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct KeyFlags: u16 {
        const RO = 1 << 0;
        const RW = 1 << 1;
        const OW = 1 << 2;
        const RM = 1 << 3;
        const ACCESS = 1 << 4;
        const UPDATE = 1 << 5;
        const INSERT = 1 << 6;
        const DELETE = 1 << 7;
        const NOT_KEY = 1 << 8;
        const INCOMPLETE = 1 << 9;
        const VARIABLE_FLAGS = 1 << 10;
    }
}

/// Key flag names in the order in which COMMAND INFO lists them.
pub const KEY_FLAG_NAMES: &[(KeyFlags, &str)] = &[
    (KeyFlags::RO, "RO"),
    (KeyFlags::RW, "RW"),
    (KeyFlags::OW, "OW"),
    (KeyFlags::RM, "RM"),
    (KeyFlags::ACCESS, "access"),
    (KeyFlags::UPDATE, "update"),
    (KeyFlags::INSERT, "insert"),
    (KeyFlags::DELETE, "delete"),
    (KeyFlags::NOT_KEY, "not_key"),
    (KeyFlags::INCOMPLETE, "incomplete"),
    (KeyFlags::VARIABLE_FLAGS, "variable_flags"),
];

/// Where the arguments that hold keys begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginSearch {
    /// At this argument.
    Index(usize),
    /// Behind this word, searched from an argument on (from the end backwards when negative).
    Keyword(&'static str, i32),
    /// Nowhere that could be told from the arguments' positions.
    Unknown,
}

/// Which arguments from there on hold keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKeys {
    /// Up to `last` (relative to the beginning; negative: from the last argument), every `step`th; a `limit` of n > 1
    /// stops after 1/n of the arguments.
    Range { last: i32, step: usize, limit: usize },
    /// An argument tells how many: at `count` after the beginning; the first key at `first`, then every `step`th.
    Count { count: usize, first: usize, step: usize },
    /// Unknown.
    Unknown,
}

/// Where a command's keys stand and what becomes of them.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    pub flags: KeyFlags,
    pub begin: BeginSearch,
    pub find: FindKeys,
    pub notes: Option<&'static str>,
}

impl KeySpec {
    /// One key at argument `index`.
    pub const fn one(index: usize, flags: KeyFlags) -> Self {
        Self::range(index, 0, 1, flags)
    }

    /// Keys from argument `index` to `last` (negative: from the end), every `step`th.
    pub const fn range(index: usize, last: i32, step: usize, flags: KeyFlags) -> Self {
        Self {
            flags,
            begin: BeginSearch::Index(index),
            find: FindKeys::Range { last, step, limit: 0 },
            notes: None,
        }
    }

    /// As many keys as the number in argument `index` says, behind it, every `step`th.
    pub const fn counted(index: usize, step: usize, flags: KeyFlags) -> Self {
        let find = FindKeys::Count { count: 0, first: 1, step };
        Self { flags, begin: BeginSearch::Index(index), find, notes: None }
    }

    /// The same with a note for COMMAND INFO.
    pub const fn notes(self, notes: &'static str) -> Self {
        Self { notes: Some(notes), ..self }
    }
}

/// A row of the command table.
#[derive(Debug)]
pub struct CommandSpec {
    /// In lower case; a subcommand as `container|name`.
    pub name: &'static str,
    /// Number of arguments, the name included; negative: at least that many.
    pub arity: i32,
    pub flags: Flags,
    pub handler: Handler,
    pub group: Group,
    pub since: &'static str,
    pub summary: &'static str,
    /// The arguments behind the name, as HELP of a container shows them.
    pub usage: &'static str,
    pub key_specs: &'static [KeySpec],
    pub tips: &'static [&'static str],
    pub subcommands: &'static [CommandSpec],
    extra_categories: Category,
}

impl CommandSpec {
    /// A row without keys, flags and subcommands.
    pub const fn new(name: &'static str, arity: i32, group: Group, handler: Handler) -> Self {
        let extra_categories = match group {
            Group::String => Category::STRING,
            Group::Generic => Category::KEYSPACE,
            Group::Connection => Category::CONNECTION,
            Group::Server | Group::Cluster => Category::empty(),
            Group::Hash => Category::HASH,
            Group::List => Category::LIST,
            Group::Set => Category::SET,
            Group::SortedSet => Category::SORTEDSET,
            Group::Stream => Category::STREAM,
            Group::Bitmap => Category::BITMAP,
            Group::HyperLogLog => Category::HYPERLOGLOG,
            Group::Geo => Category::GEO,
            Group::PubSub => Category::PUBSUB,
            Group::Transactions => Category::TRANSACTION,
            Group::Scripting => Category::SCRIPTING,
        };
        Self {
            name,
            arity,
            flags: Flags::empty(),
            handler,
            group,
            since: "1.0.0",
            summary: "",
            usage: "",
            key_specs: &[],
            tips: &[],
            subcommands: &[],
            extra_categories,
        }
    }

    /// A command that only holds subcommands.
    pub const fn container(name: &'static str, group: Group, subcommands: &'static [CommandSpec]) -> Self {
        Self { subcommands, extra_categories: Category::empty(), ..Self::new(name, -2, group, no_subcommand) }
    }

    /// Set the flags.
    pub const fn flags(self, flags: Flags) -> Self {
        Self { flags, ..self }
    }

    /// Set the key specifications.
    pub const fn keys(self, key_specs: &'static [KeySpec]) -> Self {
        Self { key_specs, ..self }
    }

    /// Set since when Redis has it and what it does, in our own words.
    pub const fn about(self, since: &'static str, summary: &'static str) -> Self {
        Self { since, summary, ..self }
    }

    /// Set the arguments that HELP of the container shows.
    pub const fn usage(self, usage: &'static str) -> Self {
        Self { usage, ..self }
    }

    /// Set the hints for clients and proxies.
    pub const fn tips(self, tips: &'static [&'static str]) -> Self {
        Self { tips, ..self }
    }

    /// Replace the ACL categories that the group brings along.
    pub const fn with_categories(self, extra_categories: Category) -> Self {
        Self { extra_categories, ..self }
    }

    /// ACL categories: the command's own and those that its flags bring along.
    pub fn categories(&self) -> Category {
        let mut categories = self.extra_categories;
        let implied = [
            (Flags::WRITE, Category::WRITE),
            (Flags::ADMIN, Category::ADMIN.union(Category::DANGEROUS)),
            (Flags::PUBSUB, Category::PUBSUB),
            (Flags::BLOCKING, Category::BLOCKING),
        ];
        for (flag, category) in implied {
            if self.flags.contains(flag) {
                categories |= category;
            }
        }
        if self.flags.contains(Flags::READONLY) && !categories.contains(Category::SCRIPTING) {
            categories |= Category::READ;
        }
        categories | if self.flags.contains(Flags::FAST) { Category::FAST } else { Category::SLOW }
    }

    /// The name without its container.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('|').next().unwrap_or(self.name)
    }

    /// True when a command of `count` arguments is not too short or too long.
    #[inline]
    pub fn accepts(&self, count: usize) -> bool {
        let count = count as i64;
        let arity = i64::from(self.arity);
        if arity >= 0 { count == arity } else { count >= -arity }
    }

    /// The argument that is the first key, if that can be told without looking at the others.
    #[inline]
    pub fn first_key_index(&self) -> Option<usize> {
        match self.key_specs.first()?.begin {
            BeginSearch::Index(index) if !matches!(self.key_specs[0].find, FindKeys::Count { .. }) => {
                Some(index)
            }
            _ => None,
        }
    }

    /// First key, last key and step as old clients know them: only keys at fixed positions; zeros when there are none.
    pub fn legacy_key_range(&self) -> (i32, i32, i32) {
        let ranges: Vec<(i32, i32, i32)> = self
            .key_specs
            .iter()
            .filter_map(|spec| match (spec.begin, spec.find) {
                (BeginSearch::Index(index), FindKeys::Range { last, step, .. }) => {
                    let first = index as i32;
                    Some((first, if last >= 0 { first + last } else { last }, step as i32))
                }
                _ => None,
            })
            .collect();
        match ranges.as_slice() {
            [] => (0, 0, 0),
            [only] => *only,
            // Neighbours are told as one range.
            [first, .., last] => (first.0, last.1, first.2),
        }
    }
}

fn no_subcommand(_call: &mut Call<'_>) -> CommandResult {
    // The dispatcher refuses a container without a known subcommand before it comes here.
    Err(super::error::CommandError::SYNTAX)
}
