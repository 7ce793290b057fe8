//! What the engine does by the clock: removing expired keys, freeing what was cleared, taking samples.

use crate::clock::monotonic_us;
use crate::dispatch::Core;

/// Time that active expiry may take in a tick, in microseconds.
const EXPIRE_BUDGET_US: u64 = 1_000;

impl Core {
    /// One tick of the timer.
    pub fn tick(&mut self) {
        // Nothing is to change while clients are paused, also not by the clock.
        if self.server.pause.is_none() {
            let deadline_us = self.server.now.monotonic_us + EXPIRE_BUDGET_US;
            self.keyspace.expire_step(self.server.now.unix_ms(), |_| monotonic_us() < deadline_us, |_, _| {});
        }
    }
}
