//! The process's limit of open descriptors, and what becomes of clients beyond it.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for all that is no client: listeners, files, the bus, Python's own.
const OTHERS: u64 = 128;

/// Raise the limit of descriptors to what so many clients need, as far as the system allows it; for how many clients
/// there is room then.
pub(super) fn make_room_for(clients: u64) -> u64 {
    let wanted = clients.saturating_add(OTHERS);
    let old = getrlimit(Resource::Nofile);
    // No limit at all is room enough.
    let is_less = |limit: Option<u64>| limit.is_some_and(|limit| limit < wanted);
    if is_less(old.current) {
        let maximum = if is_less(old.maximum) { Some(wanted) } else { old.maximum };
        // Only the privileged may raise the maximum; others may go up to it.
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
            .or_else(|_| setrlimit(Resource::Nofile, Rlimit { current: old.maximum, maximum: old.maximum }));
        if raised.is_err() {
            return room_in(old.current, clients);
        }
    }
    room_in(getrlimit(Resource::Nofile).current, clients)
}

fn room_in(limit: Option<u64>, clients: u64) -> u64 {
    limit.map_or(clients, |limit| clients.min(limit.saturating_sub(OTHERS).max(1)))
}

/// A descriptor kept in reserve, so that a client can still be told that there are none left.
#[derive(Debug, Default)]
pub(super) struct Reserve(Option<OwnedFd>);

impl Reserve {
    /// Fill the reserve, if it is empty and there is a descriptor to be had.
    pub fn fill(&mut self) {
        if self.0.is_none() {
            self.0 = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        }
    }

    /// Give the reserve up; false when there was none.
    pub fn release(&mut self) -> bool {
        self.0.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_as_many_clients_as_the_limit_leaves_beside_the_others() {
        assert_eq!(room_in(None, 10_000), 10_000);
        assert_eq!(room_in(Some(20_000), 10_000), 10_000);
        assert_eq!(room_in(Some(1_024), 10_000), 896);
        assert_eq!(room_in(Some(100), 10_000), 1);
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be() {
        let maximum = getrlimit(Resource::Nofile).maximum;
        let clients = maximum.map_or(2_000, |maximum| 2_000.min(maximum - OTHERS));
        assert_eq!(make_room_for(clients), clients);
        assert!(getrlimit(Resource::Nofile).current.is_none_or(|current| current >= clients + OTHERS));
    }

    #[test]
    fn the_reserve_is_given_up_once() {
        let mut reserve = Reserve::default();
        assert!(!reserve.release());
        reserve.fill();
        assert!(reserve.release());
        assert!(!reserve.release());
    }
}
