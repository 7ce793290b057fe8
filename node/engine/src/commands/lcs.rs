//! The longest common subsequence of two strings.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::spec::{CommandSpec, Flags, Group, KeyFlags, KeySpec};
use super::text::{bytes_of, string_value};

/// What Redis allocates for a pair of positions; its limit on memory is ours, though ours is a 32nd of it.
const REDIS_CELL_BYTES: u64 = 4;

/// What LCS is to answer with.
#[derive(Default)]
struct Options {
    length_only: bool,
    matches: bool,
    match_length_min: u64,
    with_match_length: bool,
}

/// LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]
fn lcs(call: &mut Call<'_>) -> CommandResult {
    let a = operand(call, 1);
    let b = operand(call, 2);
    let (a, b) = (a?, b?);
    let options = parse(call)?;
    let cells = (a.len() as u64 + 1).saturating_mul(b.len() as u64 + 1);
    if cells.saturating_mul(REDIS_CELL_BYTES) > call.server.config.proto_max_bulk_len {
        return Err(CommandError::text(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
        ));
    }
    let table = Table::new(&a, &b, !options.length_only);
    if options.length_only {
        call.reply.integer(i64::from(table.length));
        return Ok(());
    }
    let matches = table.matches(&a, &b);
    if !options.matches {
        let text: Vec<u8> =
            matches.iter().rev().flat_map(|found| &a[found.a..found.a + found.length]).copied().collect();
        call.reply.bulk(&text);
        return Ok(());
    }
    let shown: Vec<&Match> =
        matches.iter().filter(|found| found.length as u64 >= options.match_length_min).collect();
    call.reply.map(2);
    call.reply.bulk(b"matches");
    call.reply.array(shown.len());
    for found in shown {
        call.reply.array(2 + usize::from(options.with_match_length));
        for start in [found.a, found.b] {
            call.reply.array(2);
            call.reply.integer(start as i64);
            call.reply.integer((start + found.length - 1) as i64);
        }
        if options.with_match_length {
            call.reply.integer(found.length as i64);
        }
    }
    call.reply.bulk(b"len");
    call.reply.integer(i64::from(table.length));
    Ok(())
}

/// The string under the key in argument `index`; empty if there is none.
fn operand(call: &mut Call<'_>, index: usize) -> Result<Vec<u8>, CommandError> {
    let key = call.key(index);
    match call.keys.read(&key) {
        Some(entry) => match string_value(&entry) {
            Ok(value) => Ok(bytes_of(value).into_owned()),
            Err(_) => Err(CommandError::text("ERR The specified keys must contain string values")),
        },
        None => Ok(Vec::new()),
    }
}

fn parse(call: &Call<'_>) -> Result<Options, CommandError> {
    let mut options = Options::default();
    let mut index = 3;
    while index < call.args.len() {
        if call.is_word(index, "IDX") {
            options.matches = true;
        } else if call.is_word(index, "LEN") {
            options.length_only = true;
        } else if call.is_word(index, "WITHMATCHLEN") {
            options.with_match_length = true;
        } else if call.is_word(index, "MINMATCHLEN") && index + 1 < call.args.len() {
            options.match_length_min = u64::try_from(call.integer(index + 1)?).unwrap_or(0);
            index += 1;
        } else {
            return Err(CommandError::SYNTAX);
        }
        index += 1;
    }
    if options.length_only && options.matches {
        return Err(CommandError::text("ERR If you want both the length and indexes, please just use IDX."));
    }
    Ok(options)
}

/// A run of equal bytes: where it begins in both strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Match {
    a: usize,
    b: usize,
    length: usize,
}

/// The dynamic programme's table, of which only the way back is kept: a bit for every pair of positions.
struct Table {
    length: u32,
    /// For prefixes of `a` and `b`, row by row: the bit says that leaving out the last byte of `a` costs less than
    /// leaving out the last of `b`. Empty if only the length is wanted.
    up: Vec<u64>,
    columns: usize,
}

impl Table {
    fn new(a: &[u8], b: &[u8], keep_way: bool) -> Self {
        let columns = b.len();
        let mut table = Self { length: 0, up: Vec::new(), columns };
        if keep_way {
            table.up = vec![0; (a.len() * columns).div_ceil(64)];
        }
        // Lengths for the row above, and for this one as far as it has been calculated.
        let mut above = vec![0u32; columns + 1];
        for (row, byte) in a.iter().enumerate() {
            // Lengths above to the left, and to the left.
            let (mut diagonal, mut left) = (0, 0);
            for (column, other) in b.iter().enumerate() {
                let up = above[column + 1];
                let here = if byte == other { diagonal + 1 } else { up.max(left) };
                if keep_way && up > left {
                    let bit = row * columns + column;
                    table.up[bit / 64] |= 1 << (bit % 64);
                }
                (diagonal, left) = (up, here);
                above[column + 1] = here;
            }
        }
        table.length = above[columns];
        table
    }

    /// The runs of equal bytes that make up the subsequence, last one first.
    fn matches(&self, a: &[u8], b: &[u8]) -> Vec<Match> {
        let mut matches: Vec<Match> = Vec::new();
        let (mut row, mut column) = (a.len(), b.len());
        while row > 0 && column > 0 {
            if a[row - 1] == b[column - 1] {
                match matches.last_mut().filter(|last| last.a == row && last.b == column) {
                    Some(last) => *last = Match { a: row - 1, b: column - 1, length: last.length + 1 },
                    None => matches.push(Match { a: row - 1, b: column - 1, length: 1 }),
                }
                (row, column) = (row - 1, column - 1);
                continue;
            }
            let bit = (row - 1) * self.columns + column - 1;
            if self.up[bit / 64] >> (bit % 64) & 1 == 1 {
                row -= 1;
            } else {
                column -= 1;
            }
        }
        matches
    }
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::new("lcs", -3, Group::String, lcs)
    .flags(Flags::READONLY)
    .keys(&[KeySpec::range(1, 1, 1, KeyFlags::RO.union(KeyFlags::ACCESS))])
    .usage("key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]")
    .about("7.0.0", "Find the longest sequence of bytes that two strings have in common, gaps allowed.")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_from_the_end_and_make_up_the_length() {
        let (a, b) = (b"ohmytext".as_slice(), b"mynewtext".as_slice());
        let table = Table::new(a, b, true);
        assert_eq!(table.length, 6);
        assert_eq!(table.matches(a, b), [Match { a: 4, b: 5, length: 4 }, Match { a: 2, b: 0, length: 2 }]);
        assert_eq!(Table::new(a, b, false).length, 6);
        assert!(Table::new(b"", b, true).matches(b"", b).is_empty());
    }
}
