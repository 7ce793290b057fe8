//! What the engine does by the clock: removing expired keys, freeing what was removed, keeping the memory limit,
//! taking samples.
//!
//! Everything is done in slices of well under a millisecond, so that clients hardly notice. While there is more to do,
//! slices follow each other at [`BUSY_INTERVAL_MS`], otherwise at the timer's `hz`: a node with nothing to do is idle.

use crate::clock::monotonic_us;
use crate::dispatch::Core;
use crate::keyspace::{ExpireReport, ExpiryMode};
use crate::memory_limit::{self, Room};
use crate::observe::LatencyEvent;

/// Milliseconds between slices while there is more to do.
pub const BUSY_INTERVAL_MS: u64 = 2;
/// Microseconds of a slice of freeing while clients are served, and while they are not.
const FREE_SLICE_US: u64 = 500;
const FREE_SLICE_QUIET_US: u64 = 1_000;
/// Keys or members freed between two looks at the clock.
const FREED_PER_CHECK: usize = 64;
/// Microseconds of looking for expired keys when there is no reason to expect any.
const EXPIRE_LOOK_US: u64 = 50;
/// Share of the time that expiry may take, with the least effort and with each further step of it.
const EXPIRE_SHARE: f64 = 0.25;
const EXPIRE_SHARE_STEP: f64 = 0.02;
/// Share of expired keys among those with an expiry that is put up with, with the least effort; each further step
/// takes a hundredth away.
const STALE_SHARE: f64 = 0.10;
const STALE_SHARE_STEP: f64 = 0.01;
/// Weight of the past in the share of expired keys that INFO shows.
const STALE_INERTIA: f64 = 0.95;

/// When there is something to do again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At the next tick of the timer.
    Regular,
    /// In [`BUSY_INTERVAL_MS`].
    Busy,
}

/// What is kept from one tick to the next.
#[derive(Clone, Copy, Debug)]
pub struct Housekeeping {
    /// DEBUG SET-ACTIVE-EXPIRE: whether expired keys are removed when nobody asks for them.
    pub active_expiry: bool,
    /// Commands that had been processed at the last tick.
    commands_seen: u64,
}

impl Default for Housekeeping {
    fn default() -> Self {
        Self { active_expiry: true, commands_seen: 0 }
    }
}

impl Core {
    /// One tick of the timer.
    pub fn tick(&mut self) -> Pace {
        self.take_samples();
        let commands = self.server.stats.commands_processed;
        let is_quiet = self.server.housekeeping.commands_seen == commands;
        self.server.housekeeping.commands_seen = commands;
        let busy =
            [self.expire_slice(), self.expire_fields_slice(), self.free_slice(is_quiet), self.evict_slice()];
        if busy.contains(&true) { Pace::Busy } else { Pace::Regular }
    }

    fn take_samples(&mut self) {
        let stats = &mut self.server.stats;
        let counters = [stats.commands_processed, stats.bytes_in, stats.bytes_out];
        stats.rates.sample(counters, self.server.now.monotonic_us);
        stats.memory_peak_bytes = stats.memory_peak_bytes.max(self.keyspace.used_bytes());
    }

    /// Remove expired keys as long as that finds many; true when time was up before.
    fn expire_slice(&mut self) -> bool {
        if !self.may_expire() || self.keyspace.volatile_len() == 0 {
            return false;
        }
        let server = &self.server;
        let effort = (server.config.active_expire_effort - 1).clamp(0, 9) as f64;
        let share = EXPIRE_SHARE + EXPIRE_SHARE_STEP * effort;
        let limit_us = (BUSY_INTERVAL_MS as f64 * 1_000.0 * share) as u64;
        let stale_share_max = STALE_SHARE - STALE_SHARE_STEP * effort;
        let start_us = monotonic_us();
        let go_on = |report: &ExpireReport| {
            let elapsed_us = monotonic_us() - start_us;
            elapsed_us < EXPIRE_LOOK_US || (report.expired_share() > stale_share_max && elapsed_us < limit_us)
        };
        let report = self.keyspace.expire_step(server.now.unix_ms(), go_on, |_, _| {});
        let elapsed_us = monotonic_us() - start_us;
        let expiry = &mut self.server.stats.expiry;
        expiry.used_us += elapsed_us;
        expiry.stale_share =
            STALE_INERTIA * expiry.stale_share + (1.0 - STALE_INERTIA) * report.expired_share();
        let unfinished = elapsed_us >= limit_us && report.expired_share() > stale_share_max;
        expiry.time_ran_out += u64::from(unfinished);
        self.server.note_latency(LatencyEvent::ExpireCycle, elapsed_us);
        unfinished
    }

    /// Remove fields of hashes whose time is over; true when time was up before and some were found.
    fn expire_fields_slice(&mut self) -> bool {
        if !self.may_expire() {
            return false;
        }
        let start_us = monotonic_us();
        let limit_us = (BUSY_INTERVAL_MS as f64 * 1_000.0 * EXPIRE_SHARE) as u64;
        let before = self.keyspace.stats.expired_fields;
        let now_ms = self.server.now.unix_ms();
        let unfinished = self.keyspace.expire_fields_step(now_ms, || monotonic_us() - start_us < limit_us);
        unfinished && self.keyspace.stats.expired_fields > before
    }

