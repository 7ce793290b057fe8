//! Databases as wholes.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{Category, CommandSpec, Flags, Group};
use crate::resp::parse_i64;
use crate::server::Change;

/// Argument `index` as the number of a database.
///
/// # Errors
/// It is no integer, or there is no such database.
pub(super) fn database_index(call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
    let number = call.integer(index)?;
    let number = i32::try_from(number).map_err(|_| {
        CommandError::text("ERR value is out of range, value must between -2147483648 and 2147483647")
    })?;
    existing(call, number)
}

fn existing(call: &Call<'_>, number: i32) -> Result<usize, CommandError> {
    usize::try_from(number)
        .ok()
        .filter(|number| *number < call.keys.keyspace.database_count())
        .ok_or(CommandError::DB_INDEX_OUT_OF_RANGE)
}

/// SWAPDB index1 index2
fn swapdb(call: &mut Call<'_>) -> CommandResult {
    if call.server.identity.cluster {
        return Err(CommandError::text("ERR SWAPDB is not allowed in cluster mode"));
    }
    let number = |index, error| {
        parse_i64(call.args.get(index))
            .and_then(|number| i32::try_from(number).ok())
            .ok_or(CommandError::text(error))
    };
    let first = number(1, "ERR invalid first DB index")?;
    let second = number(2, "ERR invalid second DB index")?;
    let (first, second) = (existing(call, first)?, existing(call, second)?);
    call.keys.keyspace.swap(first, second);
    if first != second {
        call.server.changes.note_all(Change::Swapped { first, second });
    }
    call.dirty += 1;
    call.reply.ok();
    Ok(())
}

/// FLUSHDB [ASYNC | SYNC]
fn flushdb(call: &mut Call<'_>) -> CommandResult {
    let db = call.session.db;
    flush(call, db..db + 1)
}

/// FLUSHALL [ASYNC | SYNC]
fn flushall(call: &mut Call<'_>) -> CommandResult {
    let count = call.keys.keyspace.database_count();
    flush(call, 0..count)
}

fn flush(call: &mut Call<'_>, databases: std::ops::Range<usize>) -> CommandResult {
    // As in Redis's default configuration, memory is freed later unless SYNC demands to wait for it.
    let wait = match call.args.len() {
        1 => false,
        2 if call.is_word(1, "SYNC") => true,
        2 if call.is_word(1, "ASYNC") => false,
        _ => return Err(CommandError::SYNTAX),
    };
    for db in databases {
        call.dirty += call.keys.keyspace.database(db).len();
        if wait {
            call.keys.keyspace.database_mut(db).clear();
        } else {
            call.keys.keyspace.clear_lazily(db);
        }
        call.server.changes.note_all(Change::Flushed { db });
    }
    call.dirty += 1;
    call.reply.ok();
    Ok(())
}

const DANGEROUS: Category = Category::KEYSPACE.union(Category::DANGEROUS);
const ALL: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("swapdb", 3, Group::Server, swapdb)
        .flags(Flags::WRITE.union(Flags::FAST))
        .with_categories(DANGEROUS)
        .usage("index1 index2")
        .about("4.0.0", "Exchange two databases."),
    CommandSpec::new("flushdb", -1, Group::Server, flushdb)
        .flags(Flags::WRITE)
        .with_categories(DANGEROUS)
        .tips(ALL)
        .usage("[ASYNC | SYNC]")
        .about("1.0.0", "Remove all keys of the database."),
    CommandSpec::new("flushall", -1, Group::Server, flushall)
        .flags(Flags::WRITE)
        .with_categories(DANGEROUS)
        .tips(ALL)
        .usage("[ASYNC | SYNC]")
        .about("1.0.0", "Remove all keys of all databases."),
];
