//! The keyspace: sixteen or one databases of 16 384 small hash tables of packed entries.
//!
//! From the outside in: [`Keyspace`] holds the [`Database`]s and their memory; a database has a table of entries for
//! each slot; a table is segments of [`Cell`](cell::Cell)s that point to entries; an entry is one block of memory.
//! Commands see a database through [`Keys`], which keeps expired keys out of sight.

mod cell;
mod database;
mod database_mut;
mod draft;
mod edit;
mod encoding;
mod entry;
mod entry_table;
mod expire;
mod expire_fields;
mod hasher;
mod header;
mod keys;
mod owned;
mod prefetch;
mod segment;
mod space;
mod store;
pub mod table;
mod value;

pub use cell::Cell;
pub use database::Database;
pub use database_mut::DatabaseMut;
pub use draft::EMBEDDED_VALUE_BYTES_MAX;
pub use edit::{Edit, Form, PackedForm};
pub use entry::EntryRef;
pub use expire::ExpireReport;
pub use hasher::KeyHasher;
pub use keys::Keys;
pub use owned::EntryMut;
pub use prefetch::prefetch;
pub use space::{Effect, ExpiryMode, Keyspace, KeyspaceStats};
pub use value::{Collection, HashedKey, NewExpiry, NewValue, Splice, Value, ValueType, WrongType};
