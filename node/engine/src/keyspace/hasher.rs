//! The keyed hash function of keys.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

use super::value::HashedKey;
use crate::slot::{SlotIndex, key_slot};

/// Hashes keys with a secret of this process, so that nobody can choose keys that collide.
#[derive(Clone)]
pub struct KeyHasher(RandomState);

impl KeyHasher {
    /// A hash function keyed by `seeds`, which should be random.
    pub fn new(seeds: [u64; 4]) -> Self {
        let [a, b, c, d] = seeds;
        Self(RandomState::with_seeds(a, b, c, d))
    }

    /// The hash of a key, or of what a collection finds its parts by.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }

    /// A key with its slot and its hash.
    #[inline]
    pub fn hash_key<'a>(&self, bytes: &'a [u8]) -> HashedKey<'a> {
        self.hash_key_in_slot(bytes, key_slot(bytes))
    }

    /// A key whose slot is known, with its hash.
    #[inline]
    pub fn hash_key_in_slot<'a>(&self, bytes: &'a [u8], slot: SlotIndex) -> HashedKey<'a> {
        HashedKey { bytes, slot, hash: self.hash(bytes) }
    }
}
