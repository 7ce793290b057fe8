//! Elements of a list as they lie in its nodes and in its packed form.
//!
//! An element is a head that says how long it is, its bytes, and a tail that says the same to whoever walks backwards.
//! Text of up to 127 bytes takes two bytes more than itself; what is a canonical integer of two digits or more is
//! stored as one. A value has exactly one form, so values are equal when their forms are.

use crate::resp::parse_i64;

/// Longest text of a 64-bit integer.
const INTEGER_TEXT_BYTES_MAX: usize = 20;

/// Heads up to this are the length of a text.
const SHORT_TEXT_MAX: usize = 0x7f;
/// With six more bits, and the next byte: the length of a text below 16 KiB.
const MEDIUM_TEXT: u8 = 0x80;
const MEDIUM_TEXT_MAX: usize = (1 << 14) - 1;
/// With the number of bytes that follow, one to eight: an integer, little-endian.
const INTEGER: u8 = 0xc0;
/// Four bytes of length follow.
const LONG_TEXT: u8 = 0xf0;

/// A tail of one byte is the size, less one, of all that is in front of it; below that are seven bits of a tail of two
/// bytes, or all bits set for one of five.
const TAIL_TWO_BYTES: u8 = 0x80;
const TAIL_FIVE_BYTES: u8 = 0xff;
const TAIL_ONE_BYTE_MAX: usize = 0x7f;
const TAIL_TWO_BYTES_MAX: usize = 0x7eff;

/// An element's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Bytes(&'a [u8]),
    Int(i64),
}

impl Element<'_> {
    /// Hand the value's bytes to `take`.
    #[inline]
    pub fn with_bytes<T>(self, take: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Self::Bytes(bytes) => take(bytes),
            Self::Int(value) => take(itoa::Buffer::new().format(value).as_bytes()),
        }
    }

    /// A copy of the value's bytes.
    pub fn to_vec(self) -> Vec<u8> {
        self.with_bytes(<[u8]>::to_vec)
    }

    /// Length of the value in bytes.
    pub fn len(self) -> usize {
        self.with_bytes(<[u8]>::len)
    }

    /// Whether the value is the empty string.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A value in the form in which it is stored: three pieces, to be written one behind the other.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a> {
    head: [u8; 9],
    head_bytes: u8,
    body: &'a [u8],
    tail: [u8; 5],
    tail_bytes: u8,
    listpack_bytes: u32,
}

impl<'a> Encoded<'a> {
    /// Encode a value of less than 4 GiB.
    #[inline]
    pub fn new(value: &'a [u8]) -> Self {
        let mut encoded =
            Self { head: [0; 9], head_bytes: 1, body: value, tail: [0; 5], tail_bytes: 0, listpack_bytes: 0 };
        let integer = if value.len() <= INTEGER_TEXT_BYTES_MAX { parse_i64(value) } else { None };
        match integer {
            Some(integer) if value.len() > 1 => encoded.set_integer(integer),
            _ => encoded.set_text_head(value.len()),
        }
        encoded.listpack_bytes = match integer {
            Some(integer) => with_backlen(listpack_integer_bytes(integer)),
            None => listpack_text_bytes(value.len()),
        };
        encoded.set_tail();
        encoded
    }

    fn set_integer(&mut self, integer: i64) {
        let bytes = significant_bytes(integer);
        self.head[0] = INTEGER + bytes as u8;
        self.head[1..=bytes].copy_from_slice(&integer.to_le_bytes()[..bytes]);
        self.head_bytes = 1 + bytes as u8;
        self.body = &[];
    }

    #[inline]
    fn set_text_head(&mut self, length: usize) {
        if length <= SHORT_TEXT_MAX {
            self.head[0] = length as u8;
        } else if length <= MEDIUM_TEXT_MAX {
            self.head[0] = MEDIUM_TEXT | (length >> 8) as u8;
            self.head[1] = length as u8;
            self.head_bytes = 2;
        } else {
            self.head[0] = LONG_TEXT;
            self.head[1..5].copy_from_slice(&(length as u32).to_le_bytes());
            self.head_bytes = 5;
        }
    }

