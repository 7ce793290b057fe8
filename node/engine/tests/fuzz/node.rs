//! A whole engine over a loopback socket, turned by the thread that is also its client.

// Each test and each fuzzing target uses a part of this.
#![allow(dead_code)]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use pycluster_engine::engine::Engine;
use pycluster_engine::server::{Identity, ReplyValue};

use super::commands::{Choices, Command};
use super::replies::first_value;

/// Turns without a byte in either direction after which a client counts as one that waits.
const IDLE_TURNS: usize = 3;
const TURN_US: u64 = 100;
/// Turns in which the engine notices that a client has hung up: the first few, if they are not the timer's.
const DISCONNECT_TURNS_MAX: usize = 10_000;
const COMMANDS_MAX: usize = 40;
/// What the last command of each exchange is to be answered with.
const END: &str = "the end of the story";
/// So that a single command can't make a value that costs seconds to go through.
const SETTINGS: &[(&str, &str)] = &[("proto-max-bulk-len", "1048576"), ("databases", "16")];

/// Commands after which replies can't be counted: there are more than one, or none.
const UNCOUNTED: &[&str] = &[
    "client",
    "monitor",
    "psubscribe",
    "punsubscribe",
    "quit",
    "reset",
    "ssubscribe",
    "subscribe",
    "sunsubscribe",
    "unsubscribe",
];

/// An engine, its port, and a client of it.
pub struct Node {
    engine: Engine,
    port: u16,
    client: Option<TcpStream>,
}

