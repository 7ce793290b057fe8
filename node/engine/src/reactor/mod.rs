//! The data path's event loop: one epoll instance with the listeners, the clients and a timer in it.

mod blocked;
mod connection;
mod cron;
mod descriptors;
mod listen;
mod lookahead;
mod poll;

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use crate::clock::{Now, monotonic_us};
use crate::dispatch::Core;
use crate::server::{ClientKey, Published, Topic};
use blocked::DeadlineTimer;
use cron::Ticker;
use descriptors::Reserve;
use lookahead::Lookahead;
use poll::{Event, Poll, Source};

/// How long a turn waits for more traffic before it hands the thread back.
const LINGER_MS: i32 = 1;
/// How long messages for other nodes are gathered while traffic flows.
const RELAY_DELAY_US: u64 = 1_000;
/// Bytes read from a socket at once.
const READ_BYTES: usize = 64 << 10;

/// Sockets and the timer, and the buffers they share.
#[derive(Debug)]
pub struct Reactor {
    poll: Poll,
    ticker: Ticker,
    deadline_timer: DeadlineTimer,
    listeners: Vec<OwnedFd>,
    reserve: Reserve,
    /// Descriptors of Python's whose readiness ends a turn.
    watched: Vec<RawFd>,
    events: Vec<Event>,
    /// What a client sent, until it is parsed: shared, so that an idle client costs no buffer.
    read_buffer: Vec<u8>,
    /// An empty reply buffer, lent to the client that is served.
    spare_reply: Option<Vec<u8>>,
    lookahead: Lookahead,
}

impl Reactor {
    /// A reactor without listeners.
    ///
    /// # Errors
    /// The system refused an epoll instance or a timer.
    pub fn new(hz: i64) -> io::Result<Self> {
        let poll = Poll::new()?;
        let ticker = Ticker::new(hz)?;
        poll.add(&ticker.timer, Source::Timer, true, false)?;
        let deadline_timer = DeadlineTimer::new()?;
        poll.add(&deadline_timer.timer, Source::Deadline, true, false)?;
        Ok(Self {
            poll,
            ticker,
            deadline_timer,
            listeners: Vec::new(),
            reserve: Reserve::default(),
            watched: Vec::new(),
            events: Vec::new(),
            read_buffer: vec![0; READ_BYTES],
            spare_reply: None,
            lookahead: Lookahead::default(),
        })
    }

    /// The epoll descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.poll.fd()
    }

    /// End turns early when this descriptor of Python's is readable.
    ///
    /// # Errors
    /// The descriptor can't be polled.
    pub fn watch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        self.poll.add(&fd, Source::Python, true, false)?;
        self.watched.push(fd.as_raw_fd());
        Ok(())
    }

    /// No longer look at a descriptor given to [`Reactor::watch`].
    ///
    /// # Errors
    /// The descriptor is not watched.
    pub fn unwatch(&mut self, fd: BorrowedFd<'_>) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        self.watched.retain(|watched| *watched != fd.as_raw_fd());
        self.poll.remove(&fd)
    }

    /// Serve what is ready for about `budget_us` microseconds, as long as traffic flows and Python is not needed.
    ///
    /// # Errors
    /// The system refused to wait for events.
    pub fn turn(&mut self, core: &mut Core, budget_us: u64) -> io::Result<()> {
        let start_us = monotonic_us();
        let mut timeout_ms = 0;
        loop {
            let mut events = std::mem::take(&mut self.events);
            let count = self.poll.wait(&mut events, timeout_ms)?;
            core.set_now(Now::read());
            core.server.stats.batches += 1;
            if core.server.pause.is_some_and(|pause| pause.until_ms <= core.server.now.unix_ms()) {
                core.server.end_pause();
            }
            // The timer alone is no traffic: an idle node would wake twice for every tick, to linger for nobody.
            let mut traffic = false;
            let mut python_wanted = false;
            for event in &events[..count] {
                traffic |= !matches!(event.source(), Source::Timer | Source::Deadline);
                match event.source() {
                    Source::Client(key) => self.client_ready(core, key, *event),
                    Source::Listener(index) => self.accept(core, index),
                    Source::Timer => self.tick(core)?,
                    Source::Deadline => self.deadline_timer.fired(),
                    Source::Python => python_wanted = true,
                }
            }
            self.events = events;
            self.settle(core)?;
            if !traffic || python_wanted || core.server.control.has_outgoing() {
                return Ok(());
            }
            let elapsed_us = core.server.now.monotonic_us.saturating_sub(start_us);
            // Messages for other nodes leave in batches, but not late.
            let relays = core.server.relay.has_outgoing();
            if elapsed_us >= if relays { RELAY_DELAY_US.min(budget_us) } else { budget_us } {
                return Ok(());
            }
            timeout_ms = if relays { 0 } else { LINGER_MS };
        }
    }

    /// Send what was published by clients of other nodes to the subscribers here.
    ///
    /// # Errors
    /// The system refused to set a timer.
    pub fn deliver(&mut self, core: &mut Core, messages: &[Published]) -> io::Result<()> {
        for Published { topic, channel, message, .. } in messages {
            match topic {
                Topic::Shard => core.server.publish_in_shard(channel, message),
                Topic::Channel | Topic::Pattern => core.server.publish(channel, message),
            };
        }
        self.settle(core)
    }

    /// Go on with a client whose request Python has answered.
    ///
    /// # Errors
    /// The system refused to set a timer.
    pub fn resume(&mut self, core: &mut Core, key: ClientKey) -> io::Result<()> {
        self.client_resumed(core, key);
        self.settle(core)
    }

    /// See to what a new topology means for clients that wait or have subscribed.
    ///
    /// # Errors
    /// The system refused to set a timer.
    pub fn topology_changed(&mut self, core: &mut Core) -> io::Result<()> {
        if core.server.identity.cluster {
            self.redirect_waiting(core);
            core.server.unsubscribe_lost_shards();
        }
        self.settle(core)
    }
}
