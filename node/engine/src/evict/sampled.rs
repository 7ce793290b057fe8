//! Redis's way to evict: the best of a few keys drawn at random.

use super::access::AccessClock;
use super::evictor::{Evictor, NoCandidate};
use super::policy::{Policy, Ranking};
use super::pool::EvictionPool;
use crate::clock::Rng;
use crate::keyspace::{EntryRef, Keyspace};

/// Evicts by one of Redis's policies, approximated by sampling.
#[derive(Debug)]
pub struct SampledEvictor {
    policy: Policy,
    samples: usize,
    pool: EvictionPool,
}

impl Default for SampledEvictor {
    fn default() -> Self {
        Self { policy: Policy::default(), samples: 5, pool: EvictionPool::default() }
    }
}

impl Evictor for SampledEvictor {
    fn configure(&mut self, policy: Policy, samples: usize) {
        if policy != self.policy {
            self.pool.clear();
        }
        self.policy = policy;
        self.samples = samples.max(1);
    }

    fn evict_one(&mut self, keyspace: &mut Keyspace, rng: &mut Rng) -> Result<(), NoCandidate> {
        match self.policy.ranking().ok_or(NoCandidate)? {
            Ranking::Random => self.evict_random(keyspace, rng),
            ranking => self.evict_best(keyspace, ranking, rng),
        }
    }
}

impl SampledEvictor {
    fn candidates_len(&self, keyspace: &Keyspace, db: usize) -> u64 {
        let database = keyspace.database(db);
        if self.policy.is_volatile_only() { database.volatile_len() } else { database.len() }
    }

    fn evict_random(&mut self, keyspace: &mut Keyspace, rng: &mut Rng) -> Result<(), NoCandidate> {
        let counts: Vec<u64> =
            (0..keyspace.database_count()).map(|db| self.candidates_len(keyspace, db)).collect();
        let mut rank = rng.below(counts.iter().sum());
        for (db, count) in counts.into_iter().enumerate() {
            if rank >= count {
                rank -= count;
                continue;
            }
            let mut key = Vec::new();
            let visit = |entry: EntryRef<'_>| key.extend_from_slice(entry.key());
            keyspace.database(db).sample(rng, 1, self.policy.is_volatile_only(), visit);
            let key = keyspace.hash_key(&key);
            keyspace.evict(db, &key);
            return Ok(());
        }
        Err(NoCandidate)
    }

    fn evict_best(
        &mut self,
        keyspace: &mut Keyspace,
        ranking: Ranking,
        rng: &mut Rng,
    ) -> Result<(), NoCandidate> {
        loop {
            let mut found = false;
            for db in 0..keyspace.database_count() {
                if self.candidates_len(keyspace, db) == 0 {
                    continue;
                }
                found = true;
                let pool = &mut self.pool;
                let clock = &keyspace.access_clock;
                let visit = |entry: EntryRef<'_>| pool.offer(score(entry, ranking, clock), db, entry.key());
                keyspace.database(db).sample(rng, self.samples, self.policy.is_volatile_only(), visit);
            }
            if !found {
                return Err(NoCandidate);
            }
            while let Some(candidate) = self.pool.take_best() {
                let key = keyspace.hash_key(&candidate.key);
                // A candidate of an earlier round may have lost its expiry since.
                let entry = keyspace.database(candidate.db).find(&key);
                let eligible =
                    |entry: EntryRef<'_>| !self.policy.is_volatile_only() || entry.expiry_ms().is_some();
                if entry.is_some_and(eligible) && keyspace.evict(candidate.db, &key) {
                    return Ok(());
                }
            }
        }
    }
}

/// The higher, the sooner the key goes.
fn score(entry: EntryRef<'_>, ranking: Ranking, clock: &AccessClock) -> u64 {
    match ranking {
        Ranking::Idle => clock.idle_ms(entry.access()),
        Ranking::Frequency => u64::from(u8::MAX - clock.frequency(entry.access())),
        Ranking::TimeToLive => u64::MAX - entry.expiry_ms().map_or(u64::MAX, |ms| ms.max(0) as u64),
        Ranking::Random => 0,
    }
}
