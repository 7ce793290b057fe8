//! The commands: one function each, one row each in its file's table.
//!
//! To add a command: write its function beside its kin, add its row to that file's `TABLE`; a new file's table is
//! listed in [`TABLES`].

pub mod call;
pub mod error;
pub mod keys;
pub mod registry;
pub mod spec;

mod connection;
mod help;
mod string;

pub use registry::registry;

use spec::CommandSpec;

/// The tables of all files.
const TABLES: &[&[CommandSpec]] = &[connection::TABLE, string::TABLE];
