//! Streams: a log of entries, and consumer groups that read it.

mod block;
mod entries;
mod fields;
mod group;
mod id;
mod listpack;
mod log;
mod radix;
mod trim;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;

pub use entries::{Entries, Entry};
pub use fields::Fields;
pub use group::{Claim, Consumer, ConsumerKey, Group, Pending};
pub use id::{ID_TEXT_BYTES_MAX, ParsedId, StreamId};
pub use listpack::Element;
pub use log::{AppendError, BlockLimits, Log};
pub use trim::{Bound, Trim, Trimmed};

/// A stream: its log and its groups, apart, as reading for a group looks at the one and changes the other.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    pub log: Log,
    pub groups: Groups,
}

/// The consumer groups of a stream, by name.
#[derive(Clone, Debug, Default)]
pub struct Groups(BTreeMap<Box<[u8]>, Group>);

impl Groups {
    /// Number of groups.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The group of this name.
    pub fn get(&self, name: &[u8]) -> Option<&Group> {
        self.0.get(name)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.0.get_mut(name)
    }

    /// Add a group; false if there is one of this name.
    pub fn add(&mut self, name: &[u8], group: Group) -> bool {
        match self.0.entry(name.into()) {
            MapEntry::Occupied(_) => false,
            MapEntry::Vacant(entry) => {
                entry.insert(group);
                true
            }
        }
    }

    /// Take a group out.
    pub fn remove(&mut self, name: &[u8]) -> Option<Group> {
        self.0.remove(name)
    }

    /// All groups in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &Group)> {
        self.0.iter().map(|(name, group)| (&**name, group))
    }
}

impl Stream {
    /// A stream without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is left of a log after trimming, to be freed in slices.
    pub fn of_log(log: Log) -> Self {
        Self { log, groups: Groups::default() }
    }

    /// A group that was taken out, to be freed in slices.
    pub fn of_group(group: Group) -> Self {
        let mut groups = Groups::default();
        groups.add(b"", group);
        Self { log: Log::default(), groups }
    }

    /// Number of entries, and of those that groups have pending: what there is to be freed.
    pub fn len(&self) -> usize {
        let pending: usize = self.groups.iter().map(|(_, group)| group.pending_count()).sum();
        self.log.len() as usize + pending
    }

    /// Whether there is neither.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of memory that the stream takes. Looks at each consumer.
    pub fn memory_bytes(&self) -> usize {
        let groups: usize = self.groups.iter().map(|(name, group)| name.len() + group.memory_bytes()).sum();
        size_of::<Self>() + self.log.memory_bytes() + groups
    }

    /// Free up to about `budget` entries and pending entries; true when nothing is left. The stream is of no use
    /// afterwards.
    pub fn free_step(&mut self, mut budget: usize) -> bool {
        let mut done = self.log.free_step(&mut budget);
        while done && let Some(mut group) = self.groups.0.first_entry() {
            done = group.get_mut().free_step(&mut budget);
            if done {
                group.remove();
            }
        }
        done
    }
}
