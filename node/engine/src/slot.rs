//! Hash slots: which of the 16 384 a key belongs to.

/// Number of hash slots in a cluster.
pub const SLOT_COUNT: u16 = 16_384;

/// Index of a hash slot, always below [`SLOT_COUNT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotIndex(u16);

impl SlotIndex {
    /// The slot with this index, or `None` when there is no such slot.
    pub fn new(index: u16) -> Option<Self> {
        (index < SLOT_COUNT).then_some(Self(index))
    }

    /// The index as a number below [`SLOT_COUNT`].
    #[inline]
    pub fn get(self) -> u16 {
        self.0
    }

    /// The index for use in arrays of [`SLOT_COUNT`] elements.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// All slots in order.
    pub fn all() -> impl DoubleEndedIterator<Item = SlotIndex> {
        (0..SLOT_COUNT).map(SlotIndex)
    }
}

/// The part of a key that decides its slot: what stands between the first `{` and the first `}` after it,
/// unless that is empty; else the whole key.
#[inline]
pub fn hash_tag(key: &[u8]) -> &[u8] {
    let Some(open) = memchr::memchr(b'{', key) else {
        return key;
    };
    let rest = &key[open + 1..];
    match memchr::memchr(b'}', rest) {
        Some(0) | None => key,
        Some(close) => &rest[..close],
    }
}

/// Map a key to its hash slot (CRC16-XMODEM of the hash tag, modulo 16 384).
///
/// Source: Redis cluster specification, "Key distribution model" and "Hash tags".
#[inline]
pub fn key_slot(key: &[u8]) -> SlotIndex {
    SlotIndex(crc16(hash_tag(key)) & (SLOT_COUNT - 1))
}

/// The slot that all keys matching a glob pattern are in, when that is certain: that of the key it names, if nothing in
/// it can match several texts, or of a whole hash tag in front of everything that can.
pub fn pattern_slot(pattern: &[u8]) -> Option<SlotIndex> {
    let special = pattern.iter().position(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\'));
    let Some(special) = special else {
        return Some(key_slot(pattern));
    };
    let literal = &pattern[..special];
    let open = literal.iter().position(|byte| *byte == b'{')?;
    let close = literal[open..].iter().position(|byte| *byte == b'}')?;
    (close > 1).then(|| key_slot(literal))
}

const POLYNOMIAL: u16 = 0x1021;

/// `TABLES[k][b]`: the CRC of byte `b` followed by `k` zero bytes.
const TABLES: [[u16; 256]; 8] = make_tables();

const fn make_tables() -> [[u16; 256]; 8] {
    let mut tables = [[0u16; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ POLYNOMIAL } else { crc << 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc = tables[zeros - 1][byte];
            tables[zeros][byte] = (crc << 8) ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

/// CRC16-XMODEM, eight bytes a step: one byte a step costs a table look-up's latency each, which at 50-byte keys
/// was a tenth of a GET.
fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        crc = TABLES[7][usize::from(chunk[0] ^ (crc >> 8) as u8)]
            ^ TABLES[6][usize::from(chunk[1] ^ crc as u8)]
            ^ TABLES[5][usize::from(chunk[2])]
            ^ TABLES[4][usize::from(chunk[3])]
            ^ TABLES[3][usize::from(chunk[4])]
            ^ TABLES[2][usize::from(chunk[5])]
            ^ TABLES[1][usize::from(chunk[6])]
            ^ TABLES[0][usize::from(chunk[7])];
    }
    for &byte in chunks.remainder() {
        crc = (crc << 8) ^ TABLES[0][usize::from((crc >> 8) as u8 ^ byte)];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crc16_bit_by_bit(bytes: &[u8]) -> u16 {
        let mut crc = 0u16;
        for &byte in bytes {
            crc ^= u16::from(byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 != 0 { (crc << 1) ^ POLYNOMIAL } else { crc << 1 };
            }
        }
        crc
    }

    #[test]
    fn crc16_gives_the_check_value_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn crc16_by_eight_equals_crc16_bit_by_bit_at_every_length() {
        let bytes: Vec<u8> = (0..100u32).map(|i| (i.wrapping_mul(151) >> 2) as u8).collect();
        for length in 0..bytes.len() {
            assert_eq!(crc16(&bytes[..length]), crc16_bit_by_bit(&bytes[..length]), "length {length}");
        }
    }

    #[test]
    fn keys_with_the_same_hash_tag_share_a_slot() {
        assert_eq!(key_slot(b"{user1000}.following"), key_slot(b"{user1000}.followers"));
        assert_eq!(hash_tag(b"foo{}{bar}"), b"foo{}{bar}");
        assert_eq!(hash_tag(b"foo{{bar}}zap"), b"{bar");
        assert_eq!(hash_tag(b"foo{bar}{zap}"), b"bar");
        assert_eq!(hash_tag(b"foo{bar"), b"foo{bar");
    }
}
