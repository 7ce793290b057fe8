//! Compact lengths: what stands before an element of a packed sequence and before a part of a record.
//!
//! A length below 254 is one byte. 254 says that two bytes follow, 255 that four do, the lowest first.

use std::ptr::NonNull;

const TWO_BYTES: u8 = 254;
const FOUR_BYTES: u8 = 255;

/// Bytes that a length takes.
#[inline]
pub const fn length_bytes(length: usize) -> usize {
    match length {
        0..=253 => 1,
        254..=0xffff => 3,
        _ => 5,
    }
}

/// A length as it is written, for instance as a piece of a splice.
#[derive(Clone, Copy, Debug)]
pub struct Prefix {
    bytes: [u8; 5],
    count: u8,
}

impl Prefix {
    /// A length, which is below 4 GiB, as everything is that a client can send.
    #[inline]
    pub fn new(length: usize) -> Self {
        let [a, b, c, d] = (length as u32).to_le_bytes();
        match length_bytes(length) {
            1 => Self { bytes: [a, 0, 0, 0, 0], count: 1 },
            3 => Self { bytes: [TWO_BYTES, a, b, 0, 0], count: 3 },
            _ => Self { bytes: [FOUR_BYTES, a, b, c, d], count: 5 },
        }
    }

    /// The bytes to write.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.count)]
    }
}

/// The length at the start of `bytes`, and the bytes it takes; panics if there is none.
#[inline]
pub fn read_length(bytes: &[u8]) -> (usize, usize) {
    match bytes[0] {
        TWO_BYTES => (usize::from(u16::from_le_bytes([bytes[1], bytes[2]])), 3),
        FOUR_BYTES => (u32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]) as usize, 5),
        length => (usize::from(length), 1),
    }
}

/// The length at `place`, and the bytes it takes.
///
/// # Safety
/// A whole length lies there.
#[inline]
pub unsafe fn length_at(place: NonNull<u8>) -> (usize, usize) {
    // SAFETY: the first byte tells how many follow, and the caller says that they do.
    unsafe {
        match place.read() {
            TWO_BYTES => (usize::from(u16::from_le(place.add(1).cast::<u16>().read_unaligned())), 3),
            FOUR_BYTES => (u32::from_le(place.add(1).cast::<u32>().read_unaligned()) as usize, 5),
            length => (usize::from(length), 1),
        }
    }
}

/// Write a length, which is below 4 GiB, to `place`; returns where it ends.
///
/// # Safety
/// There is room for [`length_bytes`] of it.
#[inline]
pub unsafe fn write_length(place: NonNull<u8>, length: usize) -> NonNull<u8> {
    let prefix = Prefix::new(length);
    let bytes = prefix.as_bytes();
    // SAFETY: these are as many bytes as `length_bytes` says.
    unsafe {
        place.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
        place.add(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_as_they_were_written() {
        for length in [0, 1, 253, 254, 255, 256, 65_535, 65_536, 512 << 20, u32::MAX as usize] {
            let prefix = Prefix::new(length);
            let bytes = prefix.as_bytes();
            assert_eq!(read_length(bytes), (length, length_bytes(length)));
            let mut block = [0u8; 5];
            let place = NonNull::from(&mut block).cast::<u8>();
            // SAFETY: five bytes are room for any length.
            unsafe {
                assert_eq!(write_length(place, length), place.add(bytes.len()));
                assert_eq!(length_at(place), (length, bytes.len()));
            }
        }
    }
}
