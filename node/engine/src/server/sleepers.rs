//! Clients that wait for a time and nothing else.

use std::collections::BTreeSet;

use super::ClientKey;

/// Clients that sleep (DEBUG SLEEP), by when they are to be answered.
#[derive(Debug, Default)]
pub struct Sleepers {
    /// Microseconds on the monotonic clock, and the client's key.
    due: BTreeSet<(u64, u64)>,
}

impl Sleepers {
    /// Let a client sleep until a time on the monotonic clock, in microseconds.
    pub fn add(&mut self, key: ClientKey, until_us: u64) {
        self.due.insert((until_us, key.to_u64()));
    }

    /// When the next one is due, on the monotonic clock in microseconds.
    #[inline]
    pub fn next_due_us(&self) -> Option<u64> {
        self.due.first().map(|(until_us, _)| *until_us)
    }

    /// Take the next one whose time has come; its client may be gone.
    #[inline]
    pub fn pop_due(&mut self, now_us: u64) -> Option<ClientKey> {
        let (until_us, key) = *self.due.first()?;
        if until_us > now_us {
            return None;
        }
        self.due.pop_first();
        Some(ClientKey::from_u64(key))
    }
}
