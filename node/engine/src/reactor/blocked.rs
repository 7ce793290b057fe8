//! Clients that wait for keys: serving them, and ending their waits.

use std::io;
use std::os::fd::OwnedFd;

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use super::Reactor;
use crate::commands::registry;
use crate::dispatch::{self, Core, Outcome};
use crate::keyspace::{Keys, ValueType};
use crate::server::{Client, ClientKey, KeyName, Release, SessionFlags, Waiting};

/// Fires once, at the nearest deadline of a client that waits: the timer of [`super::cron`] is too coarse for that.
#[derive(Debug)]
pub(super) struct DeadlineTimer {
    pub timer: OwnedFd,
    armed_us: Option<u64>,
}

impl DeadlineTimer {
    /// A timer that is not set.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        Ok(Self { timer: rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?, armed_us: None })
    }

    /// Fire at `next_us`, on the monotonic clock in microseconds.
    #[inline]
    fn arm(&mut self, next_us: Option<u64>) -> io::Result<()> {
        // A deadline that is gone may make it fire in vain, which is rarer than deadlines that go.
        match next_us {
            Some(next_us) if self.armed_us.is_none_or(|armed_us| next_us < armed_us) => self.set(next_us),
            _ => Ok(()),
        }
    }

    fn set(&mut self, next_us: u64) -> io::Result<()> {
        let tv_sec = i64::try_from(next_us / 1_000_000).unwrap_or(i64::MAX);
        // Zero would unset it.
        let tv_nsec = (next_us % 1_000_000 * 1_000).max(1) as i64;
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let setting = Itimerspec { it_interval: never, it_value: Timespec { tv_sec, tv_nsec } };
        rustix::time::timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &setting)?;
        self.armed_us = Some(next_us);
        Ok(())
    }

    /// Note that the timer has fired.
    pub fn fired(&mut self) {
        // Reading resets the timer; that it has been read already is no harm.
        let _ = rustix::io::read(&self.timer, &mut [0u8; 8]);
        self.armed_us = None;
    }
}

impl Reactor {
    /// After commands and events: see to clients whose waits are over, send what others have been given to send, and
    /// set the timer for the next deadline.
    pub(super) fn settle(&mut self, core: &mut Core) -> io::Result<()> {
        core.server.settle(&mut core.keyspace);
        self.end_due_waits(core);
        self.serve_waiting(core);
        core.server.deliver_all_pending();
        self.look_after_touched(core);
        self.wake_sleepers(core);
        self.deadline_timer.arm(core.server.blocking.next_deadline_us())?;
        self.deadline_timer.arm(core.server.sleepers.next_due_us())
    }

    /// Answer clients that have slept long enough.
    fn wake_sleepers(&mut self, core: &mut Core) {
        while let Some(key) = core.server.sleepers.pop_due(core.server.now.monotonic_us) {
            let Some(client) = core.server.clients.get_mut(key) else { continue };
            let flags = &mut client.session.flags;
            if !flags.intersects(SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP_CONTROL) {
                client.reply.ok();
            }
            flags.remove(SessionFlags::REPLY_SKIP_CONTROL);
            self.client_resumed(core, key);
        }
    }

    /// Run the commands of clients whose keys were changed, and end waits that are to be ended.
    #[inline]
    pub(super) fn serve_waiting(&mut self, core: &mut Core) {
        if core.server.blocking.has_work() {
            Self::serve_ready(core);
        }
    }

    #[cold]
    fn serve_ready(core: &mut Core) {
        while core.server.blocking.has_work() {
            for (key, release) in core.server.blocking.take_released() {
                end_wait(core, key, release);
            }
            for name in core.server.blocking.take_ready() {
                serve_key(core, &name);
            }
        }
    }

    fn end_due_waits(&mut self, core: &mut Core) {
        let now_us = core.server.now.monotonic_us;
        while let Some(key) = core.server.blocking.pop_due(now_us) {
            end_wait(core, key, Release::TimedOut);
        }
    }

