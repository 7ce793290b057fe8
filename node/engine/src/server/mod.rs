//! What a node holds beside its keys: settings, clients, statistics, topology.

mod blocking;
mod changes;
mod clients;
pub mod config;
mod control;
mod held;
mod key_table;
mod notify;
mod output_limit;
mod pubsub;
mod relay;
mod session;
mod settle;
mod sleepers;
mod stats;
mod topology;
mod transaction;
mod watch;

pub use blocking::{Blocked, Blocking, Release, Wait, WaitedFor, Waiter};
pub use changes::{Change, Changes, EventClass};
pub use clients::{Client, ClientKey, Clients, Watched};
pub use config::Config;
pub use control::{ControlQueue, ControlRequest, ReplyValue};
pub use held::HeldReply;
pub use key_table::KeyName;
pub use pubsub::{PubSub, Subscriptions, Topic};
pub use relay::{Published, Relay, SubscriptionChange};
pub use session::{ClientKind, Session, SessionFlags, Waiting, host_of};
pub use sleepers::Sleepers;
pub use stats::{CommandStats, EvictionStats, ExpiryStats, Stats};
pub use topology::{Redirect, Topology};
pub use transaction::{QueuedCommand, SpareTransaction, Transaction};
pub use watch::{Watch, Watches};

use crate::clock::{Now, Rng};
use crate::commands::spec::Flags;
use crate::housekeeping::Housekeeping;
use crate::memory_limit::TimeSpent;
use crate::observe::{CommandLogs, LatencyEvent, LatencyMonitor};

/// Identity of a node, as INFO and CLUSTER tell it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Forty hexadecimal digits.
    pub node_id: String,
    /// Forty hexadecimal digits, new at every start.
    pub run_id: String,
    /// True for a member of a cluster, false for a node alone.
    pub cluster: bool,
}

/// The version of Redis whose commands and behaviour clients may count on: they choose features by it.
pub const REDIS_VERSION: &str = "7.2.4";
/// What HELLO and INFO call this server.
pub const SERVER_NAME: &str = "pycluster";

/// Everything of a node that is not a key.
#[derive(Debug)]
pub struct Server {
    pub identity: Identity,
    pub config: Config,
    pub clients: Clients,
    pub stats: Stats,
    pub command_logs: CommandLogs,
    pub latency: LatencyMonitor,
    pub housekeeping: Housekeeping,
    /// Time spent on evicting in this batch of requests.
    pub eviction_time: TimeSpent,
    pub changes: Changes,
    pub watches: Watches,
    pub spare_transaction: SpareTransaction,
    pub blocking: Blocking,
    pub pubsub: PubSub,
    pub sleepers: Sleepers,
    pub relay: Relay,
    pub topology: Topology,
    pub control: ControlQueue,
    pub rng: Rng,
    /// The time as of this batch of requests.
    pub now: Now,
    pub started: Now,
    /// Bytes of memory that were in use when the node started.
    pub startup_bytes: u64,
    /// Forty hexadecimal digits that name the history of this node's data.
    pub replication_id: String,
    /// Ports listened on; the first is the one INFO names.
    pub ports: Vec<u16>,
    /// Clients that watch every command (MONITOR).
    pub monitors: Vec<ClientKey>,
    /// Commands of clients wait until then (CLIENT PAUSE).
    pub pause: Option<Pause>,
}

/// A name for a new history of data.
pub fn new_replication_id(rng: &mut Rng) -> String {
    let digits = format!("{:016x}{:016x}{:016x}", rng.next_u64(), rng.next_u64(), rng.next_u64());
    digits[..40].to_owned()
}

/// A running CLIENT PAUSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Unix time in milliseconds.
    pub until_ms: i64,
    /// False: commands that only read are served.
    pub all: bool,
}

impl Server {
    /// A server with default statistics and no clients.
    pub fn new(identity: Identity, config: Config, mut rng: Rng, now: Now) -> Self {
        let replication_id = new_replication_id(&mut rng);
        Self {
            identity,
            config,
            clients: Clients::default(),
            stats: Stats::default(),
            command_logs: CommandLogs::default(),
            latency: LatencyMonitor::default(),
            housekeeping: Housekeeping::default(),
            eviction_time: TimeSpent::default(),
            changes: Changes::default(),
            watches: Watches::default(),
            spare_transaction: SpareTransaction::default(),
            blocking: Blocking::default(),
            pubsub: PubSub::default(),
            sleepers: Sleepers::default(),
            relay: Relay::default(),
            topology: Topology::default(),
            control: ControlQueue::default(),
            rng,
            now,
            started: now,
            startup_bytes: 0,
            replication_id,
            ports: Vec::new(),
            monitors: Vec::new(),
            pause: None,
        }
    }

    /// Let the clients go on that a CLIENT PAUSE holds back.
    pub fn end_pause(&mut self) {
        self.pause = None;
        let waiting = self.clients.others().filter(|client| client.session.waiting == Waiting::Pause);
        let keys: Vec<ClientKey> = waiting.map(|client| client.key).collect();
        for key in keys {
            self.clients.touch(key);
        }
    }

    /// Note how long something took, if that was long.
    #[inline]
    pub fn note_latency(&mut self, event: LatencyEvent, elapsed_us: u64) {
        let threshold_ms = self.config.latency_monitor_threshold;
        self.latency.note(event, threshold_ms, self.now.unix_ms() / 1_000, elapsed_us);
    }

    /// True while a client has yet to say the password: one that connected when there was none need not.
    #[inline]
    pub fn is_unauthenticated(&self, session: &Session) -> bool {
        session.flags.contains(SessionFlags::UNAUTHENTICATED) && !self.config.requirepass.is_empty()
    }

    /// True while a command with these flags has to wait for a CLIENT PAUSE to end.
    pub fn is_paused_for(&self, flags: Flags) -> bool {
        self.pause.is_some_and(|pause| {
            self.now.unix_ms() < pause.until_ms
                && (pause.all || flags.intersects(Flags::WRITE.union(Flags::MAY_REPLICATE)))
        })
    }
}

impl Server {
    /// Drop what is kept about a client that is being closed.
    pub fn forget(&mut self, client: &mut Client) {
        self.monitors.retain(|key| *key != client.key);
        self.discard_transaction(&mut client.session);
        self.end_wait(&mut client.session);
        self.unsubscribe_all(&mut client.session);
    }
}
