//! What SORT is asked for.

use std::ops::Range;

use super::call::Call;
use super::error::CommandError;
use super::key_spec::KeyFlags;
use super::keys::InvalidKeys;
use super::sort_pattern::Pattern;
use crate::resp::Args;
use crate::slot::{key_slot, pattern_slot};

const BY_DENIED: CommandError = CommandError::text(
    "ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.",
);
const GET_DENIED: CommandError = CommandError::text(
    "ERR GET option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots.",
);

/// The arguments of SORT behind the key.
pub(super) struct SortOptions<'a> {
    pub by: Option<Pattern<'a>>,
    /// BY had no place for the element: everything stays in the order it is in.
    pub unsorted: bool,
    pub get: Vec<Pattern<'a>>,
    pub descending: bool,
    pub alpha: bool,
    /// The argument that is the destination.
    pub store: Option<usize>,
    offset: i64,
    count: i64,
}

impl<'a> SortOptions<'a> {
    /// Read the arguments.
    ///
    /// # Errors
    /// A syntax error; a limit that is no integer; in a cluster, a pattern whose keys may be in other slots.
    pub fn parse(call: &Call<'a>, may_store: bool) -> Result<Self, CommandError> {
        let mut options = Self {
            by: None,
            unsorted: false,
            get: Vec::new(),
            descending: false,
            alpha: false,
            store: None,
            offset: 0,
            count: -1,
        };
        let mut index = 2;
        while index < call.args.len() {
            let is = |word, values| index + values < call.args.len() && call.is_word(index, word);
            let mut taken = 1;
            if is("ASC", 0) {
                options.descending = false;
            } else if is("DESC", 0) {
                options.descending = true;
            } else if is("ALPHA", 0) {
                options.alpha = true;
            } else if is("LIMIT", 2) {
                (options.offset, options.count) = (call.integer(index + 1)?, call.integer(index + 2)?);
                taken = 3;
            } else if may_store && is("STORE", 1) {
                options.store = Some(index + 1);
                taken = 2;
            } else if is("BY", 1) {
                options.sort_by(call, call.args.get(index + 1))?;
                taken = 2;
            } else if is("GET", 1) {
                let text = call.args.get(index + 1);
                let pattern = Pattern::parse(text);
                if pattern != Pattern::Element && is_elsewhere(call, text) {
                    return Err(GET_DENIED);
                }
                options.get.push(pattern);
                taken = 2;
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += taken;
        }
        Ok(options)
    }

    fn sort_by(&mut self, call: &Call<'a>, text: &'a [u8]) -> Result<(), CommandError> {
        let pattern = Pattern::parse(text);
        self.by = Some(pattern);
        if !matches!(pattern, Pattern::Key { .. }) {
            self.unsorted = true;
        } else if is_elsewhere(call, text) {
            return Err(BY_DENIED);
        }
        Ok(())
    }

    /// Which of `length` elements LIMIT leaves.
    pub fn window(&self, length: usize) -> Range<usize> {
        let start = usize::try_from(self.offset.max(0)).map_or(length, |start| start.min(length));
        let count = usize::try_from(self.count).unwrap_or(length);
        start..start.saturating_add(count).min(length)
    }
}

/// Whether the keys that a pattern makes may be in another slot than the key that is sorted, and that matters.
fn is_elsewhere(call: &Call<'_>, pattern: &[u8]) -> bool {
    call.server.identity.cluster && pattern_slot(pattern) != Some(key_slot(call.args.get(1)))
}

/// The key that is sorted and the last destination, wherever that stands.
pub(super) fn sort_keys(args: Args<'_>) -> Result<Vec<(usize, KeyFlags)>, InvalidKeys> {
    let is = |index, word: &str| args.get(index).eq_ignore_ascii_case(word.as_bytes());
    let mut keys = vec![(1, KeyFlags::RO.union(KeyFlags::ACCESS))];
    let mut index = 2;
    while index < args.len() {
        if is(index, "LIMIT") {
            index += 2;
        } else if is(index, "GET") || is(index, "BY") {
            index += 1;
        } else if is(index, "STORE") && index + 1 < args.len() {
            keys.truncate(1);
            keys.push((index + 1, KeyFlags::OW.union(KeyFlags::UPDATE)));
        }
        index += 1;
    }
    Ok(keys)
}

/// The key that is sorted; those that the patterns make can't be told.
pub(super) fn sort_ro_keys(_args: Args<'_>) -> Result<Vec<(usize, KeyFlags)>, InvalidKeys> {
    Ok(vec![(1, KeyFlags::RO.union(KeyFlags::ACCESS))])
}
