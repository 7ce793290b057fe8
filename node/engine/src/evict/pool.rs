//! The eviction pool: the best candidates of several samplings.

/// Candidates that are kept.
const POOL_SIZE: usize = 16;

/// A key that may be evicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The higher, the better to be evicted.
    pub score: u64,
    pub db: usize,
    pub key: Vec<u8>,
}

/// The best candidates so far, worst first. Sampling over several rounds comes closer to the true order of all keys
/// than each round's best alone.
#[derive(Debug, Default)]
pub struct EvictionPool {
    candidates: Vec<Candidate>,
}

impl EvictionPool {
    /// Consider a key.
    pub fn offer(&mut self, score: u64, db: usize, key: &[u8]) {
        let place = self.candidates.partition_point(|candidate| candidate.score < score);
        let full = self.candidates.len() == POOL_SIZE;
        if full && place == 0 {
            return;
        }
        let known = |candidate: &Candidate| candidate.db == db && candidate.key == key;
        if self.candidates.iter().any(known) {
            return;
        }
        let mut kept =
            if full { self.candidates.remove(0) } else { Candidate { score, db, key: Vec::new() } };
        kept.score = score;
        kept.db = db;
        kept.key.clear();
        kept.key.extend_from_slice(key);
        self.candidates.insert(if full { place - 1 } else { place }, kept);
    }

    /// Take the best candidate out. Its key may be gone or have been used meanwhile.
    pub fn take_best(&mut self) -> Option<Candidate> {
        self.candidates.pop()
    }

    /// Forget all, when scores mean something else from now on.
    pub fn clear(&mut self) {
        self.candidates.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_keeps_the_best_of_all_that_were_offered_and_gives_the_best_first() {
        let mut pool = EvictionPool::default();
        for index in 0..100u64 {
            let score = index * 37 % 100;
            pool.offer(score, 0, score.to_string().as_bytes());
            pool.offer(score, 0, score.to_string().as_bytes());
        }
        let scores: Vec<u64> =
            std::iter::from_fn(|| pool.take_best()).map(|candidate| candidate.score).collect();
        assert_eq!(scores, (84..100).rev().collect::<Vec<_>>());
    }
}
