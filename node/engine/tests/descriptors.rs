//! A node that runs out of descriptors. Alone in its process: the limit is the process's.

use std::io::Read;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use pycluster_engine::engine::Engine;
use pycluster_engine::server::Identity;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

#[test]
fn a_client_for_whom_there_is_no_descriptor_is_told_so() {
    let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster: false };
    let mut engine = Engine::new(identity, []).unwrap();
    let port = engine.listen("127.0.0.1", 0).unwrap();
    let connect = || {
        let client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client
    };
    // Descriptors get the lowest free numbers: three are left below the limit, for both ends of the first connection
    // and for the client's end of the second one.
    let free = [(); 3].map(|()| std::fs::File::open("/dev/null").unwrap());
    let highest = free.iter().map(AsRawFd::as_raw_fd).max().unwrap();
    drop(free);
    let old = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(highest as u64 + 1), maximum: old.maximum }).unwrap();

    let _first = connect();
    let mut second = connect();
    engine.turn(0).unwrap();
    let mut words = String::new();
    second.read_to_string(&mut words).unwrap();
    assert_eq!(words, "-ERR max number of clients reached\r\n");
    let server = &engine.core_mut().server;
    assert_eq!((server.clients.len(), server.stats.connections_rejected), (1, 1));

    setrlimit(Resource::Nofile, old).unwrap();
    let _third = connect();
    engine.turn(0).unwrap();
    assert_eq!(engine.core_mut().server.clients.len(), 2);
}
