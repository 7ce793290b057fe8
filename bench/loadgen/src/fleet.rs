//! All connections of a run, the servers they lead to, and who owns which slot.

use std::collections::VecDeque;
use std::net::{SocketAddr, ToSocketAddrs};

use rustix::io::Errno;

use crate::clock::MILLISECOND_NS;
use crate::connection::{Connection, Link, Task};
use crate::poller::Poller;
use crate::slots::{SLOT_COUNT, SlotRange};

/// Most servers of one run.
const ENDPOINTS_MAX: usize = 1_000;
/// Commands on one connection that wait for replies, in an open loop.
const OUTSTANDING_MAX: usize = 256;
/// A connection with this much unsent output takes no more operations.
const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// Pause before a lost connection is made again.
const RECONNECT_DELAY_NS: u64 = 20 * MILLISECOND_NS;
/// A connection that is not decided by then is given up and begun again.
const CONNECT_TIMEOUT_NS: u64 = 3_000 * MILLISECOND_NS;
const NOBODY: u16 = u16::MAX;

/// One server: the connections to it and the operations that none of them could take yet.
pub(crate) struct Endpoint {
    pub address: SocketAddr,
    pub waiting: VecDeque<Task>,
    host: String,
    port: u16,
    pool: Vec<usize>,
    next: usize,
    /// Owns slots, so its connections are kept up.
    serving: bool,
}

/// The connections of a run.
pub(crate) struct Fleet {
    pub connections: Vec<Connection>,
    pub endpoints: Vec<Endpoint>,
    owners: Option<Box<[u16; SLOT_COUNT]>>,
    connections_wanted: usize,
}

impl Fleet {
    /// Nothing connected yet; `connections_wanted` in all.
    pub fn new(connections_wanted: usize) -> Self {
        Self { connections: Vec::new(), endpoints: Vec::new(), owners: None, connections_wanted }
    }

    /// Everything goes to one server.
    pub fn serve_single(&mut self, host: &str, address: SocketAddr) {
        self.endpoints.push(Endpoint::new(host.to_owned(), address));
        self.grow_pools(&[0]);
    }

    /// Take over a slot table; connections to servers that lost their slots are kept but no longer made again.
    /// False when it names no server that can be reached.
    pub fn adopt(&mut self, ranges: &[SlotRange], asked_host: &str) -> bool {
        let mut owners = Box::new([NOBODY; SLOT_COUNT]);
        let mut serving = Vec::new();
        for range in ranges {
            let Some(endpoint) = self.endpoint(&range.host, range.port, asked_host) else {
                continue;
            };
            owners[range.start..=range.end].fill(endpoint as u16);
            if !serving.contains(&endpoint) {
                serving.push(endpoint);
            }
        }
        if serving.is_empty() {
            return false;
        }
        self.owners = Some(owners);
        self.grow_pools(&serving);
        true
    }

    /// Index of the server at `host:port`, new if need be; an empty host means `asked_host`.
    /// None when it has no address or there are too many servers.
    pub fn endpoint(&mut self, host: &str, port: u16, asked_host: &str) -> Option<usize> {
        let host = if host.is_empty() { asked_host } else { host };
        let known = self.endpoints.iter().position(|endpoint| endpoint.port == port && endpoint.host == host);
        if known.is_some() {
            return known;
        }
        let address = (host, port).to_socket_addrs().ok()?.next()?;
        if self.endpoints.len() >= ENDPOINTS_MAX {
            return None;
        }
        self.endpoints.push(Endpoint::new(host.to_owned(), address));
        Some(self.endpoints.len() - 1)
    }

    /// One slot was seen to have moved; the whole table is asked for later.
    pub fn move_slot(&mut self, slot: usize, endpoint: usize) {
        if let Some(owner) = self.owners.as_mut().and_then(|owners| owners.get_mut(slot)) {
            *owner = endpoint as u16;
        }
        if self.endpoints[endpoint].pool.is_empty() {
            self.add_connections(endpoint, 1);
        }
        self.endpoints[endpoint].serving = true;
    }

    /// A server that ASK names may own no slot; it needs a connection all the same.
    pub fn ensure_connection(&mut self, endpoint: usize) {
        if self.endpoints[endpoint].pool.is_empty() {
            self.add_connections(endpoint, 1);
        }
    }

    /// True when keys are routed by slot.
    pub fn is_cluster(&self) -> bool {
        self.owners.is_some()
    }

    /// The server of a slot; None: nobody serves it.
    pub fn owner(&self, slot: usize) -> Option<usize> {
        match &self.owners {
            None => Some(0),
            Some(owners) => {
                owners.get(slot).filter(|&&owner| owner != NOBODY).map(|&owner| usize::from(owner))
            }
        }
    }

    /// A connection of the endpoint that can take an operation: any in turn, or always the same for a `client`.
    pub fn pick(&mut self, endpoint: usize, client: Option<u32>) -> Option<usize> {
        let Endpoint { pool, next, .. } = self.endpoints.get_mut(endpoint)?;
        if let Some(client) = client {
            let token = *pool.get(client as usize % pool.len().max(1))?;
            // A client bounds itself by its pipeline.
            return self.connections[token].is_up().then_some(token);
        }
        for _ in 0..pool.len() {
            let token = pool[*next % pool.len()];
            *next = (*next + 1) % pool.len();
            let connection = &self.connections[token];
            let room =
                connection.outstanding() < OUTSTANDING_MAX && connection.output_bytes() < OUTPUT_BYTES_MAX;
            if connection.is_up() && room {
                return Some(token);
            }
        }
        None
    }

