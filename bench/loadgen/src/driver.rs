//! The event loop: takes operations as they come due, routes them, and settles their answers.

use std::io;
use std::net::SocketAddr;

use crate::bootstrap::{SLOTS_COMMAND, START_TIMEOUT, bootstrap};
use crate::clock::{MILLISECOND_NS, SECOND_NS, monotonic_ns, thread_cpu_ns};
use crate::config::{Config, Pace};
use crate::connection::{Answer, Expected, Link, Loss, Task};
use crate::error::RunError;
use crate::fleet::Fleet;
use crate::pace::Source;
use crate::poller::{Poller, Ready};
use crate::report::{Recorder, Report};
use crate::resp::Value;
use crate::slots::{SLOT_COUNT, host_and_port, key_slot, slot_ranges};
use crate::workload::Workload;

/// Redirects that one operation follows before it counts as failed.
const HOPS_MAX: u8 = 5;
/// Operations that wait for connections, all servers together; further ones are shed.
const WAITING_MAX: usize = 1 << 20;
/// Operations sent before events are looked at again, however many are due.
const DISPATCH_BATCH_MAX: u32 = 1_000;
/// Between two rounds of reconnecting, shedding and asking for slot tables.
const HOUSEKEEPING_NS: u64 = 10 * MILLISECOND_NS;
/// Between two questions whether to stop.
const STOP_CHECK_NS: u64 = 100 * MILLISECOND_NS;
/// Between two requests for a slot table; also how long one may stay unanswered.
const REFRESH_INTERVAL_NS: u64 = 100 * MILLISECOND_NS;
/// How long answers are waited for after the last operation, beyond the longest lag.
const DRAIN_MAX_NS: u64 = SECOND_NS;
const ASKING_COMMAND: &[u8] = b"*1\r\n$6\r\nASKING\r\n";

/// Carry out a run to its end.
/// # Errors
/// [`RunError`] when it cannot begin, or the system refuses a poll; what fails later is counted in the report.
pub fn run(config: &Config) -> Result<Report, RunError> {
    run_until(config, &mut || false)
}

/// Carry out a run, asking about ten times a second whether to end it early.
/// # Errors
/// As [`run`].
pub fn run_until(config: &Config, should_stop: &mut dyn FnMut() -> bool) -> Result<Report, RunError> {
    config.check()?;
    let cpu_start_ns = thread_cpu_ns();
    let (address, ranges) = bootstrap(config)?;
    let mut fleet = Fleet::new(config.connections as usize);
    match &ranges {
        None => fleet.serve_single(&config.host, address),
        Some(ranges) => {
            // The address that answered, not the name: another of its addresses may have nobody listening.
            if !fleet.adopt(ranges, &address.ip().to_string()) {
                let answer = "no server in its slot table can be reached".to_owned();
                return Err(RunError::NoCluster { address: address.to_string(), answer });
            }
        }
    }
    let mut driver = Driver::new(config, fleet)?;
    driver.connect_all(&address)?;
    let interrupted = driver.drive(should_stop)?;
    let primaries = driver.primaries();
    Ok(driver.recorder.finish(interrupted, primaries, thread_cpu_ns() - cpu_start_ns))
}

/// A client of the closed loop.
#[derive(Clone, Copy, Default)]
struct Client {
    unanswered: u32,
}

/// When the slot table is asked for again.
#[derive(Clone, Copy, Default)]
struct Refresh {
    wanted: bool,
    unanswered: bool,
    asked_ns: u64,
    turn: usize,
}

struct Driver<'a> {
    config: &'a Config,
    workload: Workload,
    source: Source,
    fleet: Fleet,
    poller: Poller,
    recorder: Recorder,
    clients: Vec<Client>,
    idle_clients: Vec<u32>,
    dirty: Vec<usize>,
    refresh: Refresh,
    lag_max_ns: u64,
    in_flight: usize,
    waiting: usize,
    source_dry: bool,
}

impl<'a> Driver<'a> {
    fn new(config: &'a Config, fleet: Fleet) -> Result<Self, RunError> {
        let client_count = match config.pace {
            Pace::Open { .. } => 0,
            Pace::Closed { .. } => config.connections,
        };
        Ok(Self {
            config,
            workload: Workload::new(config),
            source: Source::new(config, 0),
            fleet,
            poller: Poller::new(config.spin)?,
            recorder: Recorder::new(0),
            clients: vec![Client::default(); client_count as usize],
            idle_clients: (0..client_count).collect(),
            dirty: Vec::new(),
            refresh: Refresh::default(),
            lag_max_ns: config.lag_max.as_nanos() as u64,
            in_flight: 0,
            waiting: 0,
            source_dry: false,
        })
    }