    #[inline]
    fn set_tail(&mut self) {
        let before = usize::from(self.head_bytes) + self.body.len() - 1;
        if before <= TAIL_ONE_BYTE_MAX {
            self.tail[0] = before as u8;
            self.tail_bytes = 1;
        } else if before <= TAIL_TWO_BYTES_MAX {
            self.tail[0] = before as u8;
            self.tail[1] = TAIL_TWO_BYTES | (before >> 8) as u8;
            self.tail_bytes = 2;
        } else {
            self.tail[..4].copy_from_slice(&(before as u32).to_le_bytes());
            self.tail[4] = TAIL_FIVE_BYTES;
            self.tail_bytes = 5;
        }
    }

    /// Bytes of the whole form.
    #[inline]
    pub fn size(&self) -> usize {
        usize::from(self.head_bytes) + self.body.len() + usize::from(self.tail_bytes)
    }

    /// The pieces, in order.
    #[inline]
    pub fn pieces(&self) -> [&[u8]; 3] {
        [&self.head[..usize::from(self.head_bytes)], self.body, &self.tail[..usize::from(self.tail_bytes)]]
    }

    /// Bytes that the value would take in a listpack, by which Redis's limits are measured.
    #[inline]
    pub fn listpack_bytes(&self) -> usize {
        self.listpack_bytes as usize
    }

    /// Whether an element, given as `Located::raw`, has this value.
    #[inline]
    pub fn is(&self, raw: &[u8]) -> bool {
        let [head, body, _] = self.pieces();
        raw.len() == self.size() && raw.starts_with(head) && &raw[head.len()..head.len() + body.len()] == body
    }
}

/// An element and all bytes of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located<'a> {
    pub element: Element<'a>,
    pub raw: &'a [u8],
}

impl Located<'_> {
    /// See [`Encoded::listpack_bytes`].
    pub fn listpack_bytes(&self) -> usize {
        match self.element {
            Element::Int(value) => with_backlen(listpack_integer_bytes(value)) as usize,
            Element::Bytes([b'0'..=b'9']) => with_backlen(1) as usize,
            Element::Bytes(bytes) => listpack_text_bytes(bytes.len()) as usize,
        }
    }
}

/// Bytes of the head and of the value behind it.
#[inline]
fn head_and_body(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        short @ ..MEDIUM_TEXT => (1, usize::from(short)),
        medium @ MEDIUM_TEXT..INTEGER => (2, usize::from(medium & 0x3f) << 8 | usize::from(bytes[1])),
        integer @ INTEGER..LONG_TEXT => (1, usize::from(integer - INTEGER)),
        LONG_TEXT.. => (5, u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize),
    }
}

#[inline]
fn tail_bytes(before: usize) -> usize {
    if before - 1 <= TAIL_ONE_BYTE_MAX {
        1
    } else if before - 1 <= TAIL_TWO_BYTES_MAX {
        2
    } else {
        5
    }
}

/// Bytes of the form of the first element.
#[inline]
pub fn first_size(bytes: &[u8]) -> usize {
    let (head, body) = head_and_body(bytes);
    head + body + tail_bytes(head + body)
}

/// Bytes of the form of the last element.
#[inline]
pub fn last_size(bytes: &[u8]) -> usize {
    let end = bytes.len();
    match bytes[end - 1] {
        short @ ..TAIL_TWO_BYTES => usize::from(short) + 2,
        TAIL_FIVE_BYTES => {
            let before = [bytes[end - 5], bytes[end - 4], bytes[end - 3], bytes[end - 2]];
            u32::from_le_bytes(before) as usize + 6
        }
        high => (usize::from(high & 0x7f) << 8 | usize::from(bytes[end - 2])) + 3,
    }
}

/// The first element of a sequence that is not empty.
#[inline]
pub fn first(bytes: &[u8]) -> Located<'_> {
    let (head, body) = head_and_body(bytes);
    let raw = &bytes[..head + body + tail_bytes(head + body)];
    let value = &bytes[head..head + body];
    let is_integer = (INTEGER..LONG_TEXT).contains(&bytes[0]);
    let element = if is_integer { Element::Int(read_integer(value)) } else { Element::Bytes(value) };
    Located { element, raw }
}

/// The last element of a sequence that is not empty.
#[inline]
pub fn last(bytes: &[u8]) -> Located<'_> {
    first(&bytes[bytes.len() - last_size(bytes)..])
}

