//! Listpacks: sequences of short elements in one run of bytes, in the layout of Redis's.
//!
//! A listpack is its length in bytes (four, little endian), its number of elements (two; `0xffff` when there are more
//! than they hold), the elements, and `0xff`. An element is its encoding and its bytes, then the length of these in
//! one to five bytes that are read from the back, so that a listpack can be walked from both ends. A string that is a
//! canonical integer is kept as one. Blocks of a stream hold this form because a stream's nodes end, and so what
//! approximate trimming leaves, where Redis's listpacks reach their limits; and because RDB files hold it.

use crate::resp::parse_i64;

const HEADER_BYTES: usize = 6;
const END: u8 = 0xff;

/// The header's count of elements when it is not known.
const COUNT_UNKNOWN: u16 = u16::MAX;

/// Digits of the longest 64-bit integer, its sign included.
const INTEGER_BYTES_MAX: usize = 20;

/// The most bytes that an element takes besides a string's own.
const OVERHEAD_BYTES_MAX: usize = 10;

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element<'a> {
    Int(i64),
    Bytes(&'a [u8]),
}

impl Element<'_> {
    /// Whether the element is this string.
    #[inline]
    pub fn is(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Bytes(own) => *own == bytes,
            Self::Int(value) => parse_i64(bytes) == Some(*value),
        }
    }

    /// The element as a string of its own.
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Int(value) => itoa::Buffer::new().format(*value).as_bytes().to_vec(),
        }
    }
}

/// A listpack that can be added to.
#[derive(Clone, Debug)]
pub struct Listpack(Vec<u8>);

impl Listpack {
    /// An empty listpack with room for `bytes` bytes of elements.
    pub fn with_room(bytes: usize) -> Self {
        let mut pack = Vec::with_capacity(HEADER_BYTES + bytes + 1);
        pack.extend_from_slice(&(HEADER_BYTES as u32 + 1).to_le_bytes());
        pack.extend_from_slice(&[0, 0, END]);
        Self(pack)
    }

    /// All bytes of the listpack.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes of memory allocated for the listpack.
    pub fn allocated_bytes(&self) -> usize {
        self.0.capacity()
    }