    /// Make every connection before the first operation is due.
    fn connect_all(&mut self, address: &SocketAddr) -> Result<(), RunError> {
        let deadline_ns = monotonic_ns() + START_TIMEOUT.as_nanos() as u64;
        let refused = |source: io::Error| RunError::Connect { address: address.to_string(), source };
        let mut ready = Vec::new();
        while !self.fleet.all_up() {
            let now_ns = monotonic_ns();
            if now_ns >= deadline_ns {
                return Err(refused(io::ErrorKind::TimedOut.into()));
            }
            if let Some((_, error)) = self.fleet.connect_due(&self.poller, now_ns).into_iter().next() {
                return Err(refused(error.into()));
            }
            self.poller.wait(now_ns + HOUSEKEEPING_NS, &mut ready)?;
            for event in &ready {
                let Some(connection) = self.fleet.connections.get_mut(event.token) else {
                    continue;
                };
                if event.writable && matches!(connection.link, Link::Connecting { .. }) {
                    connection.finish_connect(&self.poller).map_err(|loss| {
                        refused(match loss {
                            Loss::Socket(error) => error.into(),
                            _ => io::ErrorKind::ConnectionReset.into(),
                        })
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Run the load; true when it was ended from outside.
    fn drive(&mut self, should_stop: &mut dyn FnMut() -> bool) -> Result<bool, RunError> {
        let start_ns = monotonic_ns();
        self.source = Source::new(self.config, start_ns);
        self.recorder = Recorder::new(start_ns + self.config.warmup.as_nanos() as u64);
        let mut ready: Vec<Ready> = Vec::new();
        let mut housekeeping_ns = start_ns + HOUSEKEEPING_NS;
        let mut stop_check_ns = start_ns + STOP_CHECK_NS;
        let mut drain_until_ns = u64::MAX;
        loop {
            let now_ns = monotonic_ns();
            self.dispatch_due(now_ns);
            if self.source_dry {
                drain_until_ns = drain_until_ns.min(now_ns + self.lag_max_ns + DRAIN_MAX_NS);
                if self.in_flight == 0 {
                    return Ok(false);
                }
                if now_ns >= drain_until_ns {
                    self.give_up();
                    return Ok(false);
                }
            }
            if now_ns >= housekeeping_ns {
                self.keep_house(now_ns);
                self.flush_dirty(now_ns);
                housekeeping_ns = now_ns + HOUSEKEEPING_NS;
            }
            if now_ns >= stop_check_ns {
                if should_stop() {
                    return Ok(true);
                }
                stop_check_ns = now_ns + STOP_CHECK_NS;
            }
            let due_ns = match &self.source {
                Source::Open(schedule) => schedule.next_due_ns().unwrap_or(u64::MAX),
                Source::Closed { .. } if self.idle_clients.is_empty() => u64::MAX,
                Source::Closed { .. } => now_ns,
            };
            self.poller.wait(due_ns.min(housekeeping_ns), &mut ready)?;
            for event in &ready {
                self.handle(*event);
                // Fifty replies take longer than the time between two operations: those that came due go first.
                self.dispatch_due(monotonic_ns());
            }
        }
    }

    /// Send the operations that are due, those of all connections in as few writes as can be.
    fn dispatch_due(&mut self, now_ns: u64) {
        match &self.source {
            Source::Open(_) => self.dispatch_scheduled(now_ns),
            Source::Closed { .. } => self.dispatch_idle_clients(now_ns),
        }
        self.flush_dirty(now_ns);
    }

    fn dispatch_scheduled(&mut self, now_ns: u64) {
        for _ in 0..DISPATCH_BATCH_MAX {
            let Source::Open(schedule) = &mut self.source else {
                return;
            };
            let Some(due_ns) = schedule.take(now_ns) else {
                self.source_dry = schedule.next_due_ns().is_none();
                return;
            };
            let task = Task { op: self.workload.next_op(), due_ns, client: 0, hops: 0 };
            self.begin(task, now_ns);
        }
    }

    fn dispatch_idle_clients(&mut self, now_ns: u64) {
        // Those that turn idle while this runs (an operation that fails at once) wait for the next round.
        for client in std::mem::take(&mut self.idle_clients) {
            let Source::Closed { quota, pipeline } = &mut self.source else {
                return;
            };
            let count = quota.take(*pipeline, now_ns);
            if count == 0 {
                self.source_dry = true;
                continue;
            }
            self.clients[client as usize].unanswered = count;
            for _ in 0..count {
                let task = Task { op: self.workload.next_op(), due_ns: now_ns, client, hops: 0 };
                self.begin(task, now_ns);
            }
        }
    }

    fn begin(&mut self, task: Task, now_ns: u64) {
        self.in_flight += 1;
        self.recorder.due(&task);
        let owner = if self.fleet.is_cluster() {
            self.fleet.owner(key_slot(self.workload.key(task.op.key)))
        } else {
            Some(0)
        };
        let Some(endpoint) = owner else {
            self.refresh.wanted = true;
            return self.fail(task, "no owner");
        };
        if self.fleet.endpoints[endpoint].waiting.is_empty()
            && let Some(token) = self.pick(endpoint, &task)
        {
            self.recorder.sent(&task, now_ns);
            return self.send(token, task);
        }
        self.wait(endpoint, task);
    }

    fn pick(&mut self, endpoint: usize, task: &Task) -> Option<usize> {
        let client = matches!(self.source, Source::Closed { .. }).then_some(task.client);
        self.fleet.pick(endpoint, client)
    }

    fn wait(&mut self, endpoint: usize, task: Task) {
        if self.waiting >= WAITING_MAX {
            return self.shed(task);
        }
        self.waiting += 1;
        self.fleet.endpoints[endpoint].waiting.push_back(task);
    }

    fn send(&mut self, token: usize, task: Task) {
        let connection = &mut self.fleet.connections[token];
        self.workload.encode(task.op, connection.expect(Expected::Task(task)));
        self.mark_dirty(token);
    }

    fn mark_dirty(&mut self, token: usize) {
        let connection = &mut self.fleet.connections[token];
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(token);
        }
    }

    fn flush_dirty(&mut self, now_ns: u64) {
        while let Some(token) = self.dirty.pop() {
            let connection = &mut self.fleet.connections[token];
            connection.dirty = false;
            if let Err(loss) = connection.flush(&self.poller) {
                self.lose(token, &loss, now_ns);
            }
        }
    }

    fn handle(&mut self, event: Ready) {
        let Some(connection) = self.fleet.connections.get_mut(event.token) else {
            return;
        };
        let endpoint = connection.endpoint;
        let outcome = match connection.link {
            Link::Connecting { .. } if event.writable => connection.finish_connect(&self.poller),
            Link::Up if event.readable => self.receive(event.token),
            Link::Up if event.writable => connection.flush(&self.poller),
            _ => return,
        };
        if let Err(loss) = outcome {
            return self.lose(event.token, &loss, monotonic_ns());
        }
        if !self.fleet.endpoints[endpoint].waiting.is_empty() {
            self.send_waiting(endpoint);
        }
    }

    fn receive(&mut self, token: usize) -> Result<(), Loss> {
        if self.fleet.connections[token].receive()? == 0 {
            return Ok(());
        }
        let now_ns = monotonic_ns();
        while let Some(answer) = self.fleet.connections[token].next_answer()? {
            match answer {
                Answer::Done { task, nil } => {
                    self.recorder.done(&task, nil, now_ns);
                    self.settle(task);
                }
                Answer::Failed { task, error } => {
                    self.handle_error(token, task, &String::from_utf8_lossy(&error))
                }
                Answer::Asking => {}
                Answer::SlotTable(reply) => self.adopt(token, reply.as_ref()),
            }
        }
        Ok(())
    }

    /// Follow a redirect, or count the error.
    fn handle_error(&mut self, token: usize, task: Task, error: &str) {
        let mut words = error.trim_start_matches('-').split_ascii_whitespace();
        let kind = words.next().unwrap_or("");
        if !self.fleet.is_cluster() || !matches!(kind, "MOVED" | "ASK") {
            // A node that lost its slots or its link says CLUSTERDOWN: someone else may serve them by now.
            self.refresh.wanted |= self.fleet.is_cluster() && kind == "CLUSTERDOWN";
            return self.fail(task, kind);
        }
        let slot = words.next().and_then(|slot| slot.parse().ok()).filter(|&slot: &usize| slot < SLOT_COUNT);
        let target = words.next().and_then(host_and_port);
        let asked = self.fleet.connections[token].endpoint;
        let asked_host = self.fleet.endpoints[asked].host().to_owned();
        let endpoint = target.and_then(|(host, port)| self.fleet.endpoint(host, port, &asked_host));
        let (Some(slot), Some(endpoint)) = (slot, endpoint) else {
            return self.fail(task, kind);
        };
        if task.hops >= HOPS_MAX {
            return self.fail(task, "too many redirects");
        }
        self.recorder.redirected();
        let task = Task { hops: task.hops + 1, ..task };
        if kind == "MOVED" {
            self.refresh.wanted = true;
            self.fleet.move_slot(slot, endpoint);
            return match self.pick(endpoint, &task) {
                Some(token) => self.send(token, task),
                None => self.wait(endpoint, task),
            };
        }
        self.fleet.ensure_connection(endpoint);
        // Without a connection at hand the source is asked again: it may have finished with the slot meanwhile.
        match self.pick(endpoint, &task) {
            Some(token) => {
                let connection = &mut self.fleet.connections[token];
                connection.expect(Expected::Asking).extend_from_slice(ASKING_COMMAND);
                self.send(token, task);
            }
            None => self.wait(asked, task),
        }
    }

    fn adopt(&mut self, token: usize, reply: Option<&Value>) {
        self.refresh.unanswered = false;
        let asked = self.fleet.connections[token].endpoint;
        let asked_host = self.fleet.endpoints[asked].host().to_owned();
        let ranges = reply.and_then(slot_ranges).unwrap_or_default();
        if !self.fleet.adopt(&ranges, &asked_host) {
            self.refresh.wanted = true;
            return;
        }
        self.recorder.refreshed();
        // Those that wait for a server that is gone may have a new one now.
        let stranded: Vec<Task> =
            self.fleet.endpoints.iter_mut().flat_map(|endpoint| endpoint.waiting.drain(..)).collect();
        self.waiting = 0;
        for task in stranded {
            match self.fleet.owner(key_slot(self.workload.key(task.op.key))) {
                Some(endpoint) => self.wait(endpoint, task),
                None => self.fail(task, "no owner"),
            }
        }
        for endpoint in 0..self.fleet.endpoints.len() {
            self.send_waiting(endpoint);
        }
    }

    fn send_waiting(&mut self, endpoint: usize) {
        while let Some(task) = self.fleet.endpoints[endpoint].waiting.front().copied() {
            let Some(token) = self.pick(endpoint, &task) else {
                break;
            };
            self.fleet.endpoints[endpoint].waiting.pop_front();
            self.waiting -= 1;
            self.send(token, task);
        }
    }

    fn settle(&mut self, task: Task) {
        self.in_flight -= 1;
        if let Some(client) = self.clients.get_mut(task.client as usize) {
            client.unanswered -= 1;
            if client.unanswered == 0 {
                self.idle_clients.push(task.client);
            }
        }
    }

    fn fail(&mut self, task: Task, kind: &str) {
        self.recorder.failed(&task, kind);
        self.settle(task);
    }

    fn shed(&mut self, task: Task) {
        self.recorder.shed(&task);
        self.settle(task);
    }

    /// A connection ended: what it owed is counted as failed, and it is made again after a pause.
    fn lose(&mut self, token: usize, loss: &Loss, now_ns: u64) {
        self.recorder.connection_lost();
        self.refresh.wanted |= self.fleet.is_cluster();
        let kind = match loss {
            Loss::Closed | Loss::Socket(_) => "connection lost".to_owned(),
            Loss::Protocol(error) => format!("protocol error: {error}"),
            Loss::Unasked => "protocol error: unasked reply".to_owned(),
        };
        for expected in self.fleet.connections[token].reset(Fleet::retry_at_ns(now_ns)) {
            match expected {
                Expected::Task(task) => self.fail(task, &kind),
                // A slot table that never comes is asked for again by housekeeping.
                Expected::Asking | Expected::SlotTable => {}
            }
        }
    }

    fn keep_house(&mut self, now_ns: u64) {
        for (token, error) in self.fleet.connect_due(&self.poller, now_ns) {
            self.lose(token, &Loss::Socket(error), now_ns);
        }
        self.shed_late(now_ns);
        let refresh = self.refresh.wanted || self.refresh.unanswered;
        if refresh && self.refresh.asked_ns + REFRESH_INTERVAL_NS <= now_ns {
            self.refresh.turn += 1;
            if let Some(token) = self.fleet.any_up(self.refresh.turn) {
                self.refresh = Refresh { wanted: false, unanswered: true, asked_ns: now_ns, ..self.refresh };
                self.fleet.connections[token].expect(Expected::SlotTable).extend_from_slice(SLOTS_COMMAND);
                self.mark_dirty(token);
            }
        }
    }

    fn shed_late(&mut self, now_ns: u64) {
        for endpoint in 0..self.fleet.endpoints.len() {
            while let Some(task) = self.fleet.endpoints[endpoint].waiting.front().copied() {
                if now_ns.saturating_sub(task.due_ns) <= self.lag_max_ns {
                    break;
                }
                self.fleet.endpoints[endpoint].waiting.pop_front();
                self.waiting -= 1;
                self.shed(task);
            }
        }
    }

    /// The time for draining is over: what is still out counts as unanswered.
    fn give_up(&mut self) {
        for token in 0..self.fleet.connections.len() {
            for expected in self.fleet.connections[token].reset(u64::MAX) {
                if let Expected::Task(task) = expected {
                    self.fail(task, "unanswered");
                }
            }
        }
        self.shed_late(u64::MAX);
    }

    fn primaries(&self) -> usize {
        self.fleet.endpoints.iter().filter(|endpoint| endpoint.is_serving()).count()
    }
}
