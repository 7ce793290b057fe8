//! What happens by the clock: housekeeping, idle clients.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use super::Reactor;
use crate::dispatch::Core;
use crate::housekeeping::{BUSY_INTERVAL_MS, Pace};
use crate::server::{SessionFlags, Waiting};

/// The timer of housekeeping.
#[derive(Debug)]
pub(super) struct Ticker {
    pub timer: OwnedFd,
    interval_ms: u64,
    /// When clients were last looked at, on the monotonic clock.
    clients_seen_us: u64,
}

impl Ticker {
    /// A timer that fires `hz` times a second.
    ///
    /// # Errors
    /// The system refused a timer.
    pub fn new(hz: i64) -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let mut ticker = Self { timer, interval_ms: 0, clients_seen_us: 0 };
        ticker.set(regular_interval_ms(hz))?;
        Ok(ticker)
    }

    fn set(&mut self, interval_ms: u64) -> io::Result<()> {
        if interval_ms == self.interval_ms {
            return Ok(());
        }
        let tv_sec = (interval_ms / 1_000) as i64;
        let interval = Timespec { tv_sec, tv_nsec: (interval_ms % 1_000 * 1_000_000) as i64 };
        let setting = Itimerspec { it_interval: interval, it_value: interval };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &setting)?;
        self.interval_ms = interval_ms;
        Ok(())
    }
}

fn regular_interval_ms(hz: i64) -> u64 {
    1_000 / hz.clamp(1, 500) as u64
}

impl Reactor {
    /// One tick of the timer.
    pub(super) fn tick(&mut self, core: &mut Core) -> io::Result<()> {
        // Reading resets the timer; that it has been read already is no harm.
        let _ = rustix::io::read(&self.ticker.timer, &mut [0u8; 8]);
        let regular_ms = regular_interval_ms(core.server.config.hz);
        self.ticker.set(match core.tick() {
            Pace::Regular => regular_ms,
            Pace::Busy => regular_ms.min(BUSY_INTERVAL_MS),
        })?;
        // There may be many clients: however busy the pace, they are looked at no more often than `hz` says.
        let now_us = core.server.now.monotonic_us;
        if now_us.saturating_sub(self.ticker.clients_seen_us) >= regular_ms * 900 {
            self.ticker.clients_seen_us = now_us;
            Self::close_idle(core);
            core.server.kill_overdue_readers();
        }
        Ok(())
    }

    /// Close clients that have been idle for longer than `timeout` allows.
    fn close_idle(core: &mut Core) {
        if core.server.config.timeout <= 0 {
            return;
        }
        let limit_us = core.server.config.timeout as u64 * 1_000_000;
        let now_us = core.server.now.monotonic_us;
        let idle: Vec<_> = core
            .server
            .clients
            .others()
            .filter(|client| matches!(client.session.waiting, Waiting::No | Waiting::Output))
            .filter(|client| {
                !client.session.flags.intersects(SessionFlags::MONITOR | SessionFlags::SUBSCRIBED)
            })
            .filter(|client| now_us.saturating_sub(client.session.last_used_us) > limit_us)
            .map(|client| client.key)
            .collect();
        for key in idle {
            core.server.clients.kill(key);
        }
    }
}
