//! What happens to connections: an engine served in this thread, with clients over real sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use pycluster_engine::engine::Engine;
use pycluster_engine::server::Identity;

/// No test waits for longer.
const PATIENCE: Duration = Duration::from_secs(20);

struct Node {
    engine: Engine,
    port: u16,
}

impl Node {
    fn new(settings: &[(&str, &str)]) -> Self {
        let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster: false };
        let mut engine = Engine::new(identity, settings.iter().copied()).unwrap();
        let port = engine.listen("127.0.0.1", 0).unwrap();
        Self { engine, port }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    }

    fn serve(&mut self) {
        self.engine.turn(0).unwrap();
    }

    /// Serve until the client has received so many bytes, or the end of the connection; what it received.
    fn receive(&mut self, client: &mut TcpStream, count: usize) -> String {
        let start = Instant::now();
        let mut received = Vec::new();
        while received.len() < count {
            assert!(start.elapsed() < PATIENCE, "received only {:?}", String::from_utf8_lossy(&received));
            self.serve();
            let mut piece = [0; 4096];
            let room = piece.len().min(count - received.len());
            match client.read(&mut piece[..room]) {
                Ok(0) => break,
                Ok(length) => received.extend_from_slice(&piece[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error}"),
            }
        }
        String::from_utf8(received).unwrap()
    }

    /// Send lines and compare all that comes back, as far as the expected reply is long.
    fn expect(&mut self, client: &mut TcpStream, lines: &str, reply: &str) {
        client.write_all(lines.as_bytes()).unwrap();
        assert_eq!(self.receive(client, reply.len()), reply, "{lines:?}");
    }

    fn expect_closed(&mut self, client: &mut TcpStream) {
        assert_eq!(self.receive(client, usize::MAX), "");
    }

    fn clients(&mut self) -> usize {
        self.engine.core_mut().server.clients.len()
    }
}

#[test]
fn a_killed_client_is_closed_and_oneself_after_the_reply() {
    let mut node = Node::new(&[]);
    let (mut killer, mut victim) = (node.connect(), node.connect());
    node.expect(&mut killer, "CLIENT ID\r\n", ":1\r\n");
    node.expect(&mut victim, "CLIENT ID\r\n", ":2\r\n");
    node.expect(&mut killer, "CLIENT KILL ID 2\r\n", ":1\r\n");
    node.expect_closed(&mut victim);
    node.expect(&mut killer, "CLIENT KILL ID 1 SKIPME no\r\nPING\r\n", ":1\r\n");
    node.expect_closed(&mut killer);
    assert_eq!(node.clients(), 0);
}

#[test]
fn a_killed_client_runs_no_more_commands() {
    let mut node = Node::new(&[]);
    let (mut killer, mut victim) = (node.connect(), node.connect());
    node.expect(&mut killer, "PING\r\n", "+PONG\r\n");
    node.expect(&mut victim, "PING\r\n", "+PONG\r\n");
    // Both are ready when the engine looks, the killer first: by now the kernel has nobody on its list of ready ones.
    node.serve();
    killer.write_all(b"CLIENT KILL ID 2\r\n").unwrap();
    victim.write_all(b"SET k v\r\n").unwrap();
    node.expect_closed(&mut victim);
    node.expect(&mut killer, "EXISTS k\r\n", ":1\r\n:0\r\n");
}

#[test]
fn unpause_wakes_waiting_clients_at_once_and_in_their_order() {
    // A tick a second: what wakes the client is not the timer.
    let mut node = Node::new(&[("hz", "1")]);
    let (mut pauser, mut paused) = (node.connect(), node.connect());
    node.expect(&mut pauser, "CLIENT PAUSE 100000 WRITE\r\n", "+OK\r\n");
    node.expect(&mut paused, "PING\r\nSET k 1\r\nAPPEND k 2\r\nGET k\r\n", "+PONG\r\n");
    node.expect(&mut pauser, "EXISTS k\r\n", ":0\r\n");
    let start = Instant::now();
    node.expect(&mut pauser, "CLIENT UNPAUSE\r\n", "+OK\r\n");
    assert_eq!(node.receive(&mut paused, 17), "+OK\r\n:2\r\n$2\r\n12\r\n");
    assert!(start.elapsed() < Duration::from_millis(500));
}

