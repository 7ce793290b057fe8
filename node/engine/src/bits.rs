//! Bitmaps: bits of byte strings, the highest bit of the first byte first.

/// Number of bits that are set.
#[inline]
pub fn count(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= WIDE_BYTES_MIN && std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { count_avx2(bytes) };
    }
    count_words(bytes)
}

/// From so many bytes on, asking the processor what it can do is worth its while.
#[cfg(target_arch = "x86_64")]
const WIDE_BYTES_MIN: usize = 64;

// Compiled for AVX2, the plain loop counts thirty-two bytes at a time; the baseline has not even an instruction for it.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn count_avx2(bytes: &[u8]) -> u64 {
    count_words(bytes)
}

#[inline(always)]
fn count_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    words + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// Number of bits set from bit `first` to bit `last`, both included and within the bytes.
pub fn count_between(bytes: &[u8], first: u64, last: u64) -> u64 {
    let (first_byte, last_byte) = (byte_of(first), byte_of(last));
    let before = bytes[first_byte] & !head_mask(first);
    let behind = bytes[last_byte] & !tail_mask(last);
    count(&bytes[first_byte..=last_byte]) - u64::from(before.count_ones() + behind.count_ones())
}

/// The first bit that is `bit`, from bit `first` to bit `last`, both included and within the bytes.
pub fn find_between(bytes: &[u8], bit: bool, first: u64, last: u64) -> Option<u64> {
    let (first_byte, last_byte) = (byte_of(first), byte_of(last));
    // Bits that are as wanted become ones.
    let wanted = |index: usize| if bit { bytes[index] } else { !bytes[index] };
    let head = wanted(first_byte) & head_mask(first);
    if first_byte == last_byte {
        return position(first_byte, head & tail_mask(last));
    }
    position(first_byte, head)
        .or_else(|| {
            let middle = &bytes[first_byte + 1..last_byte];
            let index = first_byte + 1 + find_byte_other_than(middle, if bit { 0 } else { 0xff })?;
            position(index, wanted(index))
        })
        .or_else(|| position(last_byte, wanted(last_byte) & tail_mask(last)))
}

fn byte_of(bit: u64) -> usize {
    (bit / 8) as usize
}

/// Ones from a bit on to its byte's end.
fn head_mask(bit: u64) -> u8 {
    0xff >> (bit % 8)
}

/// Ones from the beginning of a bit's byte up to it.
fn tail_mask(bit: u64) -> u8 {
    0xff << (7 - bit % 8)
}

/// The first bit set in byte `index`, which is `byte`.
fn position(index: usize, byte: u8) -> Option<u64> {
    (byte != 0).then(|| 8 * index as u64 + u64::from(byte.leading_zeros()))
}

fn find_byte_other_than(bytes: &[u8], byte: u8) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    let start = match words.iter().position(|word| *word != [byte; 8]) {
        Some(index) => 8 * index,
        None => bytes.len() - rest.len(),
    };
    bytes[start..].iter().position(|other| *other != byte).map(|index| start + index)
}

/// How strings of bits are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    And,
    Or,
    Xor,
}

impl Operation {
    /// Combine another string into `result`. The shorter one counts as followed by zeros.
    pub fn combine(self, result: &mut Vec<u8>, other: &[u8]) {
        if result.len() < other.len() {
            result.resize(other.len(), 0);
        }
        let pairs = result.iter_mut().zip(other);
        match self {
            Self::And => {
                pairs.for_each(|(one, other)| *one &= other);
                result[other.len()..].fill(0);
            }
            Self::Or => pairs.for_each(|(one, other)| *one |= other),
            Self::Xor => pairs.for_each(|(one, other)| *one ^= other),
        }
    }
}

/// Bytes over which 64 bits may spread.
const FIELD_BYTES_MAX: usize = 9;

/// The number in `width` bits (1 to 64) from bit `offset` on; what lies behind the bytes is zero.
#[inline]
pub fn read_field(bytes: &[u8], offset: u64, width: u32) -> u64 {
    (field_window(bytes, offset) << (offset % 8) >> (128 - width)) as u64
}