    /// Whether what is over may be removed though nobody asks for it.
    fn may_expire(&self) -> bool {
        self.server.housekeeping.active_expiry
            && self.server.pause.is_none()
            && self.keyspace.expiry_mode == ExpiryMode::Remove
    }

    /// Free some of what was removed; true when there is more.
    fn free_slice(&mut self, is_quiet: bool) -> bool {
        if !self.keyspace.has_garbage() {
            return false;
        }
        let limit_us = if is_quiet { FREE_SLICE_QUIET_US } else { FREE_SLICE_US };
        let start_us = monotonic_us();
        while self.keyspace.free_step(FREED_PER_CHECK) {
            if monotonic_us() - start_us >= limit_us {
                return true;
            }
        }
        false
    }

    /// Go on with the evicting that commands had no time for; true when there is more.
    fn evict_slice(&mut self) -> bool {
        let Self { keyspace, server, evictor } = self;
        if !memory_limit::is_exceeded(keyspace, server) {
            server.stats.eviction.note(false, server.now);
            return false;
        }
        memory_limit::make_room(keyspace, server, evictor.as_mut()) == Ok(Room::Unfinished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Node;

    /// Tick until there is nothing to do at once; the number of ticks.
    fn run_down(node: &mut Node) -> usize {
        (1..).find(|_| node.core.tick() == Pace::Regular).unwrap_or_default()
    }

    fn fill(node: &mut Node, count: usize, suffix: &str) {
        for index in 0..count {
            node.run(&format!("SET key:{index} value{suffix}"));
        }
    }

    #[test]
    fn many_expired_keys_go_at_once_in_slices() {
        let mut node = Node::alone();
        fill(&mut node, 20_000, " PX 10");
        node.run("SET lasting value PX 100000");
        node.run("SET eternal value");
        assert_eq!(run_down(&mut node), 1);
        assert_eq!(node.core.keyspace.total_len(), 20_002);
        node.wait_ms(10);
        run_down(&mut node);
        // What is put up with: a tenth of the keys with an expiry.
        let left = node.core.keyspace.total_len();
        assert!(left < 2_300, "{left} left");
        assert_eq!(node.core.keyspace.stats.expired, 20_002 - left);
        node.expect(&[("EXISTS lasting eternal", ":2\r\n")]);
    }

    #[test]
    fn expired_fields_go_and_the_hash_with_its_last_one() {
        let mut node = Node::alone();
        for field in 0..3_000 {
            node.run(&format!("HSETEX large PX 10 FIELDS 1 f:{field} v"));
        }
        node.expect(&[
            ("HSET large lasting v", ":1\r\n"),
            ("HSETEX small PX 10 FIELDS 2 a 1 b 2", ":1\r\n"),
            ("COPY small copied", ":1\r\n"),
            ("RENAME copied renamed", "+OK\r\n"),
        ]);
        run_down(&mut node);
        assert_eq!(node.core.keyspace.total_len(), 3);
        node.wait_ms(10);
        run_down(&mut node);
        node.expect(&[("HLEN large", ":1\r\n"), ("EXISTS small copied renamed", ":0\r\n")]);
        assert_eq!(node.core.keyspace.stats.expired_fields, 3_004);
        run_down(&mut node);
        node.expect(&[("HGETALL large", "*2\r\n$7\r\nlasting\r\n$1\r\nv\r\n")]);
    }

    #[test]
    fn expired_keys_stay_while_active_expiry_is_off() {
        let mut node = Node::alone();
        node.core.server.housekeeping.active_expiry = false;
        fill(&mut node, 10, " PX 10");
        node.wait_ms(10);
        run_down(&mut node);
        assert_eq!(node.core.keyspace.total_len(), 10);
        node.expect(&[("GET key:1", "$-1\r\n")]);
        node.core.server.housekeeping.active_expiry = true;
        run_down(&mut node);
        assert_eq!(node.core.keyspace.total_len(), 0);
    }

    #[test]
    fn what_was_flushed_is_freed_within_a_few_ticks() {
        let mut node = Node::alone();
        fill(&mut node, 20_000, "");
        let full = node.core.keyspace.slab_bytes();
        node.expect(&[("FLUSHALL", "+OK\r\n"), ("DBSIZE", ":0\r\n")]);
        assert_eq!(node.core.keyspace.slab_bytes(), full);
        assert_eq!(node.core.keyspace.garbage_len(), 20_000);
        let ticks = run_down(&mut node);
        assert!(node.core.keyspace.slab_bytes() < full / 20);
        assert_eq!(node.core.keyspace.stats.freed_lazily, 20_000);
        // Nothing left to do: the next tick does nothing.
        assert_eq!(run_down(&mut node), 1, "after {ticks} ticks");
    }

    #[test]
    fn rates_and_the_peak_are_sampled() {
        let mut node = Node::alone();
        for _ in 0..20 {
            fill(&mut node, 10, "");
            node.core.server.now.monotonic_us += 100_000;
            node.core.tick();
        }
        assert!((95.0..105.0).contains(&node.core.server.stats.rates.per_second()[0]));
        assert!(node.core.server.stats.memory_peak_bytes > 0);
    }
}
