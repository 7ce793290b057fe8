//! Which operations are made: the draw of kind and key, and their bytes on the wire.

use rand::distr::{Distribution, Uniform};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::Zipf;

use crate::config::{Config, KEY_PREFIX, KeyOrder};

/// Values are windows into a pool of random letters, at least this long, at random offsets.
const VALUE_POOL_BYTES_MIN: usize = 64 << 10;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpKind {
    Read,
    Write,
}

/// One operation, not yet sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    pub kind: OpKind,
    /// Number of the key, below the key count.
    pub key: u64,
}

enum KeyDraw {
    Uniform(Uniform<u64>),
    Zipf(Zipf<f64>),
    Sequential { next: u64 },
}

/// Draws operations and writes them as commands. The same configuration and seed give the same operations.
pub(crate) struct Workload {
    rng: SmallRng,
    draw: KeyDraw,
    key_count: u64,
    key: Vec<u8>,
    reads: u32,
    writes: u32,
    read_head: Vec<u8>,
    write_head: Vec<u8>,
    value_head: Vec<u8>,
    write_tail: Vec<u8>,
    value_pool: Vec<u8>,
    value_size: usize,
}

impl Workload {
    /// `config` has passed its check.
    pub fn new(config: &Config) -> Self {
        let mut rng = SmallRng::seed_from_u64(config.seed);
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let value_pool = (0..VALUE_POOL_BYTES_MIN + config.value_size)
            .map(|_| letters[rng.random_range(0..letters.len())])
            .collect();
        let key_size = config.key_size;
        let (arguments, write_tail) = match config.expire_s {
            None => (3, "\r\n".to_owned()),
            Some(expire_s) => {
                (5, format!("\r\n$2\r\nEX\r\n${}\r\n{expire_s}\r\n", expire_s.to_string().len()))
            }
        };
        let mut key = vec![b'0'; key_size];
        key[..KEY_PREFIX.len()].copy_from_slice(KEY_PREFIX);
        Self {
            rng,
            draw: KeyDraw::new(config),
            key_count: config.key_count,
            key,
            reads: config.reads,
            writes: config.writes,
            read_head: format!("*2\r\n$3\r\nGET\r\n${key_size}\r\n").into_bytes(),
            write_head: format!("*{arguments}\r\n$3\r\nSET\r\n${key_size}\r\n").into_bytes(),
            value_head: format!("\r\n${}\r\n", config.value_size).into_bytes(),
            write_tail: write_tail.into_bytes(),
            value_pool,
            value_size: config.value_size,
        }
    }

    /// Draw the next operation.
    pub fn next_op(&mut self) -> Op {
        let kind = if self.writes == 0 {
            OpKind::Read
        } else if self.reads == 0 {
            OpKind::Write
        } else if self.rng.random_range(0..self.reads + self.writes) < self.reads {
            OpKind::Read
        } else {
            OpKind::Write
        };
        let key = match &mut self.draw {
            KeyDraw::Uniform(uniform) => uniform.sample(&mut self.rng),
            // Drawn from 1 to the count, as a whole number.
            KeyDraw::Zipf(zipf) => (zipf.sample(&mut self.rng) as u64).clamp(1, self.key_count) - 1,
            KeyDraw::Sequential { next } => {
                let key = *next;
                *next = (key + 1) % self.key_count;
                key
            }
        };
        Op { kind, key }
    }

    /// The text of a key: prefix, then the number in decimal, zero-padded to the key's size.
    pub fn key(&mut self, number: u64) -> &[u8] {
        let mut text = itoa::Buffer::new();
        let digits = text.format(number).as_bytes();
        let place = self.key.len() - digits.len();
        self.key[KEY_PREFIX.len()..place].fill(b'0');
        self.key[place..].copy_from_slice(digits);
        &self.key
    }

