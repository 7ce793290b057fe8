//! The memory limit under every policy. In a process of its own, because memory is counted for the whole process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pycluster_engine::clock::Now;
use pycluster_engine::dispatch;
use pycluster_engine::engine::Engine;
use pycluster_engine::evict::Policy;
use pycluster_engine::housekeeping::Pace;
use pycluster_engine::resp::{Arg, Args, Protocol, Reply};
use pycluster_engine::server::{ClientKey, Identity, Session, Topology};

/// Tests of this file take turns: what one allocates counts for the other.
static TURN: Mutex<()> = Mutex::new(());

const VALUE_BYTES: usize = 200;
/// What a key with such a value takes, a little more than that.
const KEY_BYTES: u64 = 256;
const OUT_OF_MEMORY: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

struct Node {
    engine: Engine,
    session: Session,
    now: Now,
    _turn: MutexGuard<'static, ()>,
}

impl Node {
    fn new() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = Identity { node_id: "a".repeat(40), run_id: "b".repeat(40), cluster: false };
        let engine = Engine::new(identity, []).unwrap();
        let key = ClientKey { index: 0, stamp: 1 };
        let now = Now::read();
        let session = Session::new(1, key, -1, String::new(), String::new(), now);
        let mut node = Self { engine, session, now, _turn: turn };
        // The tables of the first database, and the statistics of the commands used here.
        for words in
            ["SET first 1", "GET first", "DEL first", "EXISTS a", "CONFIG SET hz 10", "TOUCH a", "DBSIZE"]
        {
            node.run(words);
        }
        node
    }

    fn run(&mut self, words: &str) -> String {
        let args: Vec<Arg> = words.split(' ').map(|word| Arg::from(word.as_bytes().to_vec())).collect();
        let args = Args::owned(&args);
        let core = self.engine.core_mut();
        core.set_now(self.now);
        let mut reply = Reply::new(Protocol::Resp2);
        let prepared = dispatch::prepare(core, &self.session, args);
        dispatch::run(core, &mut self.session, &mut reply, args, &prepared);
        let bytes: Vec<u8> = reply.queue.io_slices().iter().flat_map(|piece| piece.to_vec()).collect();
        String::from_utf8(bytes).unwrap()
    }

    fn used_bytes(&mut self) -> u64 {
        self.engine.core_mut().keyspace.used_bytes()
    }

    /// Allow so many keys of the usual size beyond what is in use.
    fn limit(&mut self, policy: Policy, keys: u64) -> u64 {
        let limit = self.used_bytes() + keys * KEY_BYTES;
        assert_eq!(self.run(&format!("CONFIG SET maxmemory {limit} maxmemory-policy {policy}")), "+OK\r\n");
        limit
    }

    fn set(&mut self, key: &str, options: &str) -> String {
        // Each batch is another one, at another time.
        self.now.monotonic_us += 1;
        self.run(&format!("SET {key} {}{options}", "v".repeat(VALUE_BYTES)))
    }

    fn is_there(&mut self, key: &str) -> bool {
        self.run(&format!("EXISTS {key}")) == ":1\r\n"
    }

    fn count_there(&mut self, prefix: &str, count: usize) -> usize {
        (0..count).filter(|index| self.is_there(&format!("{prefix}{index}"))).count()
    }

    fn wait_s(&mut self, seconds: i64) {
        self.now.unix_us += seconds * 1_000_000;
        self.now.monotonic_us += seconds as u64 * 1_000_000;
    }

    fn evicted(&mut self) -> u64 {
        self.engine.core_mut().keyspace.stats.evicted
    }
}

#[test]
fn every_evicting_policy_keeps_the_limit_and_evicts_no_more_than_it_has_to() {
    for policy in [
        Policy::AllKeysLru,
        Policy::AllKeysLfu,
        Policy::AllKeysRandom,
        Policy::VolatileLru,
        Policy::VolatileLfu,
        Policy::VolatileRandom,
        Policy::VolatileTtl,
    ] {
        let mut node = Node::new();
        let limit = node.limit(policy, 2_000);
        for index in 0..6_000 {
            assert_eq!(node.set(&format!("key:{index}"), " EX 1000"), "+OK\r\n");
            // A key is evicted before the next is added.
            assert!(node.used_bytes() <= limit + 2 * KEY_BYTES, "{policy}");
        }
        assert!(node.used_bytes() > limit - 100 * KEY_BYTES, "{policy}");
        let keys = node.engine.dbsize();
        assert!((1_900..2_300).contains(&keys), "{policy}: {keys} keys");
        assert_eq!(node.evicted(), 6_000 - keys);
    }
}

#[test]
fn volatile_policies_evict_keys_with_an_expiry_only_and_fail_without_any() {
    for policy in [Policy::VolatileLru, Policy::VolatileLfu, Policy::VolatileRandom, Policy::VolatileTtl] {
        let mut node = Node::new();
        node.limit(policy, 1_000);
        for index in 0..500 {
            node.set(&format!("lasting:{index}"), "");
        }
        for index in 0..2_000 {
            assert_eq!(node.set(&format!("passing:{index}"), " EX 1000"), "+OK\r\n");
        }
        assert_eq!(node.count_there("lasting:", 500), 500, "{policy}");
        let mut replies = (0..1_000).map(|index| node.set(&format!("more:{index}"), ""));
        assert!(replies.any(|reply| reply == OUT_OF_MEMORY), "{policy}");
        assert_eq!(node.count_there("passing:", 2_000), 0, "{policy}");
        assert_eq!(node.count_there("lasting:", 500), 500, "{policy}");
    }
}

