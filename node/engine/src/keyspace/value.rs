//! The types in which values go into the keyspace and come out of it.

use std::sync::Arc;

use crate::collections::Object;
use crate::slot::SlotIndex;

/// A key with the two hashes that find it, computed once a command.
#[derive(Clone, Copy, Debug)]
pub struct HashedKey<'a> {
    pub bytes: &'a [u8],
    pub slot: SlotIndex,
    pub hash: u64,
}

/// What a key holds, as TYPE names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ValueType {
    String = 0,
    List = 1,
    Set = 2,
    SortedSet = 3,
    Hash = 4,
    Stream = 5,
}

/// A string as it lies in the keyspace.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A string that is a canonical 64-bit integer.
    Int(i64),
    /// A string stored in its entry. `raw` when it has been modified in place (OBJECT ENCODING tells).
    Bytes { bytes: &'a [u8], raw: bool },
    /// A long string in an allocation of its own, shared with replies that are being sent.
    Large(&'a Arc<Vec<u8>>),
}

/// A collection as it lies in the keyspace.
#[derive(Clone, Copy, Debug)]
pub enum Collection<'a> {
    /// Bytes in its entry, in the form that the type's module knows. `flag` is the type's own: which of two encodings
    /// it has.
    Packed { bytes: &'a [u8], flag: bool },
    /// A structure.
    Object(&'a Object),
}

/// A key holds a value of another type than the command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongType;

/// A value to be stored.
#[derive(Debug)]
pub enum NewValue<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    /// As `Bytes`, marked as modified in place.
    Raw(&'a [u8]),
    Large(Arc<Vec<u8>>),
    /// A small collection; see [`Collection::Packed`]. Shorter than 64 KiB.
    Packed {
        value_type: ValueType,
        bytes: &'a [u8],
        flag: bool,
    },
    Object(Box<Object>),
}

/// A change to a packed collection: `remove` bytes from `at` on give way to the pieces of `insert`.
#[derive(Clone, Copy, Debug)]
pub struct Splice<'a> {
    pub at: usize,
    pub remove: usize,
    pub insert: &'a [&'a [u8]],
}

impl Splice<'_> {
    /// Bytes put in.
    #[inline]
    pub fn inserted_bytes(&self) -> usize {
        self.insert.iter().map(|piece| piece.len()).sum()
    }
}

/// What becomes of a key's expiry when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewExpiry {
    /// The key does not expire.
    None,
    /// The key keeps the expiry it has.
    Keep,
    /// The key expires at this Unix time in milliseconds.
    At(i64),
}
