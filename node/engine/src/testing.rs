//! A node without sockets, for unit tests of commands.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use crate::clock::{Now, Rng};
use crate::dispatch::{self, Core};
use crate::evict::SampledEvictor;
use crate::keyspace::Keyspace;
use crate::resp::{Arg, Args, Protocol, Reply};
use crate::server::{Client, ClientKey, Config, Identity, Server, Session};

/// Unix time at which a node under test begins, in milliseconds.
pub const START_MS: i64 = 1_700_000_000_000;

/// A node and one client of it.
pub struct Node {
    pub core: Core,
    pub session: Session,
    pub protocol: Protocol,
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
        Self { core, session, protocol: Protocol::Resp2 }
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
