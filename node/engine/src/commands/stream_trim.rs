//! XTRIM, and the options about trimming that XADD has as well.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::stream_access::{stream_mut, strict_id};
use crate::collections::Object;
use crate::collections::stream::{Bound, Log, Stream, Trim};
use crate::keyspace::Keys;
use crate::resp::parse_i64;
use crate::server::EventClass;

/// Approximate trimming removes at most so many full blocks at once, unless a limit was given,
const BLOCKS_TRIMMED_MAX: i64 = 100;
/// so many entries if the size of blocks is not limited,
const UNLIMITED_TRIMMED_MAX: i64 = 10_000;
/// and so many entries in any case.
const TRIMMED_MAX: i64 = 1_000_000;

/// The options about trimming as they are read.
#[derive(Debug, Default)]
pub(super) struct TrimOptions {
    bound: Option<Bound>,
    approximate: bool,
    limit: Option<i64>,
}

impl TrimOptions {
    /// Read the option at argument `index`; returns the argument behind it, or `None` if it is no option about trimming.
    ///
    /// # Errors
    /// Redis's, for numbers that are none or negative, and for a second bound.
    pub fn read(&mut self, call: &Call<'_>, index: usize) -> Result<Option<usize>, CommandError> {
        if index + 1 >= call.args.len() {
            return Ok(None);
        }
        if call.is_word(index, "maxlen") {
            let value = self.read_approximation(call, index)?;
            let length = call.integer(value)?;
            let length = u64::try_from(length)
                .map_err(|_| CommandError::text("ERR The MAXLEN argument must be >= 0."))?;
            self.bound = Some(Bound::Length(length));
            return Ok(Some(value + 1));
        }
        if call.is_word(index, "minid") {
            let value = self.read_approximation(call, index)?;
            self.bound = Some(Bound::Id(strict_id(call.args.get(value), 0)?));
            return Ok(Some(value + 1));
        }
        if call.is_word(index, "limit") {
            let limit = parse_i64(call.args.get(index + 1)).ok_or(CommandError::NOT_AN_INTEGER)?;
            if limit < 0 {
                return Err(CommandError::text("ERR The LIMIT argument must be >= 0."));
            }
            self.limit = Some(limit);
            return Ok(Some(index + 2));
        }
        Ok(None)
    }

    /// Read the `~` or `=` that may follow a bound's name; returns the argument of the bound's value.
    fn read_approximation(&mut self, call: &Call<'_>, index: usize) -> Result<usize, CommandError> {
        if self.bound.is_some() {
            return Err(CommandError::text(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
            ));
        }
        let has_more = index + 2 < call.args.len();
        self.approximate = has_more && call.args.get(index + 1) == b"~";
        let is_exact = has_more && call.args.get(index + 1) == b"=";
        Ok(index + 1 + usize::from(self.approximate || is_exact))
    }

    /// What the options ask for together; `None`: nothing.
    ///
    /// # Errors
    /// Redis's, for a limit that limits nothing, and for no bound if one is `needed`.
    pub fn finish(self, needed: bool, block_entries: i64) -> Result<Option<Trim>, CommandError> {
        let Some(bound) = self.bound else {
            if self.limit.is_some_and(|limit| limit > 0) {
                return Err(CommandError::text(
                    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
                ));
            }
            if needed {
                return Err(CommandError::text(
                    "ERR syntax error, XTRIM must be called with a trimming strategy",
                ));
            }
            self.check_limit()?;
            return Ok(None);
        };
        self.check_limit()?;
        let limit = match self.limit {
            Some(0) => None,
            Some(limit) => Some(limit),
            None if !self.approximate => None,
            None => Some(match block_entries.saturating_mul(BLOCKS_TRIMMED_MAX) {
                0 => UNLIMITED_TRIMMED_MAX,
                limit => limit.min(TRIMMED_MAX),
            }),
        };
        Ok(Some(Trim { bound, approximate: self.approximate, limit: limit.map(|limit| limit as u64) }))
    }

    fn check_limit(&self) -> CommandResult {
        if self.limit.is_some() && !self.approximate {
            return Err(CommandError::text(
                "ERR syntax error, LIMIT cannot be used without the special ~ option",
            ));
        }
        Ok(())
    }
}

/// Trim a log; returns how many entries were removed, and what is to be given to [`dispose`].
pub(super) fn trim(log: &mut Log, trim: &Trim) -> (u64, Option<Log>) {
    let trimmed = log.trim(trim);
    (trimmed.removed, trimmed.remains)
}

/// Free what trimming left, in slices.
pub(super) fn dispose(keys: &mut Keys<'_>, remains: Option<Log>) {
    if let Some(log) = remains {
        keys.dispose(Object::Stream(Box::new(Stream::of_log(log))));
    }
}

/// XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]
fn xtrim(call: &mut Call<'_>) -> CommandResult {
    let mut options = TrimOptions::default();
    let mut index = 2;
    while index < call.args.len() {
        index = options.read(call, index)?.ok_or(CommandError::SYNTAX)?;
    }
    let asked = options.finish(true, call.server.config.packed.stream_node_max_entries)?;
    let key = call.key(1);
    let (removed, remains) = match (stream_mut(&mut call.keys, &key)?, asked) {
        (Some(stream), Some(asked)) => trim(&mut stream.log, &asked),
        _ => (0, None),
    };
    dispose(&mut call.keys, remains);
    if removed > 0 {
        call.changed(EventClass::STREAM, "xtrim", &key);
        call.dirty += removed - 1;
    }
    call.reply.integer(removed as i64);
    Ok(())
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("xtrim", -4, Group::Stream, xtrim)
    .flags(Flags::WRITE)
    .keys(&[KeySpec::one(1, KeyFlags::RW.union(KeyFlags::DELETE))])
    .tips(&["nondeterministic_output"])
    .usage("key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]")
    .about("5.0.0", "Remove entries from a stream's beginning.")];