#[test]
fn a_pause_ends_by_itself() {
    let mut node = Node::new(&[]);
    let (mut pauser, mut paused) = (node.connect(), node.connect());
    node.expect(&mut pauser, "CLIENT PAUSE 50 ALL\r\n", "+OK\r\n");
    let start = Instant::now();
    node.expect(&mut paused, "PING\r\n", "+PONG\r\n");
    assert!(start.elapsed() >= Duration::from_millis(49));
}

#[test]
fn one_client_too_many_is_told_so() {
    let mut node = Node::new(&[("maxclients", "1")]);
    let mut first = node.connect();
    node.expect(&mut first, "PING\r\n", "+PONG\r\n");
    let mut second = node.connect();
    assert_eq!(node.receive(&mut second, usize::MAX), "-ERR max number of clients reached\r\n");
    node.expect(&mut first, "QUIT\r\n", "+OK\r\n");
    node.expect_closed(&mut first);
    let mut third = node.connect();
    node.expect(&mut third, "PING\r\n", "+PONG\r\n");
}

#[test]
fn an_idle_client_is_closed_but_not_a_monitor() {
    let mut node = Node::new(&[("timeout", "1"), ("hz", "100")]);
    let (mut idle, mut monitor) = (node.connect(), node.connect());
    node.expect(&mut monitor, "MONITOR\r\n", "+OK\r\n");
    node.expect_closed(&mut idle);
    node.expect(&mut monitor, "CLIENT ID\r\n", ":2\r\n+");
}

#[test]
fn a_monitor_that_never_reads_is_cut_off_and_the_others_are_served_on() {
    let mut node = Node::new(&[("client-output-buffer-limit", "pubsub 1mb 0 0")]);
    let (mut monitor, mut other) = (node.connect(), node.connect());
    node.expect(&mut monitor, "MONITOR\r\n", "+OK\r\n");
    let request = format!("ECHO {}\r\n", "x".repeat(60_000));
    let start = Instant::now();
    while node.clients() == 2 {
        assert!(start.elapsed() < PATIENCE);
        other.write_all(request.as_bytes()).unwrap();
        node.receive(&mut other, 60_010);
    }
    assert_eq!(node.engine.core_mut().server.stats.output_buffer_limit_disconnections, 1);
    node.expect(&mut other, "PING\r\n", "+PONG\r\n");
    assert!(node.engine.core_mut().server.monitors.is_empty());
}

#[test]
fn a_client_over_its_hard_limit_is_closed() {
    let settings = [("client-output-buffer-limit", "normal 4mb 0 0"), ("client-output-pause-bytes", "1gb")];
    let mut node = Node::new(&settings);
    let (mut greedy, mut other) = (node.connect(), node.connect());
    node.expect(&mut other, &format!("SET k {}\r\n", "x".repeat(60_000)), "+OK\r\n");
    let start = Instant::now();
    while node.clients() == 2 {
        assert!(start.elapsed() < PATIENCE);
        // It never reads, so in the end its socket is full in both directions.
        let _ = greedy.write(b"GET k\r\n");
        node.serve();
    }
    node.expect(&mut other, "PING\r\n", "+PONG\r\n");
}

#[test]
fn the_password_is_asked_of_clients_that_come_while_it_is_set() {
    let mut node = Node::new(&[("requirepass", "secret")]);
    let mut client = node.connect();
    node.expect(&mut client, "PING\r\n", "-NOAUTH Authentication required.\r\n");
    node.expect(&mut client, "AUTH secret\r\nPING\r\n", "+OK\r\n+PONG\r\n");
}