/// Write the lowest `width` bits (1 to 64) of a number from bit `offset` on; they lie within the bytes.
#[inline]
pub fn write_field(bytes: &mut [u8], offset: u64, width: u32, value: u64) {
    let shift = 128 - width - (offset % 8) as u32;
    let mask = u128::from(u64::MAX >> (64 - width)) << shift;
    let window = field_window(bytes, offset) & !mask | u128::from(value) << shift & mask;
    let first = byte_of(offset);
    let end = (first + FIELD_BYTES_MAX).min(bytes.len());
    bytes[first..end].copy_from_slice(&window.to_be_bytes()[..end - first]);
}

/// The bytes from the one of bit `offset` on, the first one highest.
#[inline]
fn field_window(bytes: &[u8], offset: u64) -> u128 {
    let mut window = [0; 16];
    let rest = bytes.get(byte_of(offset)..).unwrap_or_default();
    let rest = &rest[..rest.len().min(FIELD_BYTES_MAX)];
    window[..rest.len()].copy_from_slice(rest);
    u128::from_be_bytes(window)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(bytes: &[u8]) -> Vec<bool> {
        bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> (7 - bit) & 1 == 1)).collect()
    }

    /// Bytes with long runs, and two of their bits in order.
    fn bytes_and_range() -> impl Strategy<Value = (Vec<u8>, u64, u64)> {
        let run = (prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 1..90usize);
        prop::collection::vec(run, 1..4).prop_flat_map(|runs| {
            let bytes: Vec<u8> = runs.into_iter().flat_map(|(byte, length)| vec![byte; length]).collect();
            let last = 8 * bytes.len() as u64 - 1;
            (Just(bytes), 0..=last, 0..=last).prop_map(|(bytes, a, b)| (bytes, a.min(b), a.max(b)))
        })
    }

    proptest! {
        #[test]
        fn counting_and_finding_are_done_bit_by_bit((bytes, first, last) in bytes_and_range(), bit: bool) {
            let part = &bits(&bytes)[first as usize..=last as usize];
            prop_assert_eq!(count_between(&bytes, first, last), part.iter().filter(|bit| **bit).count() as u64);
            let found = part.iter().position(|other| *other == bit).map(|index| first + index as u64);
            prop_assert_eq!(find_between(&bytes, bit, first, last), found);
        }

        #[test]
        fn a_field_is_written_where_it_is_read_and_nowhere_else(
            bytes in prop::collection::vec(any::<u8>(), 1..40),
            offset in 0..300u64,
            width in 1..=64u32,
            value: u64,
        ) {
            let end = offset as usize + width as usize;
            let mut padded = bytes.clone();
            padded.resize(bytes.len().max(end.div_ceil(8)), 0);
            let before = bits(&padded);
            let number = |bits: &[bool]| bits.iter().fold(0u64, |number, bit| number << 1 | u64::from(*bit));
            prop_assert_eq!(read_field(&bytes, offset, width), number(&before[offset as usize..end]));
            write_field(&mut padded, offset, width, value);
            let after = bits(&padded);
            prop_assert_eq!(number(&after[offset as usize..end]), value & u64::MAX >> (64 - width));
            prop_assert_eq!(&after[..offset as usize], &before[..offset as usize]);
            prop_assert_eq!(&after[end..], &before[end..]);
        }

        #[test]
        fn strings_are_combined_as_if_followed_by_zeros(
            one in prop::collection::vec(any::<u8>(), 0..50),
            other in prop::collection::vec(any::<u8>(), 0..50),
        ) {
            let length = one.len().max(other.len());
            let at = |bytes: &[u8], index: usize| bytes.get(index).copied().unwrap_or(0);
            let combined = |operation: Operation| {
                let mut result = one.clone();
                operation.combine(&mut result, &other);
                result
            };
            let each = |combine: fn(u8, u8) -> u8| -> Vec<u8> {
                (0..length).map(|index| combine(at(&one, index), at(&other, index))).collect()
            };
            prop_assert_eq!(combined(Operation::And), each(|a, b| a & b));
            prop_assert_eq!(combined(Operation::Or), each(|a, b| a | b));
            prop_assert_eq!(combined(Operation::Xor), each(|a, b| a ^ b));
        }
    }
}
