//! What OBJECT ENCODING says of a set, and when that changes.

use crate::resp::parse_i64;

/// The encodings of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetEncoding {
    IntSet,
    ListPack,
    HashTable,
}

/// `set-max-intset-entries`, `set-max-listpack-entries` and `set-max-listpack-value`.
#[derive(Clone, Copy, Debug)]
pub struct SetLimits {
    pub intset_entries: usize,
    pub listpack_entries: usize,
    /// Bytes of a member.
    pub listpack_value_bytes: usize,
}

impl SetEncoding {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::IntSet => "intset",
            Self::ListPack => "listpack",
            Self::HashTable => "hashtable",
        }
    }

    /// The encoding of a set that is new and about to get `count` members, the first of which is `first`.
    pub fn of_new(first: &[u8], count: usize, limits: &SetLimits) -> Self {
        if parse_i64(first).is_some() && count <= limits.intset_entries {
            Self::IntSet
        } else if count <= limits.listpack_entries {
            Self::ListPack
        } else {
            Self::HashTable
        }
    }

    /// The encoding of a set that is about to get `count` members, which may be in it already.
    pub fn expecting(self, count: usize, limits: &SetLimits) -> Self {
        match self {
            Self::IntSet if count > limits.intset_entries => Self::HashTable,
            Self::ListPack if count > limits.listpack_entries => Self::HashTable,
            other => other,
        }
    }

    /// The encoding of a set of `count` members that gets another. `widest` gives the longest text of an integer in it.
    pub fn with(
        self,
        member: &[u8],
        count: usize,
        widest: impl FnOnce() -> usize,
        limits: &SetLimits,
    ) -> Self {
        let fits = count < limits.listpack_entries && member.len() <= limits.listpack_value_bytes;
        match self {
            Self::IntSet if parse_i64(member).is_some() => {
                // Valkey's integer sets hold a thousand million, whatever the setting.
                if count < limits.intset_entries.min(1 << 30) { Self::IntSet } else { Self::HashTable }
            }
            Self::IntSet if fits && widest() <= limits.listpack_value_bytes => Self::ListPack,
            Self::ListPack if fits => Self::ListPack,
            _ => Self::HashTable,
        }
    }
}
