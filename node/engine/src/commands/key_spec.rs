//! Where the keys of a command stand among its arguments, and what becomes of them.

use bitflags::bitflags;

use super::keys::InvalidKeys;
use crate::resp::Args;

/// Tells which arguments of a command are keys, and what becomes of each.
pub type KeyFinder = fn(Args<'_>) -> Result<Vec<(usize, KeyFlags)>, InvalidKeys>;

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