    /// Give back what was allocated in advance.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Add elements at the end, as `write` puts them there.
    #[inline]
    pub fn append(&mut self, write: impl FnOnce(&mut Appender<'_>)) {
        self.0.pop();
        let mut appender = Appender { pack: &mut self.0, count: 0 };
        write(&mut appender);
        let count = appender.count;
        self.0.push(END);
        let known = u16::from_le_bytes([self.0[4], self.0[5]]);
        if known != COUNT_UNKNOWN {
            let total = u16::try_from(usize::from(known) + count).unwrap_or(COUNT_UNKNOWN);
            self.0[4..6].copy_from_slice(&total.to_le_bytes());
        }
        self.note_length();
    }

    /// Replace the integer at `at` by another.
    pub fn set_int(&mut self, at: usize, value: i64) {
        let end = skip(&self.0, at);
        let mut encoded = Vec::with_capacity(OVERHEAD_BYTES_MAX);
        push_int(&mut encoded, value);
        if encoded.len() == end - at {
            self.0[at..end].copy_from_slice(&encoded);
        } else {
            self.0.splice(at..end, encoded);
            self.note_length();
        }
    }

    fn note_length(&mut self) {
        let length = u32::try_from(self.0.len()).expect("a block is limited to little over 1 GiB");
        self.0[..4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Writes elements to the end of a listpack.
pub struct Appender<'a> {
    pack: &'a mut Vec<u8>,
    count: usize,
}

impl Appender<'_> {
    /// Add an integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        self.count += 1;
        push_int(self.pack, value);
    }

    /// Add a string.
    #[inline]
    pub fn string(&mut self, bytes: &[u8]) {
        if bytes.len() <= INTEGER_BYTES_MAX
            && let Some(value) = parse_i64(bytes)
        {
            return self.int(value);
        }
        self.count += 1;
        self.pack.reserve(bytes.len() + OVERHEAD_BYTES_MAX);
        let head = match bytes.len() {
            length @ 0..64 => {
                self.pack.push(0x80 | length as u8);
                1
            }
            length @ 64..4_096 => {
                self.pack.extend_from_slice(&[0xe0 | (length >> 8) as u8, length as u8]);
                2
            }
            length => {
                self.pack.push(0xf0);
                self.pack.extend_from_slice(&(length as u32).to_le_bytes());
                5
            }
        };
        self.pack.extend_from_slice(bytes);
        push_back_length(self.pack, head + bytes.len());
    }
}

/// Add an integer in the shortest form that holds it.
#[inline]
fn push_int(pack: &mut Vec<u8>, value: i64) {
    let wide = value.to_le_bytes();
    let mut signed = |head: u8, bytes: usize| {
        pack.push(head);
        pack.extend_from_slice(&wide[..bytes]);
        pack.push(1 + bytes as u8);
    };
    match value {
        0..=127 => pack.extend_from_slice(&[value as u8, 1]),
        -4_096..=4_095 => {
            pack.extend_from_slice(&[0xc0 | (value >> 8 & 0x1f) as u8, value as u8, 2]);
        }
        -0x8000..=0x7fff => signed(0xf1, 2),
        -0x80_0000..=0x7f_ffff => signed(0xf2, 3),
        -0x8000_0000..=0x7fff_ffff => signed(0xf3, 4),
        _ => signed(0xf4, 8),
    }
}

/// Add the length of an element that was just written, without this length itself.
#[inline]
fn push_back_length(pack: &mut Vec<u8>, length: usize) {
    let bytes = back_length_bytes(length);
    for step in (0..bytes).rev() {
        let more = if step + 1 == bytes { 0 } else { 0x80 };
        pack.push((length >> (7 * step) & 0x7f) as u8 | more);
    }
}

/// How many bytes an element's length takes behind it.
#[inline]
fn back_length_bytes(length: usize) -> usize {
    match length {
        0..=0x7f => 1,
        // Redis goes on to three bytes one earlier than it must.
        0x80..0x3fff => 2,
        0x3fff..0x1f_ffff => 3,
        0x1f_ffff..0xfff_ffff => 4,
        _ => 5,
    }
}

/// Where the first element is.
pub const FIRST: usize = HEADER_BYTES;

/// Whether all elements lie before `at`.
#[inline]
pub fn is_end(pack: &[u8], at: usize) -> bool {
    pack[at] == END
}

/// Where the listpack's last element ends.
pub fn end(pack: &[u8]) -> usize {
    pack.len() - 1
}

/// The element at `at`, and where the next one is.
#[inline]
pub fn read(pack: &[u8], at: usize) -> (Element<'_>, usize) {
    let head = pack[at];
    let string = |from: usize, length: usize| {
        let end = from + length;
        (Element::Bytes(&pack[from..end]), end + back_length_bytes(end - at))
    };
    let signed = |bytes: usize| {
        let mut wide = [0; 8];
        wide[8 - bytes..].copy_from_slice(&pack[at + 1..at + 1 + bytes]);
        (Element::Int(i64::from_le_bytes(wide) >> (64 - 8 * bytes)), at + 2 + bytes)
    };
    match head {
        0..0x80 => (Element::Int(i64::from(head)), at + 2),
        0x80..0xc0 => string(at + 1, usize::from(head & 0x3f)),
        0xc0..0xe0 => {
            let value = (i64::from(head & 0x1f) << 8 | i64::from(pack[at + 1])) << (64 - 13) >> (64 - 13);
            (Element::Int(value), at + 3)
        }
        0xe0..0xf0 => string(at + 2, usize::from(head & 0x0f) << 8 | usize::from(pack[at + 1])),
        0xf0 => {
            let length = pack[at + 1..at + 5].try_into().expect("the range has four bytes");
            string(at + 5, u32::from_le_bytes(length) as usize)
        }
        0xf1 => signed(2),
        0xf2 => signed(3),
        0xf3 => signed(4),
        _ => signed(8),
    }
}

/// The integer at `at`, and where the next element is.
#[inline]
pub fn read_int(pack: &[u8], at: usize) -> (i64, usize) {
    let (element, next) = read(pack, at);
    match element {
        Element::Int(value) => (value, next),
        Element::Bytes(_) => unreachable!("a block has an integer here"),
    }
}

/// Where the element behind the one at `at` is.
#[inline]
pub fn skip(pack: &[u8], at: usize) -> usize {
    read(pack, at).1
}

/// Where the element starts that ends at `end`.
#[inline]
pub fn previous(pack: &[u8], end: usize) -> usize {
    let mut length = 0;
    let mut bytes = 0;
    loop {
        let byte = pack[end - 1 - bytes];
        length |= usize::from(byte & 0x7f) << (7 * bytes);
        bytes += 1;
        if byte & 0x80 == 0 {
            return end - bytes - length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(values: &[&[u8]]) -> Listpack {
        let mut pack = Listpack::with_room(0);
        pack.append(|out| values.iter().for_each(|value| out.string(value)));
        pack
    }

    #[test]
    fn elements_read_back_from_both_ends_at_every_edge_of_their_encodings() {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for edge in [0i64, 127, 4_095, 0x7fff, 0x7f_ffff, 0x7fff_ffff, i64::MAX - 1] {
            for value in [edge, edge + 1, -edge - 1, -edge - 2] {
                texts.push(value.to_string().into_bytes());
            }
        }
        for length in [0, 1, 63, 64, 125, 126, 127, 4_095, 4_096, 16_377, 16_378, 16_379, 70_000, 2_100_000] {
            texts.push(vec![b'x'; length]);
        }
        texts.extend([b"007".to_vec(), b"-0".to_vec(), b"9223372036854775808".to_vec()]);
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        let pack = pack(&texts);
        let bytes = pack.bytes();
        let mut starts = Vec::new();
        let mut at = FIRST;
        for text in &texts {
            starts.push(at);
            let (element, next) = read(bytes, at);
            assert!(element.is(text) && element.to_vec() == *text);
            at = next;
        }
        assert!(is_end(bytes, at) && at == end(bytes));
        for start in starts.into_iter().rev() {
            at = previous(bytes, at);
            assert_eq!(at, start);
        }
        assert_eq!(bytes[..4], (bytes.len() as u32).to_le_bytes());
        assert_eq!(usize::from(u16::from_le_bytes([bytes[4], bytes[5]])), texts.len());
    }

    #[test]
    fn the_layout_is_that_of_redis() {
        let pack = pack(&[b"5", b"-1", b"a", b"300"]);
        let elements = [5, 1, 0xdf, 0xff, 2, 0x81, b'a', 2, 0xc1, 0x2c, 2];
        assert_eq!(pack.bytes(), [&[18, 0, 0, 0, 4, 0], &elements[..], &[0xff]].concat());
    }

    #[test]
    fn an_integer_is_replaced_by_a_longer_one() {
        let mut pack = pack(&[b"127", b"tail"]);
        pack.set_int(FIRST, 128);
        assert_eq!(read(pack.bytes(), FIRST), (Element::Int(128), FIRST + 3));
        assert_eq!(read(pack.bytes(), FIRST + 3).0, Element::Bytes(b"tail"));
        assert_eq!(pack.bytes()[0] as usize, pack.bytes().len());
    }

    #[test]
    fn the_count_is_unknown_when_it_is_too_large() {
        let mut pack = Listpack::with_room(0);
        pack.append(|out| (0..70_000).for_each(|_| out.int(1)));
        pack.append(|out| out.int(1));
        assert_eq!(pack.bytes()[4..6], [0xff, 0xff]);
    }
}
