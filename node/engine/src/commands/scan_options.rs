//! What SCAN, HSCAN, SSCAN and ZSCAN have in common: cursors and options.

use super::call::Call;
use super::error::CommandError;
use super::generic::type_name;
use super::text::until_nul;
use crate::glob;
use crate::keyspace::ValueType;
use crate::resp::{Args, parse_i64};

/// Elements that a scan looks at unless told otherwise.
const COUNT_DEFAULT: usize = 10;

const TYPES: [ValueType; 6] = [
    ValueType::String,
    ValueType::List,
    ValueType::Set,
    ValueType::SortedSet,
    ValueType::Hash,
    ValueType::Stream,
];

/// What is scanned; some options are for one of them only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    Keys,
    Hash,
    Set,
    SortedSet,
}

/// What a scan's options say.
pub(super) struct ScanOptions<'a> {
    pub count: usize,
    /// None: all elements.
    pub pattern: Option<&'a [u8]>,
    pub value_type: Option<ValueType>,
    /// NOVALUES of HSCAN or NOSCORES of ZSCAN.
    pub names_only: bool,
}

impl<'a> ScanOptions<'a> {
    /// Read the options from argument `first` on.
    ///
    /// # Errors
    /// An unknown option, one that lacks its argument or is for another command, a count that is not positive.
    pub fn parse(args: Args<'a>, first: usize, scanned: Scanned) -> Result<Self, CommandError> {
        let mut options = Self { count: COUNT_DEFAULT, pattern: None, value_type: None, names_only: false };
        let mut index = first;
        while index < args.len() {
            let has_next = index + 1 < args.len();
            let is = |word: &[u8]| args.get(index).eq_ignore_ascii_case(word);
            if is(b"COUNT") && has_next {
                let count = parse_i64(args.get(index + 1)).ok_or(CommandError::NOT_AN_INTEGER)?;
                options.count =
                    usize::try_from(count).ok().filter(|count| *count > 0).ok_or(CommandError::SYNTAX)?;
            } else if is(b"MATCH") && has_next {
                options.pattern = Some(args.get(index + 1)).filter(|pattern| *pattern != b"*");
            } else if is(b"TYPE") && has_next && scanned == Scanned::Keys {
                options.value_type = Some(parse_type(args.get(index + 1))?);
            } else if is(b"NOVALUES") {
                if scanned != Scanned::Hash {
                    return Err(CommandError::text("ERR NOVALUES option can only be used in HSCAN"));
                }
                options.names_only = true;
                index += 1;
                continue;
            } else if is(b"NOSCORES") {
                if scanned != Scanned::SortedSet {
                    return Err(CommandError::text("ERR NOSCORES option can only be used in ZSCAN"));
                }
                options.names_only = true;
                index += 1;
                continue;
            } else {
                return Err(CommandError::SYNTAX);
            }
            index += 2;
        }
        Ok(options)
    }

    /// Whether an element is asked for.
    #[inline]
    pub fn matches(&self, element: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, element, false))
    }
}

/// Argument `index` as a cursor.
///
/// # Errors
/// Redis's `invalid cursor`.
pub(super) fn cursor(call: &Call<'_>, index: usize) -> Result<u64, CommandError> {
    parse_cursor(call.args.get(index)).ok_or(CommandError::INVALID_CURSOR)
}

fn parse_type(name: &[u8]) -> Result<ValueType, CommandError> {
    let is_named = |value_type: &ValueType| type_name(*value_type).as_bytes().eq_ignore_ascii_case(name);
    TYPES
        .into_iter()
        .find(is_named)
        .ok_or_else(|| CommandError::new([b"ERR unknown type name '", until_nul(name), b"'"].concat()))
}

/// Read a cursor as C's `strtoull` does, which Redis falls back to for what is no canonical integer.
fn parse_cursor(text: &[u8]) -> Option<u64> {
    if let Some(value) = parse_i64(text) {
        return u64::try_from(value).ok();
    }
    let text = until_nul(text).trim_ascii_start();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_generously_as_redis_does() {
        for (text, cursor) in [
            ("0", 0),
            ("00", 0),
            (" 7", 7),
            ("+7", 7),
            ("-0", 0),
            ("18446744073709551615", u64::MAX),
            (" -1", u64::MAX),
            ("1\0", 1),
        ] {
            assert_eq!(parse_cursor(text.as_bytes()), Some(cursor), "{text}");
        }
        for text in ["", "-1", "x", "7 ", "0x1", "18446744073709551616", "+", "--1"] {
            assert_eq!(parse_cursor(text.as_bytes()), None, "{text}");
        }
    }
}