#[test]
fn without_eviction_commands_that_add_fail_and_others_are_served() {
    let mut node = Node::new();
    node.limit(Policy::NoEviction, 100);
    let stored = (0..200).take_while(|index| node.set(&format!("key:{index}"), "") == "+OK\r\n").count();
    assert!((90..130).contains(&stored), "{stored}");
    assert_eq!(node.run("GET key:0").len(), VALUE_BYTES + 8);
    assert_eq!(node.run("APPEND key:0 more"), OUT_OF_MEMORY);
    assert!(node.run("INFO errorstats").contains("errorstat_OOM:count=2\r\n"));
    node.wait_s(3);
    let stats = node.run("INFO stats");
    assert!(stats.contains("current_eviction_exceeded_time:3000\r\n"), "{stats}");
    (0..80).for_each(|index| drop(node.run(&format!("DEL key:{index}"))));
    assert_eq!(node.set("key:0", ""), "+OK\r\n");
}

#[test]
fn the_longest_unused_keys_go_first() {
    let mut node = Node::new();
    node.limit(Policy::AllKeysLru, 1_000);
    for index in 0..900 {
        node.set(&format!("key:{index}"), "");
    }
    node.wait_s(100);
    for index in (0..900).step_by(2) {
        node.run(&format!("GET key:{index}"));
    }
    node.wait_s(10);
    for index in 0..400 {
        node.set(&format!("new:{index}"), "");
    }
    let used = (0..900).step_by(2).filter(|index| node.is_there(&format!("key:{index}"))).count();
    assert!(node.evicted() > 100);
    assert!(used >= 445, "{used}");
    assert!(node.count_there("new:", 400) >= 395);
}

#[test]
fn the_least_used_keys_go_first() {
    let mut node = Node::new();
    node.limit(Policy::AllKeysLfu, 1_000);
    for index in 0..900 {
        node.set(&format!("key:{index}"), "");
    }
    for index in (0..900).step_by(2) {
        (0..50).for_each(|_| drop(node.run(&format!("GET key:{index}"))));
    }
    for index in 0..400 {
        node.set(&format!("new:{index}"), "");
    }
    let used = (0..900).step_by(2).filter(|index| node.is_there(&format!("key:{index}"))).count();
    assert!(used >= 445, "{used}");
}

#[test]
fn the_keys_that_expire_next_go_first() {
    let mut node = Node::new();
    node.limit(Policy::VolatileTtl, 1_000);
    for index in 0..900 {
        node.set(&format!("key:{index}"), &format!(" EX {}", 1_000 + index));
    }
    for index in 0..400 {
        node.set(&format!("new:{index}"), " EX 100000");
    }
    let late = (600..900).filter(|index| node.is_there(&format!("key:{index}"))).count();
    assert!(late >= 295, "{late}");
}

#[test]
fn what_was_flushed_makes_room_before_any_key_has_to_go() {
    let mut node = Node::new();
    let limit = node.limit(Policy::AllKeysLru, 1_000);
    for index in 0..900 {
        node.set(&format!("old:{index}"), "");
    }
    assert_eq!(node.run("FLUSHALL ASYNC"), "+OK\r\n");
    for index in 0..900 {
        node.set(&format!("new:{index}"), "");
    }
    assert_eq!((node.engine.dbsize(), node.evicted()), (900, 0));
    assert!(node.used_bytes() <= limit + KEY_BYTES);
}

#[test]
fn a_limit_far_below_what_is_in_use_is_reached_in_slices() {
    let mut node = Node::new();
    for index in 0..20_000 {
        node.set(&format!("key:{index}"), "");
    }
    let before = node.used_bytes();
    // No more time than for a look at the clock, which comes every sixteen keys.
    node.run("CONFIG SET maxmemory-eviction-tenacity 0");
    let limit = before - 15_000 * KEY_BYTES;
    node.run(&format!("CONFIG SET maxmemory {limit} maxmemory-policy allkeys-lru"));
    node.now.monotonic_us += 1;
    assert_eq!(node.run("GET none"), "$-1\r\n");
    assert_eq!(node.evicted(), 16);
    assert!(node.used_bytes() > limit);
    let ticks = (0..10_000).take_while(|_| node.engine.core_mut().tick() != Pace::Regular).count();
    assert!(ticks > 100);
    assert!(node.used_bytes() <= limit);
}

#[test]
fn a_replica_leaves_eviction_to_its_primary() {
    let mut node = Node::new();
    node.limit(Policy::AllKeysLru, 10);
    let owners = vec![0; 2 * 16_384];
    let endpoints = vec![("127.0.0.1".to_owned(), 7_000)];
    let topology = Topology::new(&owners, endpoints, Some(0), true, None).unwrap();
    node.engine.set_topology(topology).unwrap();
    for index in 0..100 {
        node.set(&format!("key:{index}"), "");
    }
    assert_eq!((node.engine.dbsize(), node.evicted()), (100, 0));
}