    /// Append the operation's command to `out`.
    pub fn encode(&mut self, op: Op, out: &mut Vec<u8>) {
        self.key(op.key);
        match op.kind {
            OpKind::Read => {
                out.extend_from_slice(&self.read_head);
                out.extend_from_slice(&self.key);
                out.extend_from_slice(b"\r\n");
            }
            OpKind::Write => {
                let offset = self.rng.random_range(0..VALUE_POOL_BYTES_MIN);
                out.extend_from_slice(&self.write_head);
                out.extend_from_slice(&self.key);
                out.extend_from_slice(&self.value_head);
                out.extend_from_slice(&self.value_pool[offset..offset + self.value_size]);
                out.extend_from_slice(&self.write_tail);
            }
        }
    }
}

impl KeyDraw {
    fn new(config: &Config) -> Self {
        let uniform =
            || Uniform::new(0, config.key_count).expect("the key count was checked to be at least 1");
        match config.key_order {
            KeyOrder::Uniform => Self::Uniform(uniform()),
            KeyOrder::Zipf { exponent } => match Zipf::new(config.key_count as f64, exponent) {
                Ok(zipf) => Self::Zipf(zipf),
                // Cannot come from a checked configuration; uniform keys are still a run.
                Err(_) => Self::Uniform(uniform()),
            },
            KeyOrder::Sequential => Self::Sequential { next: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config { key_count: 1_000, ..Config::new("localhost", 1) }
    }

    #[test]
    fn keys_are_redis_benchmarks_keys() {
        let mut workload = Workload::new(&config());
        assert_eq!(workload.key(12), b"key:000000000012");
        assert_eq!(workload.key(999), b"key:000000000999");
        assert_eq!(workload.key(0), b"key:000000000000");
    }

    #[test]
    fn a_write_with_expiry_is_one_whole_command() {
        let mut workload = Workload::new(&Config { value_size: 8, expire_s: Some(3600), ..config() });
        let mut out = Vec::new();
        workload.encode(Op { kind: OpKind::Write, key: 7 }, &mut out);
        let text = String::from_utf8(out).unwrap();
        let fields: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(fields[..5], ["*5", "$3", "SET", "$16", "key:000000000007"]);
        assert_eq!((fields[5], fields[6].len()), ("$8", 8));
        assert_eq!(fields[7..], ["$2", "EX", "$4", "3600", ""]);
    }

    #[test]
    fn reads_and_writes_come_in_their_proportion() {
        let mut workload = Workload::new(&config());
        let writes = (0..11_000).filter(|_| workload.next_op().kind == OpKind::Write).count();
        assert!((800..1_200).contains(&writes), "{writes} writes of 11000, about 1000 expected");
    }

    #[test]
    fn the_same_seed_gives_the_same_operations() {
        let ops = |seed| {
            let mut workload = Workload::new(&Config { seed, ..config() });
            (0..100).map(|_| workload.next_op().key).collect::<Vec<_>>()
        };
        assert_eq!(ops(5), ops(5));
        assert_ne!(ops(5), ops(6));
    }

    #[test]
    fn zipf_prefers_low_keys_and_stays_in_range() {
        let mut workload =
            Workload::new(&Config { key_order: KeyOrder::Zipf { exponent: 0.99 }, ..config() });
        let keys: Vec<u64> = (0..10_000).map(|_| workload.next_op().key).collect();
        assert!(keys.iter().all(|&key| key < 1_000));
        let first = keys.iter().filter(|&&key| key == 0).count();
        assert!(first > 800, "the first of 1000 keys takes about an eighth, not {first} of 10000");
    }

    #[test]
    fn sequential_keys_visit_every_key_before_any_again() {
        let mut workload =
            Workload::new(&Config { key_count: 3, key_order: KeyOrder::Sequential, ..config() });
        let keys: Vec<u64> = (0..5).map(|_| workload.next_op().key).collect();
        assert_eq!(keys, [0, 1, 2, 0, 1]);
    }
}
