//! A thin layer over epoll that names what a readiness event belongs to.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll;

use crate::server::ClientKey;

/// Events taken from the kernel at once.
const EVENTS_MAX: usize = 256;
const TIMER: u32 = u32::MAX;
const LISTENER: u32 = u32::MAX - 1;
const PYTHON: u32 = u32::MAX - 2;
const DEADLINE: u32 = u32::MAX - 3;

/// What a descriptor in the epoll instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Client(ClientKey),
    Listener(usize),
    Timer,
    /// The timer of clients that wait.
    Deadline,
    /// A descriptor that Python waits for.
    Python,
}

impl Source {
    fn to_data(self) -> epoll::EventData {
        let key = match self {
            Self::Client(key) => key,
            Self::Listener(number) => ClientKey { index: LISTENER, stamp: number as u32 },
            Self::Timer => ClientKey { index: TIMER, stamp: 0 },
            Self::Deadline => ClientKey { index: DEADLINE, stamp: 0 },
            Self::Python => ClientKey { index: PYTHON, stamp: 0 },
        };
        epoll::EventData::new_u64(key.to_u64())
    }

    fn from_data(data: epoll::EventData) -> Self {
        let key = ClientKey::from_u64(data.u64());
        match key.index {
            TIMER => Self::Timer,
            LISTENER => Self::Listener(key.stamp as usize),
            PYTHON => Self::Python,
            DEADLINE => Self::Deadline,
            _ => Self::Client(key),
        }
    }
}

/// A descriptor that is ready.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    source: Source,
    flags: epoll::EventFlags,
}

impl Event {
    /// Which descriptor it is.
    pub fn source(&self) -> Source {
        self.source
    }

    /// There is something to read.
    pub fn readable(&self) -> bool {
        self.flags.intersects(epoll::EventFlags::IN)
    }

    /// There is room to write.
    pub fn writable(&self) -> bool {
        self.flags.intersects(epoll::EventFlags::OUT)
    }

    /// The peer has gone, or will at least not send any more.
    pub fn hung_up(&self) -> bool {
        self.flags.intersects(epoll::EventFlags::HUP | epoll::EventFlags::ERR | epoll::EventFlags::RDHUP)
    }
}

/// An epoll instance.
#[derive(Debug)]
pub struct Poll {
    fd: OwnedFd,
}

impl Poll {
    /// A new instance, closed on exec.
    ///
    /// # Errors
    /// The system's limit on descriptors is reached.
    pub fn new() -> io::Result<Self> {
        Ok(Self { fd: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    /// The descriptor, readable while any in it is ready.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Watch a descriptor.
    ///
    /// # Errors
    /// The descriptor can't be polled.
    pub fn add(&self, fd: &impl AsFd, source: Source, read: bool, write: bool) -> io::Result<()> {
        Ok(epoll::add(&self.fd, fd, source.to_data(), interest(read, write))?)
    }

    /// Watch a descriptor for something else.
    ///
    /// # Errors
    /// The descriptor is not watched.
    pub fn change(&self, fd: &impl AsFd, source: Source, read: bool, write: bool) -> io::Result<()> {
        Ok(epoll::modify(&self.fd, fd, source.to_data(), interest(read, write))?)
    }

    /// No longer watch a descriptor.
    ///
    /// # Errors
    /// The descriptor is not watched.
    pub fn remove(&self, fd: &impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.fd, fd)?)
    }

    /// Wait for events, at most `timeout_ms` milliseconds; puts them at the front of `events`.
    ///
    /// # Errors
    /// The system refused; an interruption by a signal is no error but no event.
    pub fn wait(&self, events: &mut Vec<Event>, timeout_ms: i32) -> io::Result<usize> {
        let timeout = rustix::event::Timespec { tv_sec: 0, tv_nsec: i64::from(timeout_ms) * 1_000_000 };
        let mut raw = [const { MaybeUninit::uninit() }; EVENTS_MAX];
        let ready: &[epoll::Event] = match epoll::wait(&self.fd, &mut raw[..], Some(&timeout)) {
            Ok((ready, _)) => ready,
            Err(rustix::io::Errno::INTR) => &[],
            Err(error) => return Err(error.into()),
        };
        events.clear();
        events.extend(
            ready.iter().map(|event| Event { source: Source::from_data(event.data), flags: event.flags }),
        );
        Ok(events.len())
    }
}

fn interest(read: bool, write: bool) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::RDHUP;
    flags.set(epoll::EventFlags::IN, read);
    flags.set(epoll::EventFlags::OUT, write);
    flags
}
