//! epoll, with a timer exact enough for due times.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::clock::to_timespec;

/// Most events taken at once: due operations are sent between two batches, and between two events.
const EVENTS_MAX: usize = 256;
const TIMER_TOKEN: u64 = u64::MAX;
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// What a socket is ready for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    /// The token it was added with.
    pub token: usize,
    /// Readable, closed or broken: a read will tell.
    pub readable: bool,
    /// Writable, connected or broken.
    pub writable: bool,
}

/// Readiness of all sockets of a run.
pub(crate) struct Poller {
    epoll: OwnedFd,
    timer: OwnedFd,
    armed_ns: u64,
    events: Vec<Event>,
    spin: bool,
}

impl Poller {
    /// With `spin`, waiting never sleeps.
    pub fn new(spin: bool) -> Result<Self, Errno> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER_TOKEN), EventFlags::IN)?;
        Ok(Self { epoll, timer, armed_ns: 0, events: Vec::with_capacity(EVENTS_MAX), spin })
    }

    /// Watch a socket for reading, and for writing when `write`.
    pub fn add(&self, socket: BorrowedFd<'_>, token: usize, write: bool) -> Result<(), Errno> {
        epoll::add(&self.epoll, socket, EventData::new_u64(token as u64), interest(write))
    }

    /// Change whether a socket is watched for writing.
    pub fn watch_writing(&self, socket: BorrowedFd<'_>, token: usize, write: bool) -> Result<(), Errno> {
        epoll::modify(&self.epoll, socket, EventData::new_u64(token as u64), interest(write))
    }

    /// Wait for events, at most until `deadline_ns`, and replace `ready` by them.
    pub fn wait(&mut self, deadline_ns: u64, ready: &mut Vec<Ready>) -> Result<(), Errno> {
        ready.clear();
        self.events.clear();
        let timeout = if self.spin {
            Some(&NO_WAIT)
        } else {
            // A timer, since epoll's own timeout is rounded and comes late by the thread's timer slack.
            if self.armed_ns != deadline_ns {
                let at = Itimerspec { it_interval: NO_WAIT, it_value: to_timespec(deadline_ns.max(1)) };
                timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &at)?;
                self.armed_ns = deadline_ns;
            }
            None
        };
        match epoll::wait(&self.epoll, spare_capacity(&mut self.events), timeout) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        for event in &self.events {
            let flags = event.flags;
            match event.data.u64() {
                // An expired timer stays readable until it is set again.
                TIMER_TOKEN => self.armed_ns = 0,
                token => ready.push(Ready {
                    token: token as usize,
                    readable: flags.intersects(EventFlags::IN | EventFlags::ERR | EventFlags::HUP),
                    writable: flags.intersects(EventFlags::OUT | EventFlags::ERR | EventFlags::HUP),
                }),
            }
        }
        Ok(())
    }
}

fn interest(write: bool) -> EventFlags {
    if write { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN }
}
