//! What a command is: its row in the command table.

use super::call::{Call, CommandResult};
pub use super::flags::{CATEGORY_NAMES, Category, FLAG_NAMES, Flags};
pub use super::key_spec::{BeginSearch, FindKeys, KEY_FLAG_NAMES, KeyFinder, KeyFlags, KeySpec};

/// The function that runs a command.
pub type Handler = fn(&mut Call<'_>) -> CommandResult;

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
    /// The arguments behind the name: `WORD` as it is, `name` of an argument, `[optional]`, `<one | of>`, `[many ...]`.
    /// HELP of a container shows them, COMMAND DOCS takes them apart.
    pub usage: &'static str,
    pub key_specs: &'static [KeySpec],
    /// Tells the keys where the specifications can't: unknown positions, flags that depend on other arguments.
    pub key_finder: Option<KeyFinder>,
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
            key_finder: None,
            tips: &[],
            subcommands: &[],
            extra_categories,
        }
    }

    /// A command that only holds subcommands.
    pub const fn container(name: &'static str, group: Group, subcommands: &'static [CommandSpec]) -> Self {
        Self { subcommands, extra_categories: Category::empty(), ..Self::new(name, -2, group, no_subcommand) }
    }

    /// Let a command that holds subcommands also be called without one.
    pub const fn alone(self, handler: Handler) -> Self {
        Self { arity: -1, handler, ..self }
    }

    /// Set the flags.
    pub const fn flags(self, flags: Flags) -> Self {
        Self { flags, ..self }
    }

    /// Set the key specifications.
    pub const fn keys(self, key_specs: &'static [KeySpec]) -> Self {
        Self { key_specs, ..self }
    }

    /// Set the function that tells the keys where the specifications can't.
    pub const fn finds_keys(self, key_finder: KeyFinder) -> Self {
        Self { key_finder: Some(key_finder), ..self }
    }

    /// Set since when Redis has it and what it does, in our own words.
    pub const fn about(self, since: &'static str, summary: &'static str) -> Self {
        Self { since, summary, ..self }
    }

    /// Set the arguments, in the form that [`CommandSpec::usage`] describes.
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

    /// The flags as COMMAND INFO gives them: `movablekeys` follows from the key specifications.
    pub fn shown_flags(&self) -> Flags {
        let movable = self.key_specs.iter().any(|spec| spec.flags.contains(KeyFlags::INCOMPLETE))
            || self.ranges_told_as_one().len() < self.key_specs.len();
        if movable { self.flags | Flags::MOVABLEKEYS } else { self.flags }
    }

    /// First key, last key and step as old clients know them: only keys at fixed positions; zeros when there are none.
    pub fn legacy_key_range(&self) -> (i32, i32, i32) {
        match self.ranges_told_as_one().as_slice() {
            [] => (0, 0, 0),
            [only] => *only,
            [first, .., last] => (first.0, last.1, 1),
        }
    }

    /// First key, last key and step of the specifications that together are one range: a single range of any step, or
    /// neighbours without gaps.
    fn ranges_told_as_one(&self) -> Vec<(i32, i32, i32)> {
        let alone = self.key_specs.len() == 1;
        let mut ranges: Vec<(i32, i32, i32)> = Vec::new();
        for spec in self.key_specs {
            let (BeginSearch::Index(index), FindKeys::Range { last, step, .. }) = (spec.begin, spec.find)
            else {
                continue;
            };
            let first = index as i32;
            let follows = ranges.last().is_none_or(|range| range.1 == first - 1);
            if alone || (step == 1 && follows) {
                ranges.push((first, if last >= 0 { first + last } else { last }, step as i32));
            }
        }
        ranges
    }
}

fn no_subcommand(_call: &mut Call<'_>) -> CommandResult {
    // The dispatcher refuses a container without a known subcommand before it comes here.
    Err(super::error::CommandError::SYNTAX)
}
