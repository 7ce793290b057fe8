//! Finding a command's row by its name.

use std::sync::OnceLock;

use super::TABLES;
use super::spec::CommandSpec;

/// Longest name of a command; longer words are unknown without a look.
const NAME_BYTES_MAX: usize = 32;
const BUCKETS: usize = 2_048;

/// A row and its number, which statistics are kept under.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub id: usize,
    pub spec: &'static CommandSpec,
}

/// All rows, found by name.
#[derive(Debug)]
pub struct Registry {
    entries: Vec<Entry>,
    /// Open addressing over the top-level commands; a place holds an index into `entries` plus one, or 0.
    buckets: Vec<u16>,
    top_level: Vec<Entry>,
}

/// The registry, built at first use.
#[inline]
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(Registry::new)
}

impl Registry {
    fn new() -> Self {
        let mut registry = Self { entries: Vec::new(), buckets: vec![0; BUCKETS], top_level: Vec::new() };
        for spec in TABLES.iter().copied().flatten() {
            let entry = Entry { id: registry.entries.len(), spec };
            registry.entries.push(entry);
            registry.top_level.push(entry);
            let mut bucket = hash(spec.name.as_bytes()) % BUCKETS;
            while registry.buckets[bucket] != 0 {
                bucket = (bucket + 1) % BUCKETS;
            }
            registry.buckets[bucket] = registry.entries.len() as u16;
            for subcommand in spec.subcommands {
                let id = registry.entries.len();
                registry.entries.push(Entry { id, spec: subcommand });
            }
        }
        registry
    }

    /// The row of a command, its name in upper or lower case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<Entry> {
        if name.len() > NAME_BYTES_MAX {
            return None;
        }
        let mut bucket = hash(name) % BUCKETS;
        loop {
            let entry = match self.buckets[bucket] {
                0 => return None,
                place => self.entries[usize::from(place) - 1],
            };
            if entry.spec.name.as_bytes().eq_ignore_ascii_case(name) {
                return Some(entry);
            }
            bucket = (bucket + 1) % BUCKETS;
        }
    }

    /// The row of a container's subcommand.
    pub fn find_subcommand(&self, container: Entry, name: &[u8]) -> Option<Entry> {
        let index = container
            .spec
            .subcommands
            .iter()
            .position(|spec| spec.short_name().as_bytes().eq_ignore_ascii_case(name))?;
        // A container's subcommands follow it.
        self.entries.get(container.id + 1 + index).copied()
    }

    /// The commands without their subcommands.
    pub fn top_level(&self) -> &[Entry] {
        &self.top_level
    }

    /// All rows in the order of their numbers.
    pub fn all(&self) -> impl Iterator<Item = &'static CommandSpec> {
        self.entries.iter().map(|entry| entry.spec)
    }
}

/// Length and a few letters tell nearly all names apart; case does not count.
#[inline]
fn hash(name: &[u8]) -> usize {
    let letter = |index: usize| name.get(index).map_or(0, |byte| usize::from(byte | 0x20));
    let length = name.len();
    let last = if length > 0 { letter(length - 1) } else { 0 };
    length
        .wrapping_mul(131)
        .wrapping_add(letter(0).wrapping_mul(31))
        .wrapping_add(letter(1).wrapping_mul(977))
        .wrapping_add(letter(2).wrapping_mul(7_919))
        .wrapping_add(letter(length / 2).wrapping_mul(613))
        .wrapping_add(last.wrapping_mul(257))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_in_any_case_and_only_once() {
        let mut names = std::collections::HashSet::new();
        for entry in registry().top_level() {
            assert!(names.insert(entry.spec.name), "{} stands twice", entry.spec.name);
            let found = registry().find(entry.spec.name.to_ascii_uppercase().as_bytes()).unwrap();
            assert_eq!(found.id, entry.id);
            for spec in entry.spec.subcommands {
                let found = registry().find_subcommand(*entry, spec.short_name().as_bytes()).unwrap();
                assert!(std::ptr::eq(found.spec, spec));
            }
        }
        assert!(registry().find(b"nosuchcommand").is_none());
        assert!(registry().find(b"").is_none());
    }
}
