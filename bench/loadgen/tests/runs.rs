//! Whole runs against small fake servers: what a run counts, follows and bounds.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use pycluster_loadgen::{Config, Length, Pace, RunError, Topology, run};

/// What a fake server does with a command: the bytes to answer; None closes the connection.
type Behaviour = dyn Fn(&[String]) -> Option<Vec<u8>> + Send + Sync;

/// Serve `behaviour` on a port of its own until the test process ends.
fn serve(behaviour: Arc<Behaviour>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let behaviour = Arc::clone(&behaviour);
            thread::spawn(move || converse(stream, &*behaviour));
        }
    });
    port
}

fn converse(stream: TcpStream, behaviour: &Behaviour) {
    stream.set_nodelay(true).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(command) = read_command(&mut reader) {
        let Some(answer) = behaviour(&command) else {
            return;
        };
        if writer.write_all(&answer).is_err() {
            return;
        }
    }
}

fn read_command(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut line = String::new();
    let mut number = |reader: &mut dyn BufRead| {
        line.clear();
        reader.read_line(&mut line).ok()?;
        line.trim_end().get(1..)?.parse::<usize>().ok()
    };
    let count = number(reader)?;
    (0..count)
        .map(|_| {
            let mut bytes = vec![0; number(reader)? + 2];
            reader.read_exact(&mut bytes).ok()?;
            bytes.truncate(bytes.len() - 2);
            String::from_utf8(bytes).ok()
        })
        .collect()
}

fn answer(command: &[String]) -> Vec<u8> {
    match command[0].as_str() {
        "GET" => b"$3\r\nabc\r\n".to_vec(),
        "SET" => b"+OK\r\n".to_vec(),
        _ => b"-ERR This instance has cluster support disabled\r\n".to_vec(),
    }
}

fn open(port: u16, rate_per_s: f64, ops: u64) -> Config {
    Config {
        pace: Pace::Open { rate_per_s },
        length: Length::Ops(ops),
        connections: 4,
        ..Config::new("127.0.0.1", port)
    }
}

fn closed(port: u16, pipeline: u32, ops: u64) -> Config {
    Config { pace: Pace::Closed { pipeline }, ..open(port, 1.0, ops) }
}

#[test]
fn every_operation_is_answered_and_counted() {
    let port = serve(Arc::new(|command| Some(answer(command))));
    for config in [open(port, 5_000.0, 1_000), closed(port, 16, 1_000)] {
        let report = run(&config).unwrap();
        assert_eq!((report.ops, report.ops_done, report.latency.count), (1_000, 1_000, 1_000));
        assert_eq!(report.hits + report.write_latency.count, 1_000);
        assert!(report.errors.is_empty() && !report.saturated, "{report:?}");
    }
}

#[test]
fn misses_and_errors_are_counted_by_kind() {
    let port = serve(Arc::new(|command| {
        Some(match command[0].as_str() {
            "GET" => b"$-1\r\n".to_vec(),
            "SET" => b"-OOM command not allowed\r\n".to_vec(),
            _ => answer(command),
        })
    }));
    let report = run(&Config { reads: 1, writes: 1, ..closed(port, 4, 400) }).unwrap();
    let refused = report.errors["OOM"];
    assert_eq!((report.misses + refused, report.ops_done), (400, report.misses));
    assert!(refused > 0 && report.misses > 0);
}

#[test]
fn a_stall_is_felt_by_every_operation_that_came_due_meanwhile() {
    let count = AtomicU64::new(0);
    let port = serve(Arc::new(move |command| {
        if command[0] == "GET" && count.fetch_add(1, Ordering::Relaxed) == 100 {
            thread::sleep(Duration::from_millis(300));
        }
        Some(answer(command))
    }));
    let config = Config { connections: 1, reads: 1, writes: 0, ..open(port, 1_000.0, 500) };
    let report = run(&config).unwrap();
    // Of 500 operations, 300 came due in the stall, half of them at least 150 ms before its end.
    assert_eq!(report.ops_done, 500);
    assert!(report.latency.max_us > 299_000.0, "{:?}", report.latency);
    assert!(report.latency.p90_us > 240_000.0, "{:?}", report.latency);
}

#[test]
fn a_server_that_never_answers_is_reported_as_saturated() {
    let port =
        serve(Arc::new(|command| Some(if command[0] == "CLUSTER" { answer(command) } else { Vec::new() })));
    let config = Config { connections: 1, lag_max: Duration::from_millis(100), ..open(port, 5_000.0, 2_000) };
    let report = run(&config).unwrap();
    assert!(report.saturated);
    assert_eq!((report.ops, report.ops_done), (2_000, 0));
    assert_eq!(report.ops_shed + report.errors["unanswered"], 2_000);
}

