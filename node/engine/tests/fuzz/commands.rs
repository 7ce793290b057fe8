//! Commands made of any bytes: the command table says which there are and which words they take, the bytes choose.

use pycluster_engine::commands::registry;
use pycluster_engine::commands::spec::CommandSpec;

/// A command as its words.
pub type Command = Vec<Vec<u8>>;

/// Arguments beyond those that a command's usage line names.
const EXTRA_ARGS_MAX: usize = 3;

const KEYS: &[&[u8]] = &[b"a", b"b", b"c", b"{a}1", b"", b"k\r\n\x00\xff"];
// Nothing between a million and the edges of 64 bits: as a count or an offset it would only cost time.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"-1",
    b"2",
    b"3",
    b"10",
    b"-100",
    b"65536",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"9223372036854775808",
    b"18446744073709551615",
    b"0.5",
    b"-1e300",
    b"inf",
    b"nan",
    b"0x10",
    b"01",
    b"4102444800",
    b"4102444800000",
];
const SMALL_NUMBERS: &[&[u8]] = &[b"0", b"1", b"2", b"3", b"10", b"-1"];
/// What the names of arguments that are numbers have in them.
const NUMBER_NAMES: &[&str] = &[
    "count",
    "cursor",
    "db",
    "end",
    "increment",
    "decrement",
    "index",
    "len",
    "limit",
    "offset",
    "rank",
    "score",
    "seconds",
    "start",
    "stop",
    "time",
    "ttl",
];
const VALUES: &[&[u8]] = &[
    b"",
    b"x",
    b"hello",
    b"12",
    b"*",
    b"[a-z]*",
    b"\x00\xff\r\n",
    b"(1",
    b"[a",
    b"+",
    b"-",
    b"$",
    b">",
    b"0-1",
    b"1-*",
    b"#",
    b"i8",
    b"u63",
    b"yes",
    b"noeviction",
    b"allkeys-lru",
    b"maxmemory-policy",
    b"0123456789012345678901234567890123456789012345678901234567890123456789",
];
const LONG_VALUE_BYTES: usize = 40_000;

/// Takes its decisions from bytes: the same bytes, the same decisions.
pub struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// Decisions from these bytes; all that come after the last are the first of their kind.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// True while there are bytes left.
    pub fn any_left(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        let two = [self.byte(), if count > 256 { self.byte() } else { 0 }];
        usize::from(u16::from_le_bytes(two)) % count.max(1)
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A command of the table, right or wrong.
    pub fn command(&mut self) -> Command {
        // Most of them on keys, so that they find what others have left there.
        let on_keys = self.below(4) > 0;
        let rows = registry().all().filter(|spec| !on_keys || !spec.key_specs.is_empty());
        let spec = self.of(&rows.collect::<Vec<&CommandSpec>>());
        let mut words: Command = spec.name.split('|').map(|word| word.as_bytes().to_vec()).collect();
        self.arguments(spec.usage, &mut words);
        let extra = self.below(4 * EXTRA_ARGS_MAX);
        for _ in 0..extra.min(EXTRA_ARGS_MAX) * usize::from(extra > 2 * EXTRA_ARGS_MAX) {
            words.push(self.value());
        }
        words
    }

    /// Arguments by a usage line or a part of one: one of its alternatives, options now and then.
    fn arguments(&mut self, usage: &str, words: &mut Command) {
        let alternatives = alternatives(usage);
        let mut rest = alternatives[self.below(alternatives.len())].trim_start();
        while !rest.is_empty() {
            let closing = match rest.as_bytes()[0] {
                b'[' | b'<' => closing_bracket(rest),
                _ => None,
            };
            let length = closing.map_or_else(|| rest.find(' ').unwrap_or(rest.len()), |end| end + 1);
            let (part, after) = rest.split_at(length);
            rest = after.trim_start();
            match closing {
                Some(end) if part.starts_with('<') || self.below(3) == 0 => {
                    self.arguments(&part[1..end], words)
                }
                Some(_) => {}
                None if part == "..." => {}
                None => self.word(part, words),
            }
        }
    }

    /// A word of a usage line; now and then another one, or none.
    fn word(&mut self, word: &str, words: &mut Command) {
        match self.below(24) {
            0 => words.push(self.value()),
            1 => {}
            _ if word.starts_with(|first: char| first.is_ascii_lowercase()) => words.push(self.named(word)),
            _ => words.push(word.trim_matches('"').as_bytes().to_vec()),
        }
    }

    /// A value for the argument of this name.
    fn named(&mut self, name: &str) -> Vec<u8> {
        let is = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if is(&["num"]) {
            return self.of(&NUMBERS[..4]).to_vec();
        }
        if is(&["key", "source", "destination", "dst", "src"]) {
            return self.of(KEYS).to_vec();
        }
        if is(NUMBER_NAMES) {
            let few = self.below(2) == 0;
            return self.of(if few { SMALL_NUMBERS } else { NUMBERS }).to_vec();
        }
        self.value()
    }

    fn value(&mut self) -> Vec<u8> {
        match self.below(16) {
            0..6 => self.of(VALUES).to_vec(),
            6..10 => self.of(NUMBERS).to_vec(),
            10..13 => self.of(KEYS).to_vec(),
            13 => vec![self.byte(), self.byte(), self.byte()],
            14 => vec![b'y'; LONG_VALUE_BYTES],
            _ => {
                let rows: Vec<&CommandSpec> = registry().all().collect();
                self.of(&rows).name.as_bytes().to_vec()
            }
        }
    }
}

/// The parts of a usage line between `|` that stand in no brackets.
fn alternatives(usage: &str) -> Vec<&str> {
    let mut depth = 0;
    usage
        .split(|letter: char| {
            depth += i32::from(matches!(letter, '[' | '<')) - i32::from(matches!(letter, ']' | '>'));
            letter == '|' && depth == 0
        })
        .collect()
}

/// Where the bracket at the beginning is closed.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.find(|letter: char| {
        depth += i32::from(matches!(letter, '[' | '<')) - i32::from(matches!(letter, ']' | '>'));
        depth == 0
    })
}
