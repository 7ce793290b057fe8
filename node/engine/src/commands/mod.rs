//! The commands: one function each, one row each in its file's table.
//!
//! To add a command: write its function beside its kin, add its row to that file's `TABLE`; a new file's table is
//! listed in [`TABLES`].

pub mod blocking;
pub mod call;
pub mod error;
pub mod flags;
pub mod key_spec;
pub mod keys;
pub mod registry;
pub mod spec;

mod bitmap;
mod bitmap_field;
mod bitmap_op;
mod client;
mod client_filter;
mod client_kill;
mod client_list;
mod client_tracking;
mod client_wait;
mod cluster;
mod command_log;
mod config;
mod connection;
mod control;
mod counter;
mod database;
mod debug;
mod debug_protocol;
mod edited;
mod expire;
mod expiry;
mod generic;
mod geo;
mod geo_search;
mod hash;
mod hash_counter;
mod hash_edit;
mod hash_expire;
mod hash_list;
mod hash_options;
mod hello;
mod help;
mod hyperloglog;
mod introspect;
mod introspect_docs;
mod introspect_info;
mod latency;
mod lcs;
mod list;
mod list_blocking;
mod list_move;
mod list_range;
mod list_search;
mod list_store;
mod list_value;
mod memory;
mod monitor;
mod object;
mod options;
mod pubsub;
mod sampling;
mod scan;
mod scan_options;
mod server;
mod set;
mod set_algebra;
mod set_edit;
mod set_random;
mod sort;
mod sort_options;
mod sort_pattern;
mod stream;
mod stream_access;
mod stream_claim;
mod stream_group;
mod stream_info;
mod stream_pending;
mod stream_range;
mod stream_read;
mod stream_read_request;
mod stream_trim;
mod string;
mod string_many;
mod string_range;
pub mod text;
mod transaction;
mod usage;
mod zset;
mod zset_algebra;
mod zset_blocking;
mod zset_bounds;
mod zset_random;
mod zset_range;
mod zset_rank;
mod zset_remove;
mod zset_store;
mod zset_value;

pub use registry::registry;

use spec::CommandSpec;

/// The tables of all files.
const TABLES: &[&[CommandSpec]] = &[
    bitmap::TABLE,
    bitmap_field::TABLE,
    bitmap_op::TABLE,
    #[cfg(test)]
    blocking::tests::TABLE,
    client::TABLE,
    cluster::TABLE,
    command_log::TABLE,
    config::TABLE,
    connection::TABLE,
    control::TABLE,
    counter::TABLE,
    database::TABLE,
    debug::TABLE,
    expire::TABLE,
    generic::TABLE,
    geo::TABLE,
    geo_search::TABLE,
    hash::TABLE,
    hash_counter::TABLE,
    hash_expire::TABLE,
    hash_list::TABLE,
    hash_options::TABLE,
    hello::TABLE,
    hyperloglog::TABLE,
    introspect::TABLE,
    latency::TABLE,
    lcs::TABLE,
    list::TABLE,
    list_blocking::TABLE,
    list_move::TABLE,
    list_range::TABLE,
    list_search::TABLE,
    memory::TABLE,
    monitor::TABLE,
    object::TABLE,
    pubsub::TABLE,
    scan::TABLE,
    server::TABLE,
    set::TABLE,
    set_algebra::TABLE,
    set_random::TABLE,
    sort::TABLE,
    stream::TABLE,
    stream_claim::TABLE,
    stream_group::TABLE,
    stream_info::TABLE,
    stream_pending::TABLE,
    stream_range::TABLE,
    stream_read::TABLE,
    stream_trim::TABLE,
    string::TABLE,
    string_many::TABLE,
    string_range::TABLE,
    transaction::TABLE,
    zset::TABLE,
    zset_algebra::TABLE,
    zset_blocking::TABLE,
    zset_random::TABLE,
    zset_range::TABLE,
    zset_rank::TABLE,
    zset_remove::TABLE,
];
