//! Nodes for unit tests: without sockets for commands, with sockets for what happens between clients.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::clock::{Now, Rng};
use crate::dispatch::{self, Core};
use crate::evict::SampledEvictor;
use crate::keyspace::Keyspace;
use crate::reactor::Reactor;
use crate::resp::{Arg, Args, Protocol, Reply};
use crate::server::{Client, ClientKey, Config, Identity, Server, Session, Topology};
use crate::slot::SLOT_COUNT;

/// Unix time at which a node under test begins, in milliseconds.
pub const START_MS: i64 = 1_700_000_000_000;

/// A node and one client of it.
pub struct Node {
    pub core: Core,
    pub session: Session,
    pub protocol: Protocol,
    others: Vec<Session>,
}

impl Node {
    /// A node alone.
    pub fn alone() -> Self {
        Self::new(false)
    }

    /// A member of a cluster that has not heard of the others.
    pub fn member() -> Self {
        Self::new(true)
    }

    fn new(cluster: bool) -> Self {
        let now = Now { unix_us: START_MS * 1_000, monotonic_us: 1 };
        let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster };
        let databases = if cluster { 1 } else { 16 };
        let core = Core {
            keyspace: Keyspace::new([1, 2, 3, 4], databases),
            server: Server::new(identity, Config::default(), Rng::from_seed(1), now),
            evictor: Box::new(SampledEvictor::default()),
        };
        let key = ClientKey { index: 0, stamp: 1 };
        let session = Session::new(1, key, -1, "127.0.0.1:5000".to_owned(), "127.0.0.1:6379".to_owned(), now);
        Self { core, session, protocol: Protocol::Resp2, others: Vec::new() }
    }

    /// Connect more clients, numbered from 2 on; the other ends of their sockets.
    pub fn connect_others(&mut self, count: usize) -> Vec<UnixStream> {
        let server = &mut self.core.server;
        if server.clients.is_empty() {
            // The session under test is the first client.
            let id = server.clients.next_id();
            server.clients.reserve(id);
        }
        let connect = |_| {
            let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
            let id = server.clients.next_id();
            let key = server.clients.reserve(id);
            let address = format!("127.0.0.1:{}", 5_000 + id);
            let session =
                Session::new(id, key, ours.as_raw_fd(), address, "127.0.0.1:6379".to_owned(), server.now);
            server.clients.put(Box::new(Client::new(ours.into(), session)));
            theirs
        };
        (0..count).map(connect).collect()
    }

    /// Run a command as another client, a session that is known by its id alone.
    pub fn run_as(&mut self, id: u64, words: &str) -> String {
        let index = self.others.iter().position(|session| session.id == id).unwrap_or_else(|| {
            let key = ClientKey { index: u32::MAX, stamp: id as u32 };
            let session =
                Session::new(id, key, -1, "other:1".to_owned(), "other:2".to_owned(), self.core.server.now);
            self.others.push(session);
            self.others.len() - 1
        });
        std::mem::swap(&mut self.session, &mut self.others[index]);
        let reply = self.run(words);
        std::mem::swap(&mut self.session, &mut self.others[index]);
        reply
    }

    /// Let time pass.
    pub fn wait_ms(&mut self, milliseconds: i64) {
        self.core.server.now.unix_us += milliseconds * 1_000;
    }

    /// Run a command, its words separated by single spaces; the reply as it would be sent.
    pub fn run(&mut self, words: &str) -> String {
        let words: Vec<&[u8]> = words.split(' ').map(str::as_bytes).collect();
        String::from_utf8_lossy(&self.run_words(&words)).into_owned()
    }

    /// Run a command of any bytes.
    pub fn run_words(&mut self, words: &[&[u8]]) -> Vec<u8> {
        let args: Vec<Arg> = words.iter().map(|word| Arg::from(word.to_vec())).collect();
        self.run_args(Args::owned(&args))
    }

    /// Run a command whose arguments lie in allocations of their own.
    pub fn run_args(&mut self, args: Args<'_>) -> Vec<u8> {
        let mut reply = Reply::new(self.protocol);
        let prepared = dispatch::prepare(&self.core, &self.session, args);
        dispatch::run(&mut self.core, &mut self.session, &mut reply, args, &prepared);
        reply.queue.io_slices().iter().flat_map(|piece| piece.to_vec()).collect()
    }

    /// Run commands and compare their replies.
    pub fn expect(&mut self, conversation: &[(&str, &str)]) {
        for (words, reply) in conversation {
            assert_eq!(self.run(words), *reply, "{words}");
        }
    }
}

/// A node with clients that are connected by sockets.
pub struct Host {
    pub core: Core,
    reactor: Reactor,
}

/// One of its clients.
pub struct Wire(UnixStream);

impl Host {
    /// A node alone.
    pub fn alone() -> Self {
        Self { core: Node::alone().core, reactor: Reactor::new(10).expect("an epoll instance") }
    }

    /// A member of a cluster of which it serves the slots below `end`.
    pub fn member(end: u16) -> Self {
        let mut host = Self { core: Node::member().core, ..Self::alone() };
        host.serve_slots_below(end);
        host
    }

    /// Serve the slots below `end` from now on; the others are at `there:2`.
    pub fn serve_slots_below(&mut self, end: u16) {
        let owners: Vec<u8> =
            (0..SLOT_COUNT).flat_map(|slot| u16::to_le_bytes(u16::from(slot >= end))).collect();
        let endpoints = vec![("here".to_owned(), 1), ("there".to_owned(), 2)];
        self.core.server.topology =
            Topology::new(&owners, endpoints, Some(0), false, None).expect("a topology");
        self.reactor.topology_changed(&mut self.core).expect("a turn");
    }

    /// Connect a client.
    pub fn connect(&mut self) -> Wire {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("a socket");
        theirs.set_nonblocking(true).expect("a socket");
        self.reactor.welcome(&mut self.core, ours.into());
        Wire(theirs)
    }

    /// Serve what clients have sent.
    pub fn turn(&mut self) {
        self.reactor.turn(&mut self.core, 0).expect("a turn");
    }

    /// Run a client's commands, one a line; what it has received after that.
    pub fn run(&mut self, wire: &mut Wire, lines: &str) -> String {
        wire.send(lines);
        self.turn();
        wire.received()
    }

    /// Serve until this client has received something, for ten seconds at most.
    pub fn wait_for(&mut self, wire: &mut Wire) -> String {
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            let mut ready =
                [rustix::event::PollFd::from_borrowed_fd(self.reactor.fd(), rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut ready, None).expect("the timer ticks");
            self.turn();
            let received = wire.received();
            if !received.is_empty() {
                return received;
            }
        }
        String::new()
    }
}

impl Wire {
    /// Send commands, one a line.
    pub fn send(&mut self, lines: &str) {
        for line in lines.lines() {
            self.0.write_all(format!("{line}\r\n").as_bytes()).expect("room in the socket");
        }
    }

    /// What has been received and not been looked at yet; ends with `<closed>` if the connection has ended.
    pub fn received(&mut self) -> String {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => bytes.extend_from_slice(b"<closed>"),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