impl Node {
    /// An empty node alone, or a cluster's member that knows nobody.
    pub fn start(cluster: bool) -> Self {
        let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster };
        let mut engine = Engine::new(identity, SETTINGS.iter().copied()).expect("an engine");
        let port = engine.listen("127.0.0.1", 0).expect("a port");
        Self { engine, port, client: None }
    }

    /// Send commands in one go and look at the replies; then all data is removed.
    ///
    /// # Panics
    /// The engine panics; a reply is no RESP; there are too many or too few; memory is not given back.
    pub fn check(&mut self, commands: &[Command], resp3: bool) {
        let hello = if resp3 { vec![words(&["HELLO", "3"])] } else { Vec::new() };
        // RESET ends whatever the commands began: transactions, subscriptions, silence.
        let end = [words(&["RESET"]), words(&["ECHO", END])];
        let all: Vec<&Command> = hello.iter().chain(commands).chain(&end).collect();
        let sent: Vec<u8> = all.iter().flat_map(|command| encode(command)).collect();
        let received = self.exchange(&sent);
        let counted = commands.iter().all(|command| {
            let name = command[0].to_ascii_lowercase();
            !UNCOUNTED.iter().any(|uncounted| uncounted.as_bytes() == name)
        });
        let replies = count_replies(&received.bytes);
        if counted && received.ended {
            assert_eq!(replies, all.len(), "{}", shown(&received.bytes));
        }
        self.clean_up();
    }

    /// Send bytes that may be no requests at all, and look at the replies.
    ///
    /// # Panics
    /// As [`Node::check`], but for the number of replies.
    pub fn check_bytes(&mut self, bytes: &[u8]) {
        let received = self.exchange(bytes);
        count_replies(&received.bytes);
        self.client = None;
        self.clean_up();
    }

    /// Let the client hang up, and the engine notice.
    ///
    /// # Panics
    /// It does not.
    pub fn disconnect(&mut self) {
        self.client = None;
        for _ in 0..DISCONNECT_TURNS_MAX {
            if self.engine.core_mut().server.clients.is_empty() {
                return;
            }
            self.engine.turn(TURN_US).expect("a turn");
        }
        panic!("a client that has hung up is still there");
    }

    /// Remove all data and every setting and statistic that commands may have left.
    fn clean_up(&mut self) {
        self.engine.core_mut().server.end_pause();
        if self.client.is_none() {
            // What a client has sent before it hung up may still be run, and is to be over before the data is removed.
            self.disconnect();
        }
        let lines = [
            "RESET",
            "FLUSHALL SYNC",
            "CONFIG SET requirepass =",
            "CONFIG SET maxmemory 0",
            "CONFIG RESETSTAT",
            "SLOWLOG RESET",
            "LATENCY RESET",
        ];
        let commands = lines.iter().map(|line| line.split(' ').map(|word| word.trim_matches('=')).collect());
        let commands = commands.chain([vec!["ECHO", END]]).map(|all: Vec<&str>| encode(&words(&all)));
        let commands: Vec<Vec<u8>> = commands.collect();
        let received = self.exchange(&commands.concat());
        if !received.ended {
            // The client was one that waits, or that was sent away: a new one is not. What it had sent may be run yet.
            self.disconnect();
            assert!(self.exchange(&commands.concat()).ended, "a new client is not served");
        }
        while self.engine.core_mut().keyspace.free_step(1_000) {}
        let keyspace = &self.engine.core_mut().keyspace;
        assert_eq!((keyspace.total_len(), keyspace.volatile_len()), (0, 0));
        assert_eq!(keyspace.slab_bytes(), 0, "bytes of slabs are left without a key");
    }

    /// Send bytes and turn the engine until all is answered, the client is closed, or nothing happens any more.
    fn exchange(&mut self, bytes: &[u8]) -> Received {
        let mut received = Received::default();
        let mut client = match self.client.take() {
            Some(client) => client,
            None => TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("a connection"),
        };
        client.set_nonblocking(true).expect("a socket");
        // Hanging up is then known at once: otherwise it would be behind bytes that a waiting client is not asked for.
        rustix::net::sockopt::set_socket_linger(&client, Some(Duration::ZERO)).expect("a socket");
        let mut unsent = bytes;
        let mut buffer = vec![0; 64 << 10];
        let mut idle_turns = 0;
        while idle_turns < IDLE_TURNS && !received.ended {
            idle_turns += 1;
            match client.write(unsent) {
                Ok(0) => {}
                Ok(count) => {
                    unsent = &unsent[count..];
                    idle_turns = 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return received,
            }
            for request in self.engine.turn(TURN_US).expect("a turn") {
                let error = ReplyValue::Error("ERR nobody is there to answer that".to_owned());
                self.engine.reply(request.id, &error).expect("a request that waits");
                idle_turns = 0;
            }
            match client.read(&mut buffer) {
                Ok(0) => return received,
                Ok(count) => {
                    received.bytes.extend_from_slice(&buffer[..count]);
                    received.ended =
                        received.bytes.strip_suffix(b"\r\n").is_some_and(|all| all.ends_with(END.as_bytes()));
                    idle_turns = 0;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return received,
            }
        }
        if received.ended {
            self.client = Some(client);
        }
        received
    }
}

/// What came back, and whether the last command was answered.
#[derive(Default)]
struct Received {
    bytes: Vec<u8>,
    ended: bool,
}

/// Commands that the bytes choose.
pub fn commands_of(choices: &mut Choices<'_>) -> Vec<Command> {
    let mut commands = Vec::new();
    while choices.any_left() && commands.len() < COMMANDS_MAX {
        commands.push(choices.command());
    }
    commands
}

fn words(all: &[&str]) -> Command {
    all.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn encode(command: &Command) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", command.len()).into_bytes();
    for word in command {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Number of values that are no pushes; the last may be cut short by a connection that was closed.
fn count_replies(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    let mut count = 0;
    while !rest.is_empty() {
        match first_value(rest) {
            Ok(Some((length, is_push))) => {
                rest = &rest[length..];
                count += usize::from(!is_push);
            }
            Ok(None) => break,
            Err(reason) => panic!("{reason} in {}", shown(rest)),
        }
    }
    count
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(4_000)].escape_ascii().to_string()
}
