//! `list-max-listpack-size`: how large a node of a list may become.

/// Nodes whose elements are limited in number have no more bytes than this, or one element.
const COUNTED_NODE_BYTES_MAX: usize = 8192;

/// What a listpack has beside its entries.
pub const LISTPACK_OVERHEAD_BYTES: usize = 7;

/// What Redis takes an entry to need, at most, beside its value.
const ENTRY_OVERHEAD_BYTES: usize = 8;

/// The limit of a node, as `list-max-listpack-size` says it: a positive number of elements, or -1 to -5 for 4 to
/// 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill(i32);

impl Fill {
    /// The default, 8 KiB.
    pub const DEFAULT: Fill = Fill(-2);

    /// The limit that the setting's value stands for.
    pub fn new(setting: i64) -> Self {
        Self(setting.clamp(-5, i64::from(i16::MAX)) as i32)
    }

    /// Bytes of a node, if those are limited.
    #[inline]
    fn bytes_max(self) -> Option<usize> {
        (self.0 < 0).then(|| 2048 << self.0.unsigned_abs())
    }

    /// Elements of a node, if those are limited.
    #[inline]
    fn count_max(self) -> usize {
        self.0.max(1) as usize
    }

    /// Whether a listpack of this size is too large.
    #[inline]
    pub fn is_exceeded(self, listpack_bytes: usize, count: usize) -> bool {
        match self.bytes_max() {
            Some(bytes_max) => listpack_bytes > bytes_max,
            None => listpack_bytes > COUNTED_NODE_BYTES_MAX || count > self.count_max(),
        }
    }

    /// Whether an element of this length is to have a node of its own.
    #[inline]
    pub fn is_large(self, length: usize) -> bool {
        length > self.bytes_max().unwrap_or(COUNTED_NODE_BYTES_MAX)
    }

    /// Whether a node may take an element of this length in; Redis's estimate, which is on the safe side.
    #[inline]
    pub fn admits(self, listpack_bytes: usize, count: usize, length: usize) -> bool {
        !self.is_large(length) && !self.is_exceeded(listpack_bytes + length + ENTRY_OVERHEAD_BYTES, count + 1)
    }

    /// Whether a list that is one node of this size, and has become smaller, is a small one again.
    #[inline]
    pub fn is_small(self, listpack_bytes: usize, count: usize) -> bool {
        match self.bytes_max() {
            Some(bytes_max) => listpack_bytes <= bytes_max / 2,
            None => count <= self.count_max() / 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_settings_limit_bytes_and_positive_ones_elements() {
        assert!(!Fill::DEFAULT.is_exceeded(8192, 8000) && Fill::DEFAULT.is_exceeded(8193, 1));
        assert!(!Fill::new(-1).is_exceeded(4096, 1) && Fill::new(-1).is_exceeded(4097, 1));
        assert!(!Fill::new(-5).is_large(65_536) && Fill::new(-5).is_large(65_537));
        assert!(!Fill::new(128).is_exceeded(8192, 128) && Fill::new(128).is_exceeded(100, 129));
        assert!(Fill::new(128).is_large(8193) && Fill::new(0).is_exceeded(10, 2));
        assert_eq!(Fill::new(-9), Fill::new(-5));
    }
}