/// Place of element `index` of the `count` in a sequence, in bytes from its start, searched from the nearer end;
/// `index == count` is the place behind the last.
#[inline]
pub fn place_of(bytes: &[u8], count: usize, index: usize) -> usize {
    if index <= count / 2 {
        let mut at = 0;
        for _ in 0..index {
            at += first_size(&bytes[at..]);
        }
        at
    } else {
        let mut at = bytes.len();
        for _ in index..count {
            at -= last_size(&bytes[..at]);
        }
        at
    }
}

/// Bytes that the elements would take in a listpack.
pub fn listpack_bytes(mut bytes: &[u8]) -> usize {
    let mut sum = 0;
    while !bytes.is_empty() {
        let located = first(bytes);
        sum += located.listpack_bytes();
        bytes = &bytes[located.raw.len()..];
    }
    sum
}

#[inline]
fn read_integer(bytes: &[u8]) -> i64 {
    let mut value = [0; 8];
    value[..bytes.len()].copy_from_slice(bytes);
    let unused_bits = 64 - 8 * bytes.len() as u32;
    i64::from_le_bytes(value) << unused_bits >> unused_bits
}

/// How many bytes hold an integer with its sign.
#[inline]
fn significant_bytes(value: i64) -> usize {
    let sign_bits = if value < 0 { value.leading_ones() } else { value.leading_zeros() };
    (64 - sign_bits as usize) / 8 + 1
}

fn listpack_integer_bytes(value: i64) -> usize {
    match value {
        0..=127 => 1,
        -4096..=4095 => 2,
        -32_768..=32_767 => 3,
        -8_388_608..=8_388_607 => 4,
        -2_147_483_648..=2_147_483_647 => 5,
        _ => 9,
    }
}

#[inline]
fn listpack_text_bytes(length: usize) -> u32 {
    let header = match length {
        ..64 => 1,
        64..4096 => 2,
        4096.. => 5,
    };
    with_backlen(header + length)
}

/// A listpack entry's bytes with the length at its end.
#[inline]
fn with_backlen(bytes: usize) -> u32 {
    let backlen = match bytes {
        ..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        268_435_455.. => 5,
    };
    (bytes + backlen) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(value: &[u8]) -> Vec<u8> {
        Encoded::new(value).pieces().concat()
    }

    fn values() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            any::<i64>().prop_map(|value| value.to_string().into_bytes()),
            (any::<i64>(), 0..64u32).prop_map(|(value, shift)| (value >> shift).to_string().into_bytes()),
            prop::sample::select(vec![125, 126, 127, 128, 16_383, 16_384, 32_510, 32_511, 32_520, 70_000])
                .prop_map(|length| vec![b'x'; length]),
        ]
    }

    proptest! {
        #[test]
        fn what_is_encoded_reads_back_from_both_ends(values in prop::collection::vec(values(), 1..5)) {
            let forms: Vec<Vec<u8>> = values.iter().map(|value| encoded(value)).collect();
            let all = forms.concat();
            for (index, value) in values.iter().enumerate() {
                let at = forms[..index].concat().len();
                let end = at + forms[index].len();
                prop_assert_eq!(place_of(&all, values.len(), index), at);
                prop_assert_eq!(first(&all[at..]).element.to_vec(), value.clone());
                prop_assert_eq!(last(&all[..end]).raw, &forms[index][..]);
                prop_assert!(Encoded::new(value).is(&forms[index]));
                prop_assert_eq!(first(&all[at..]).listpack_bytes(), Encoded::new(value).listpack_bytes());
            }
            let sum: usize = values.iter().map(|value| Encoded::new(value).listpack_bytes()).sum();
            prop_assert_eq!(listpack_bytes(&all), sum);
        }

        #[test]
        fn only_equal_values_have_equal_forms(one in values(), other in values()) {
            prop_assert_eq!(Encoded::new(&one).is(&encoded(&other)), one == other);
        }
    }

    #[test]
    fn texts_cost_two_bytes_and_integers_less_than_their_digits() {
        assert_eq!(encoded(b"").len(), 2);
        assert_eq!(encoded(&[b'x'; 127]).len(), 129);
        assert_eq!(encoded(&[b'x'; 128]).len(), 132);
        assert_eq!(encoded(b"7").len(), 3);
        assert_eq!(encoded(b"-128").len(), 3);
        assert_eq!(encoded(b"1700000000").len(), 6);
        assert_eq!(encoded(b"-9223372036854775808").len(), 10);
        assert_eq!(encoded(b"007").len(), 5);
    }
}
