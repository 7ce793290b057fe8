//! What a client has told us about itself and what state its connection is in.

use bitflags::bitflags;

use super::blocking::Blocked;
use super::clients::ClientKey;
use super::held::HeldReply;
use super::pubsub::{Subscriptions, Topic};
use super::transaction::Transaction;
use crate::clock::Now;
use crate::commands::spec::CommandSpec;

bitflags! {
    /// The state of a connection.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SessionFlags: u32 {
        /// Gone once its replies are sent.
        const CLOSE_AFTER_REPLY = 1 << 0;
        /// CLIENT REPLY OFF.
        const REPLY_OFF = 1 << 1;
        /// CLIENT REPLY SKIP: the next command's reply is left out.
        const REPLY_SKIP_NEXT = 1 << 2;
        /// READONLY: a replica may answer reads.
        const READONLY = 1 << 3;
        /// ASKING: the next command may use an importing slot.
        const ASKING = 1 << 4;
        /// CLIENT NO-EVICT.
        const NO_EVICT = 1 << 5;
        /// CLIENT NO-TOUCH.
        const NO_TOUCH = 1 << 6;
        /// MONITOR.
        const MONITOR = 1 << 7;
        /// To be closed as soon as it is not running a command.
        const KILLED = 1 << 8;
        /// CLIENT CAPA REDIRECT.
        const CAPA_REDIRECT = 1 << 9;
        /// A password was set when the client connected, and it has not said it.
        const UNAUTHENTICATED = 1 << 10;
        /// The reply that the client waits for is to be left out.
        const REPLY_SKIP_CONTROL = 1 << 11;
        /// The reply of the command that is running is to be left out.
        const REPLY_SKIP = 1 << 15;
        /// MULTI: commands are queued.
        const MULTI = 1 << 16;
        /// EXEC is running: the commands it runs may not wait.
        const IN_EXEC = 1 << 17;
        /// The next command has waited for keys and is run again.
        const WAITED = 1 << 18;
        /// The client has subscribed to something.
        const SUBSCRIBED = 1 << 19;

        /// Commands of such a client take the long way through the dispatcher.
        const SPECIAL = Self::MULTI.bits() | Self::WAITED.bits() | Self::SUBSCRIBED.bits();
    }
}

/// Why a client's next command is not run yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    /// It is run as soon as it has arrived.
    #[default]
    No,
    /// Python answers the last one (the control request's id).
    Control(u64),
    /// CLIENT PAUSE holds the next one back.
    Pause,
    /// Unsent replies have passed their bound.
    Output,
    /// Until this time on the monotonic clock, in microseconds; then it is answered OK (see [`super::Sleepers`]).
    Until(u64),
    /// One of its keys has to be filled first, see [`Session::blocked`].
    Keys,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    Normal,
    /// A replica that follows this node.
    Replica,
    /// The primary that this node follows.
    Primary,
    /// It has subscribed to something.
    PubSub,
}

impl ClientKind {
    /// The kind of a name, in upper or lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "normal" => Some(Self::Normal),
            "replica" | "slave" => Some(Self::Replica),
            "primary" | "master" => Some(Self::Primary),
            "pubsub" => Some(Self::PubSub),
            _ => None,
        }
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
pub fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// One client, from the commands' point of view.
#[derive(Debug)]
pub struct Session {
    /// CLIENT ID; never used twice.
    pub id: u64,
    /// The client's place among the others.
    pub key: ClientKey,
    /// The socket's descriptor, as CLIENT LIST names it.
    pub fd: i32,
    /// The selected database.
    pub db: usize,
    pub flags: SessionFlags,
    pub waiting: Waiting,
    pub name: Vec<u8>,
    pub lib_name: Vec<u8>,
    pub lib_version: Vec<u8>,
    /// Peer and own address, as `host:port`.
    pub address: String,
    pub local_address: String,
    pub created: Now,
    pub last_used_us: u64,
    pub last_command: Option<&'static CommandSpec>,
    pub commands_total: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// What it has queued and watches.
    pub transaction: Option<Box<Transaction>>,
    pub subscriptions: Option<Box<Subscriptions>>,
    /// What it waits for.
    pub blocked: Option<Box<Blocked>>,
    /// The rest of EXEC's reply, while Python has yet to answer some of its commands.
    pub held: Option<Box<HeldReply>>,
}

impl Session {
    /// A client that has just connected.
    pub fn new(id: u64, key: ClientKey, fd: i32, address: String, local_address: String, now: Now) -> Self {
        Self {
            id,
            key,
            fd,
            db: 0,
            flags: SessionFlags::empty(),
            waiting: Waiting::No,
            name: Vec::new(),
            lib_name: Vec::new(),
            lib_version: Vec::new(),
            address,
            local_address,
            created: now,
            last_used_us: now.monotonic_us,
            last_command: None,
            commands_total: 0,
            bytes_in: 0,
            bytes_out: 0,
            transaction: None,
            subscriptions: None,
            blocked: None,
            held: None,
        }
    }

    /// Make the connection as it was when it was new; what the client told of its library and of what it can do stays.
    pub fn reset(&mut self, guarded: bool) {
        self.flags &= SessionFlags::CLOSE_AFTER_REPLY | SessionFlags::KILLED | SessionFlags::CAPA_REDIRECT;
        self.flags.set(SessionFlags::UNAUTHENTICATED, guarded);
        self.name = Vec::new();
        self.db = 0;
    }

    /// What the connection is for.
    pub fn kind(&self) -> ClientKind {
        if self.flags.contains(SessionFlags::SUBSCRIBED) { ClientKind::PubSub } else { ClientKind::Normal }
    }

    /// The connection's state in CLIENT LIST's letters.
    pub fn flag_letters(&self) -> String {
        let waits =
            matches!(self.waiting, Waiting::Pause | Waiting::Control(_) | Waiting::Until(_) | Waiting::Keys);
        let states = [
            (self.flags.contains(SessionFlags::MONITOR), 'O'),
            (self.flags.contains(SessionFlags::SUBSCRIBED), 'P'),
            (self.flags.contains(SessionFlags::MULTI), 'x'),
            (waits, 'b'),
            (self.flags.contains(SessionFlags::CLOSE_AFTER_REPLY), 'c'),
            (self.flags.contains(SessionFlags::KILLED), 'A'),
            (self.flags.contains(SessionFlags::READONLY), 'r'),
            (self.flags.contains(SessionFlags::NO_EVICT), 'e'),
            (self.flags.contains(SessionFlags::NO_TOUCH), 'T'),
        ];
        let letters: String = states.iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect();
        if letters.is_empty() { "N".to_owned() } else { letters }
    }

    /// Bytes that the client makes us keep for its transaction and its subscriptions.
    #[inline]
    pub fn kept_bytes(&self) -> usize {
        self.transaction.as_ref().map_or(0, |transaction| transaction.len_bytes())
            + self.subscriptions.as_ref().map_or(0, |subscriptions| subscriptions.len_bytes())
    }

    /// Number of channels, of patterns, or of shard channels that the client has subscribed to.
    pub fn subscriptions_len(&self, topic: Topic) -> usize {
        self.subscriptions.as_ref().map_or(0, |subscriptions| subscriptions.len_of(topic))
    }

    /// The host that the client reached this node at: its own address without port and brackets.
    pub fn local_host(&self) -> &str {
        host_of(&self.local_address)
    }
}
