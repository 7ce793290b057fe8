//! The eight bytes every entry starts with.

use super::value::ValueType;

/// How an entry holds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Encoding {
    /// Bytes after the key; the header has their number.
    Bytes = 0,
    /// An integer from 0 to 65 535, in the header where the number of bytes would be.
    ShortInt = 1,
    /// A 64-bit integer after the key.
    Int = 2,
    /// A pointer after the key, to an `Arc`'s contents: a `Vec<u8>`.
    Large = 3,
    /// A pointer after the key, to a `Box`'s contents: an `Object`.
    Object = 4,
}

/// From the lowest bit: type (4), encoding (4), flags (8), access (24), key length (8), value length (16).
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Header(u64);

/// Bytes of a header.
pub(super) const HEADER_BYTES: usize = size_of::<Header>();

/// Keys up to this length have it in the header.
pub(super) const SHORT_KEY_BYTES_MAX: usize = u8::MAX as usize;

const ENCODING_SHIFT: u32 = 4;
const FLAG_EXPIRY: u64 = 1 << 8;
const FLAG_LONG_KEY: u64 = 1 << 9;
const FLAG_RAW: u64 = 1 << 10;
const ACCESS_SHIFT: u32 = 16;
const ACCESS_MASK: u64 = 0xff_ffff << ACCESS_SHIFT;
const KEY_LENGTH_SHIFT: u32 = 40;
const VALUE_LENGTH_SHIFT: u32 = 48;
const VALUE_LENGTH_MASK: u64 = 0xffff << VALUE_LENGTH_SHIFT;

impl Header {
    pub fn new(value_type: ValueType, encoding: Encoding, key_length: usize, value_length: u16) -> Self {
        let long = key_length > SHORT_KEY_BYTES_MAX;
        let key_bits = if long { FLAG_LONG_KEY } else { (key_length as u64) << KEY_LENGTH_SHIFT };
        Self(
            value_type as u64
                | (encoding as u64) << ENCODING_SHIFT
                | key_bits
                | u64::from(value_length) << VALUE_LENGTH_SHIFT,
        )
    }

    pub fn with_expiry(self, present: bool) -> Self {
        Self(self.0 & !FLAG_EXPIRY | (u64::from(present) * FLAG_EXPIRY))
    }

    pub fn with_raw(self, raw: bool) -> Self {
        Self(self.0 & !FLAG_RAW | (u64::from(raw) * FLAG_RAW))
    }

    /// Set the access bits, of which there are 24.
    pub fn with_access(self, access: u32) -> Self {
        Self(self.0 & !ACCESS_MASK | u64::from(access) << ACCESS_SHIFT & ACCESS_MASK)
    }

    pub fn with_value_length(self, length: u16) -> Self {
        Self(self.0 & !VALUE_LENGTH_MASK | u64::from(length) << VALUE_LENGTH_SHIFT)
    }

    #[inline]
    pub fn value_type(self) -> ValueType {
        match self.0 & 0xf {
            0 => ValueType::String,
            1 => ValueType::List,
            2 => ValueType::Set,
            3 => ValueType::SortedSet,
            4 => ValueType::Hash,
            _ => ValueType::Stream,
        }
    }

    #[inline]
    pub fn encoding(self) -> Encoding {
        match self.0 >> ENCODING_SHIFT & 0xf {
            0 => Encoding::Bytes,
            1 => Encoding::ShortInt,
            2 => Encoding::Int,
            3 => Encoding::Large,
            _ => Encoding::Object,
        }
    }

    #[inline]
    pub fn has_expiry(self) -> bool {
        self.0 & FLAG_EXPIRY != 0
    }

    /// Whether the key's length stands behind the header instead of in it.
    #[inline]
    pub fn has_long_key(self) -> bool {
        self.0 & FLAG_LONG_KEY != 0
    }

    #[inline]
    pub fn is_raw(self) -> bool {
        self.0 & FLAG_RAW != 0
    }

    #[inline]
    pub fn access(self) -> u32 {
        ((self.0 & ACCESS_MASK) >> ACCESS_SHIFT) as u32
    }

    /// The key's length, unless it is long.
    #[inline]
    pub fn short_key_bytes(self) -> usize {
        (self.0 >> KEY_LENGTH_SHIFT & 0xff) as usize
    }

    /// Bytes of the value, or the value itself, as the encoding says.
    #[inline]
    pub fn value_length(self) -> u16 {
        (self.0 >> VALUE_LENGTH_SHIFT) as u16
    }
}
