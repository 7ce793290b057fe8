//! What happens by the clock: expiry, statistics, idle clients, the end of waits.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use super::Reactor;
use crate::dispatch::Core;
use crate::server::{SessionFlags, Waiting};

/// A timer that fires `hz` times a second.
pub(super) fn new_timer(hz: i64) -> io::Result<OwnedFd> {
    let timer = rustix::time::timerfd_create(
        TimerfdClockId::Monotonic,
        TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
    )?;
    set_interval(&timer, hz)?;
    Ok(timer)
}

fn set_interval(timer: &OwnedFd, hz: i64) -> io::Result<()> {
    let nanoseconds = 1_000_000_000 / hz.clamp(1, 500);
    let interval = Timespec { tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000 };
    let setting = Itimerspec { it_interval: interval, it_value: interval };
    rustix::time::timerfd_settime(timer, TimerfdTimerFlags::empty(), &setting)?;
    Ok(())
}

impl Reactor {
    /// One tick of the timer.
    pub(super) fn tick(&mut self, core: &mut Core) -> io::Result<()> {
        // Reading resets the timer; that it has been read already is no harm.
        let _ = rustix::io::read(&self.timer, &mut [0u8; 8]);
        if core.server.config.hz != self.hz {
            self.hz = core.server.config.hz;
            set_interval(&self.timer, self.hz)?;
        }
        core.tick();
        self.wake_waiting(core);
        Self::close_idle(core);
        core.server.kill_overdue_readers();
        Ok(())
    }

    /// Let clients go on whose wait has ended.
    fn wake_waiting(&mut self, core: &mut Core) {
        let now_ms = core.server.now.unix_ms();
        let due: Vec<_> = core
            .server
            .clients
            .others()
            .filter(|client| match client.session.waiting {
                Waiting::Until(at_ms) => at_ms <= now_ms,
                Waiting::No | Waiting::Control(_) | Waiting::Pause | Waiting::Output | Waiting::Keys => false,
            })
            .map(|client| client.key)
            .collect();
        for key in due {
            self.client_resumed(core, key);
        }
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