    /// Some connection that is up, another one for another `turn`.
    pub fn any_up(&self, turn: usize) -> Option<usize> {
        let count = self.connections.len();
        (0..count).map(|step| (turn + step) % count).find(|&token| self.connections[token].is_up())
    }

    /// Begin the connections whose time has come and give up those that take too long; returns the tokens given up.
    pub fn connect_due(&mut self, poller: &Poller, now_ns: u64) -> Vec<(usize, Errno)> {
        let mut failed = Vec::new();
        for (token, connection) in self.connections.iter_mut().enumerate() {
            let endpoint = &self.endpoints[connection.endpoint];
            match connection.link {
                Link::Down { retry_at_ns } if retry_at_ns <= now_ns => {
                    let needed = endpoint.serving || !endpoint.waiting.is_empty();
                    if needed && let Err(error) = connection.connect(&endpoint.address, poller, now_ns) {
                        failed.push((token, error));
                    }
                }
                Link::Connecting { since_ns } if since_ns + CONNECT_TIMEOUT_NS <= now_ns => {
                    failed.push((token, Errno::TIMEDOUT));
                }
                _ => {}
            }
        }
        failed
    }

    /// When a lost connection may be made again.
    pub fn retry_at_ns(now_ns: u64) -> u64 {
        now_ns + RECONNECT_DELAY_NS
    }

    /// Every connection that is wanted is up.
    pub fn all_up(&self) -> bool {
        self.connections
            .iter()
            .all(|connection| connection.is_up() || !self.endpoints[connection.endpoint].serving)
    }

    fn grow_pools(&mut self, serving: &[usize]) {
        for (index, endpoint) in self.endpoints.iter_mut().enumerate() {
            endpoint.serving = serving.contains(&index);
        }
        for (place, &endpoint) in serving.iter().enumerate() {
            // The first servers get the remainder, every server at least one.
            let (share, rest) =
                (self.connections_wanted / serving.len(), self.connections_wanted % serving.len());
            let wanted = (share + usize::from(place < rest)).max(1);
            self.add_connections(endpoint, wanted.saturating_sub(self.endpoints[endpoint].pool.len()));
        }
    }

    fn add_connections(&mut self, endpoint: usize, count: usize) {
        for _ in 0..count {
            let token = self.connections.len();
            self.connections.push(Connection::new(token, endpoint));
            self.endpoints[endpoint].pool.push(token);
        }
    }
}

impl Endpoint {
    fn new(host: String, address: SocketAddr) -> Self {
        Self {
            address,
            waiting: VecDeque::new(),
            host,
            port: address.port(),
            pool: Vec::new(),
            next: 0,
            serving: false,
        }
    }

    /// Name or address, as MOVED names it.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// It owns slots.
    pub fn is_serving(&self) -> bool {
        self.serving
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: usize, end: usize, port: u16) -> SlotRange {
        SlotRange { start, end, host: "127.0.0.1".into(), port }
    }

    #[test]
    fn connections_are_spread_over_the_primaries() {
        let mut fleet = Fleet::new(8);
        assert!(fleet.adopt(&[range(0, 5, 1), range(6, 9, 2), range(10, 16_383, 3)], ""));
        let sizes: Vec<usize> = fleet.endpoints.iter().map(|endpoint| endpoint.pool.len()).collect();
        assert_eq!(sizes, [3, 3, 2]);
        assert_eq!((fleet.owner(5), fleet.owner(6), fleet.owner(16_383)), (Some(0), Some(1), Some(2)));
    }

    #[test]
    fn a_slot_nobody_serves_has_no_owner() {
        let mut fleet = Fleet::new(1);
        assert!(fleet.adopt(&[range(0, 5, 1)], ""));
        assert_eq!(fleet.owner(6), None);
        assert!(!fleet.adopt(&[], ""), "an empty table is not taken over");
        assert_eq!(fleet.owner(5), Some(0));
    }

    #[test]
    fn an_empty_host_is_the_host_that_was_asked() {
        let mut fleet = Fleet::new(1);
        let first = fleet.endpoint("", 7, "127.0.0.1");
        assert_eq!(first, fleet.endpoint("127.0.0.1", 7, "::1"));
        assert_ne!(first, fleet.endpoint("", 7, "::1"));
    }

    #[test]
    fn a_new_primary_gets_its_share_and_the_old_one_is_not_connected_again() {
        let mut fleet = Fleet::new(4);
        assert!(fleet.adopt(&[range(0, 99, 1), range(100, 16_383, 2)], ""));
        assert!(fleet.adopt(&[range(0, 99, 3), range(100, 16_383, 2)], ""));
        let state: Vec<(usize, bool)> = fleet.endpoints.iter().map(|e| (e.pool.len(), e.serving)).collect();
        assert_eq!(state, [(2, false), (2, true), (2, true)]);
    }

    #[test]
    fn no_connection_takes_operations_before_it_is_up() {
        let mut fleet = Fleet::new(2);
        fleet.serve_single("127.0.0.1", "127.0.0.1:1".parse().unwrap());
        assert_eq!((fleet.pick(0, None), fleet.pick(0, Some(1))), (None, None));
        fleet.connections[1].link = Link::Up;
        assert_eq!(
            (fleet.pick(0, None), fleet.pick(0, Some(0)), fleet.pick(0, Some(1))),
            (Some(1), None, Some(1))
        );
    }
}
