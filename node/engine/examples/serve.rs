//! A node without Python: `cargo run --release --example serve -- PORT [--cluster] [NAME VALUE ...]`.
//!
//! For benchmarks and for trying commands. With `--cluster` it owns all slots; settings have Redis's names. Port 0
//! lets the system choose. Prints the port once it listens, and serves until it is killed.

use std::error::Error;
use std::io::Write;

use pycluster_engine::engine::Engine;
use pycluster_engine::server::{Identity, ReplyValue, Topology};
use pycluster_engine::slot::SLOT_COUNT;
use rustix::event::{PollFd, PollFlags, poll};

/// Microseconds of a turn, as a node's process has it.
const TURN_US: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let cluster = words.iter().any(|word| word == "--cluster");
    words.retain(|word| word != "--cluster");
    let port: u16 = words.first().ok_or("usage: serve PORT [--cluster] [NAME VALUE ...]")?.parse()?;
    let settings = words[1..].chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
    let identity = Identity { node_id: "0".repeat(40), run_id: "1".repeat(40), cluster };
    let mut engine = Engine::new(identity, settings)?;
    let port = engine.listen("127.0.0.1", port)?;
    if cluster {
        let owners = vec![0; 2 * usize::from(SLOT_COUNT)];
        let endpoints = vec![("127.0.0.1".to_owned(), port)];
        engine.set_topology(Topology::new(&owners, endpoints, Some(0), false, None)?)?;
    }
    println!("{port}");
    std::io::stdout().flush()?;
    loop {
        let fd = engine.fd();
        let mut polled = [PollFd::new(&fd, PollFlags::IN)];
        poll(&mut polled, None)?;
        for request in engine.turn(TURN_US)? {
            engine.reply(
                request.id,
                &ReplyValue::Error("ERR this node has no Python to answer that".to_owned()),
            )?;
        }
    }
}