#[test]
fn a_lost_connection_is_counted_and_made_again() {
    let count = AtomicU64::new(0);
    let port = serve(Arc::new(move |command| {
        let lose = command[0] == "GET" && count.fetch_add(1, Ordering::Relaxed) == 50;
        (!lose).then(|| answer(command))
    }));
    let report = run(&Config { connections: 1, ..open(port, 1_000.0, 300) }).unwrap();
    assert_eq!(report.connections_lost, 1);
    let lost = report.errors["connection lost"];
    assert_eq!((report.ops, report.ops_done), (300, 300 - lost));
    assert!(report.ops_done > 200, "{report:?}");
}

#[test]
fn what_is_no_reply_ends_the_connection_only() {
    let count = AtomicU64::new(0);
    let port = serve(Arc::new(move |command| {
        let garbage = command[0] == "GET" && count.fetch_add(1, Ordering::Relaxed) == 50;
        Some(if garbage { b"garbage\r\n".to_vec() } else { answer(command) })
    }));
    let report = run(&Config { connections: 1, ..closed(port, 1, 300) }).unwrap();
    assert_eq!(report.errors["protocol error: unknown reply type 0x67"], 1);
    assert_eq!(report.ops_done, 299);
}

/// A CLUSTER SLOTS reply that gives all slots to one server.
fn all_slots(port: u64) -> Vec<u8> {
    format!("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:{port}\r\n$1\r\nx\r\n").into_bytes()
}

/// Two servers of a cluster: all slots move from the first to the second after `moved_at` commands.
fn moving_cluster(moved_at: u64) -> u16 {
    let (count, target) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (seen, to) = (Arc::clone(&count), Arc::clone(&target));
    let first = serve(Arc::new(move |command| {
        let moved = seen.load(Ordering::Relaxed) > moved_at;
        let (own, other) = {
            let ports = to.load(Ordering::Relaxed);
            (ports >> 16, ports & 0xFFFF)
        };
        Some(match command[0].as_str() {
            "CLUSTER" => all_slots(if moved { other } else { own }),
            _ if moved => format!("-MOVED 1 127.0.0.1:{other}\r\n").into_bytes(),
            _ => {
                seen.fetch_add(1, Ordering::Relaxed);
                answer(command)
            }
        })
    }));
    let to = Arc::clone(&target);
    let second = serve(Arc::new(move |command| {
        Some(match command[0].as_str() {
            "CLUSTER" => all_slots(to.load(Ordering::Relaxed) & 0xFFFF),
            _ => answer(command),
        })
    }));
    target.store(u64::from(first) << 16 | u64::from(second), Ordering::Relaxed);
    first
}

#[test]
fn moved_slots_are_followed_and_the_table_is_asked_for_again() {
    for pipeline in [1, 8] {
        let report = run(&closed(moving_cluster(200), pipeline, 2_000)).unwrap();
        assert_eq!((report.ops, report.ops_done), (2_000, 2_000), "{report:?}");
        assert!(report.redirects > 0 && report.errors.is_empty(), "{report:?}");
    }
    let report = run(&open(moving_cluster(200), 4_000.0, 2_000)).unwrap();
    assert_eq!((report.ops_done, report.primaries), (2_000, 1), "{report:?}");
    assert!(report.refreshes > 0 && report.redirects > 0, "{report:?}");
}

#[test]
fn redirects_that_go_round_are_given_up() {
    let own_port = Arc::new(AtomicU64::new(0));
    let to = Arc::clone(&own_port);
    let port = serve(Arc::new(move |command| {
        let own = to.load(Ordering::Relaxed);
        Some(match command[0].as_str() {
            "CLUSTER" => all_slots(own),
            _ => format!("-MOVED 1 127.0.0.1:{own}\r\n").into_bytes(),
        })
    }));
    own_port.store(u64::from(port), Ordering::Relaxed);
    let report = run(&closed(port, 1, 20)).unwrap();
    assert_eq!((report.errors["too many redirects"], report.redirects), (20, 100));
}

#[test]
fn a_run_against_nothing_is_an_error() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(matches!(run(&closed(port, 1, 1)), Err(RunError::Connect { .. })));
    let alone = serve(Arc::new(|command| Some(answer(command))));
    let config = Config { topology: Topology::Cluster, ..closed(alone, 1, 1) };
    assert!(matches!(run(&config), Err(RunError::NoCluster { .. })));
}