    /// Let clients that wait for keys which are no longer served here run into the redirect.
    pub(super) fn redirect_waiting(&mut self, core: &mut Core) {
        let waiting: Vec<_> = core.server.blocking.clients().collect();
        for key in waiting {
            let server = &mut core.server;
            let session = server.clients.get_mut(key).map(|client| &client.session);
            let slot = session.and_then(|session| Some(session.blocked.as_ref()?.keys.first()?.slot));
            // Whether a replica may serve it depends on the command: the dispatcher knows.
            if slot.is_some_and(|slot| server.topology.check(slot, false).is_err()) {
                run_again(core, key);
            }
        }
    }
}

/// Serve those who wait for a key, in order of arrival, as long as it has something for them.
fn serve_key(core: &mut Core, name: &KeyName) {
    let mut ticket = 0;
    let mut found = value_type(core, name);
    while let Some(waiter) = core.server.blocking.waiter_after(name, ticket) {
        ticket = waiter.ticket;
        let wanted = waiter.waited_for;
        if found == Some(wanted.value_type) || wanted.or_gone {
            run_again(core, waiter.client);
            found = value_type(core, name);
        } else if found.is_none() && !core.server.blocking.is_end_wanted(name) {
            return;
        }
    }
}

fn value_type(core: &mut Core, name: &KeyName) -> Option<ValueType> {
    let now_ms = core.server.now.unix_ms();
    let mut keys = Keys::new(&mut core.keyspace, name.db, now_ms, false);
    keys.peek(&name.hashed()).map(|entry| entry.value_type())
}

/// Run a waiting client's command again; it may go on waiting.
fn run_again(core: &mut Core, key: ClientKey) {
    let Some(mut client) = core.server.clients.take(key) else {
        return;
    };
    if client.session.waiting == Waiting::Keys
        && let Some(length) = client.ready
        // One that is about to be closed would take what it can't be given.
        && !client.session.flags.contains(SessionFlags::KILLED)
    {
        client.session.waiting = Waiting::No;
        let args = client.parser.args(&client.input[..length]);
        let prepared = dispatch::prepare(core, &client.session, args);
        let outcome = dispatch::run(core, &mut client.session, &mut client.reply, args, &prepared);
        if outcome == Outcome::Done {
            drop_request(&mut client);
        }
    }
    put_back(core, client);
}

/// End a client's wait with nothing, if it still waits.
fn end_wait(core: &mut Core, key: ClientKey, release: Release) {
    let Some(mut client) = core.server.clients.take(key) else {
        return;
    };
    // One that waits for something else now notices by its deadline that its time is over.
    if client.session.waiting == Waiting::Keys {
        client.session.waiting = Waiting::No;
        answer_in_vain(core, &mut client, release);
        core.server.end_wait(&mut client.session);
        drop_request(&mut client);
    }
    put_back(core, client);
}

fn answer_in_vain(core: &mut Core, client: &mut Client, release: Release) {
    let entry =
        client.ready.and_then(|length| registry().find(client.parser.args(&client.input[..length]).get(0)));
    let mark = client.reply.mark();
    let failed = release == Release::Error;
    if failed {
        client.reply.error("UNBLOCKED client unblocked via CLIENT UNBLOCK");
        core.server.stats.count_error("UNBLOCKED");
    } else {
        client.reply.null_array();
    }
    if let Some(entry) = entry {
        let stats = core.server.stats.command(entry.id);
        stats.calls += 1;
        stats.failed += u64::from(failed);
    }
    core.server.stats.commands_processed += 1;
    client.session.commands_total += 1;
    let silent = SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP_NEXT;
    if client.session.flags.intersects(silent) {
        client.reply.truncate(mark);
    }
    client.session.flags.remove(SessionFlags::REPLY_SKIP_NEXT);
}

/// Forget the request that has been answered.
fn drop_request(client: &mut Client) {
    if let Some(length) = client.ready.take() {
        client.parser.reset();
        client.input.drain(..length);
        if client.input.is_empty() {
            client.input = Vec::new();
        }
    }
}

/// Put a client back; it will be sent its reply, and its next requests are run, when the running client's are over.
fn put_back(core: &mut Core, client: Box<Client>) {
    let key = client.key;
    core.server.clients.put(client);
    core.server.clients.touch(key);
}
