//! Ids of stream entries.

use std::fmt;

use itoa::Buffer;

use crate::resp::parse_i64;

/// An entry's id: a Unix time in milliseconds, and a number among the entries of that millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    pub ms: u64,
    pub seq: u64,
}

/// The longest id in decimal digits, as `ms-seq`.
pub const ID_TEXT_BYTES_MAX: usize = 41;

/// Longer texts are no ids, whatever their digits.
const PARSED_BYTES_MAX: usize = 127;

/// An id as a client wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParsedId {
    /// `ms-seq`.
    Whole(StreamId),
    /// `ms` alone.
    Time(u64),
    /// `ms-*`: the server finds the number.
    AnyInTime(u64),
}

impl StreamId {
    pub const MIN: Self = Self { ms: 0, seq: 0 };
    pub const MAX: Self = Self { ms: u64::MAX, seq: u64::MAX };

    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }

    /// The id right after this one; `None` after the last possible one.
    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The id right before this one; `None` before 0-0.
    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { seq, ..self }),
            None => Some(Self { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// Write the id as `ms-seq`; returns the text, which lies in `buffer`.
    #[inline]
    pub fn write(self, buffer: &mut [u8; ID_TEXT_BYTES_MAX]) -> &[u8] {
        let (mut ms, mut seq) = (Buffer::new(), Buffer::new());
        let (ms, seq) = (ms.format(self.ms).as_bytes(), seq.format(self.seq).as_bytes());
        buffer[..ms.len()].copy_from_slice(ms);
        buffer[ms.len()] = b'-';
        let end = ms.len() + 1 + seq.len();
        buffer[ms.len() + 1..end].copy_from_slice(seq);
        &buffer[..end]
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl ParsedId {
    /// Read an id in the forms that Redis takes; `None` if it is in none of them.
    ///
    /// As C functions read them, a zero byte ends the text, and a number may have spaces, a sign and zeros in front.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > PARSED_BYTES_MAX {
            return None;
        }
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let Some(dash) = memchr::memchr(b'-', text) else {
            return Some(Self::Time(parse_unsigned(text)?));
        };
        let ms = parse_unsigned(&text[..dash])?;
        match &text[dash + 1..] {
            b"*" => Some(Self::AnyInTime(ms)),
            seq => Some(Self::Whole(StreamId { ms, seq: parse_unsigned(seq)? })),
        }
    }

    /// The id, with this number if the client gave none; `None` for `ms-*`.
    pub fn with_seq(self, missing: u64) -> Option<StreamId> {
        match self {
            Self::Whole(id) => Some(id),
            Self::Time(ms) => Some(StreamId { ms, seq: missing }),
            Self::AnyInTime(_) => None,
        }
    }
}

/// A number as `strtoull` reads it, with the difference that a canonical negative one is refused.
fn parse_unsigned(text: &[u8]) -> Option<u64> {
    if parse_i64(text).is_some_and(|value| value < 0) {
        return None;
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    let (negative, digits) = match &text[start..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if negative { magnitude.wrapping_neg() } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_carry_over_into_the_next_millisecond() {
        assert_eq!(StreamId::new(5, u64::MAX).next(), Some(StreamId::new(6, 0)));
        assert_eq!(StreamId::new(6, 0).previous(), Some(StreamId::new(5, u64::MAX)));
        assert_eq!(StreamId::MAX.next(), None);
        assert_eq!(StreamId::MIN.previous(), None);
        assert!(StreamId::new(1, 9) < StreamId::new(2, 0));
    }

    #[test]
    fn the_longest_id_fits_its_text() {
        let text = StreamId::MAX.to_string();
        assert_eq!(text.len(), ID_TEXT_BYTES_MAX);
        assert_eq!(StreamId::MAX.write(&mut [0; ID_TEXT_BYTES_MAX]), text.as_bytes());
        assert_eq!(StreamId::new(0, 7).write(&mut [0; ID_TEXT_BYTES_MAX]), b"0-7");
    }

    #[test]
    fn ids_are_read_as_c_reads_numbers() {
        let whole = |ms, seq| Some(ParsedId::Whole(StreamId::new(ms, seq)));
        for (text, id) in [
            ("1-2", whole(1, 2)),
            ("7", Some(ParsedId::Time(7))),
            ("7-*", Some(ParsedId::AnyInTime(7))),
            ("18446744073709551615-18446744073709551615", whole(u64::MAX, u64::MAX)),
            ("01-+2", whole(1, 2)),
            (" 1-\t2", whole(1, 2)),
            ("1--02", whole(1, u64::MAX - 1)),
            ("1-2\0junk", whole(1, 2)),
            ("1--2", None),
            ("-1", None),
            ("18446744073709551616", None),
            ("1-2-3", None),
            ("1 -2", None),
            ("1-", None),
            ("-", None),
            ("*", None),
            ("", None),
            ("0x1", None),
        ] {
            assert_eq!(ParsedId::parse(text.as_bytes()), id, "{text:?}");
        }
        assert_eq!(ParsedId::parse(&[b'0'; 128]), None);
    }
}
