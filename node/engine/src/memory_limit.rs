//! Keeping `maxmemory`: freeing and evicting until no more is in use.
//!
//! Memory in use is everything the engine has allocated, as it is allocated. As in Redis, that includes what clients
//! have sent and what they have not yet been sent.

use crate::clock::monotonic_us;
use crate::evict::{Evictor, NoCandidate, time_budget_us};
use crate::keyspace::Keyspace;
use crate::observe::LatencyEvent;
use crate::server::Server;

/// Keys evicted, or batches freed, between two looks at the clock.
const STEPS_PER_CHECK: usize = 16;
/// Keys or members freed in a step.
const FREED_PER_STEP: usize = 64;
/// Times the budget of one command that all commands of a batch may take: the others wait meanwhile.
const BUDGETS_PER_BATCH: u64 = 10;

/// How far it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// No more memory is in use than may be.
    Enough,
    /// Time was up first. Commands go on, and so does the next one with this, or the timer.
    Unfinished,
}

/// Time that was spent for the commands of one batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeSpent {
    batch_us: u64,
    spent_us: u64,
}

impl TimeSpent {
    fn in_batch(&mut self, batch_us: u64) -> &mut u64 {
        if self.batch_us != batch_us {
            *self = Self { batch_us, spent_us: 0 };
        }
        &mut self.spent_us
    }
}

/// Whether more memory is in use than may be, and it is this node's to do something about it.
#[inline]
pub fn is_exceeded(keyspace: &Keyspace, server: &Server) -> bool {
    let limit_bytes = server.config.maxmemory;
    limit_bytes > 0
        && keyspace.used_bytes() > limit_bytes
        // A replica's keys are its primary's to evict, and a paused node changes nothing.
        && !server.topology.is_replica()
        && server.pause.is_none()
}

/// Free what was removed, then evict, until the limit is kept or time is up.
///
/// # Errors
/// [`NoCandidate`] when more memory is in use and the policy allows to evict no key that is there.
#[cold]
pub fn make_room(
    keyspace: &mut Keyspace,
    server: &mut Server,
    evictor: &mut dyn Evictor,
) -> Result<Room, NoCandidate> {
    let config = &server.config;
    evictor.configure(config.maxmemory_policy, usize::try_from(config.maxmemory_samples).unwrap_or(1));
    let limit_bytes = config.maxmemory;
    let budget_us = time_budget_us(u32::try_from(config.maxmemory_eviction_tenacity).unwrap_or_default());
    let batch_us = server.now.monotonic_us;
    let spent_us = *server.eviction_time.in_batch(batch_us);
    // Even when the batch has had its time, every command makes some room for what it adds.
    let allowed_us =
        budget_us.map(|budget_us| budget_us.min((budget_us * BUDGETS_PER_BATCH).saturating_sub(spent_us)));
    let start_us = monotonic_us();
    let mut steps = 0;
    let result = loop {
        if keyspace.used_bytes() <= limit_bytes {
            break Ok(Room::Enough);
        }
        if steps > 0
            && steps % STEPS_PER_CHECK == 0
            && allowed_us.is_some_and(|allowed_us| monotonic_us() - start_us >= allowed_us)
        {
            break Ok(Room::Unfinished);
        }
        steps += 1;
        // What was removed already is freed before anything else has to go.
        if keyspace.has_garbage() {
            keyspace.free_step(FREED_PER_STEP);
        } else if evictor.evict_one(keyspace, &mut server.rng).is_err() {
            break Err(NoCandidate);
        }
    };
    let elapsed_us = monotonic_us() - start_us;
    *server.eviction_time.in_batch(batch_us) += elapsed_us;
    server.stats.eviction.note(result != Ok(Room::Enough), server.now);
    server.note_latency(LatencyEvent::EvictionCycle, elapsed_us);
    result
}
