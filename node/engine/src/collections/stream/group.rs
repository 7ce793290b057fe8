//! Consumer groups: who has got which entries and has not acknowledged them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;
use std::sync::Arc;

use super::StreamId;
use super::log::Log;

/// What an ordered map or set takes for a member beside the member itself: its nodes are little more than half full.
const fn ordered_bytes(member: usize) -> usize {
    member * 5 / 3
}

/// A consumer of a group, for as long as it is not removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerKey(u32);

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    pub consumer: ConsumerKey,
    /// Unix time in milliseconds of the last delivery.
    pub delivered_ms: i64,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// One consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    name: Arc<[u8]>,
    /// Unix time in milliseconds when it last asked for something.
    pub seen_ms: i64,
    /// When it last got something.
    pub active_ms: Option<i64>,
    pending: BTreeSet<StreamId>,
}

impl Consumer {
    /// The name.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Number of entries that it has not acknowledged.
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// The ids of these entries, in order.
    pub fn pending(&self, range: impl RangeBounds<StreamId>) -> impl Iterator<Item = StreamId> {
        self.pending.range(range).copied()
    }
}

/// What XCLAIM and XAUTOCLAIM do to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub consumer: ConsumerKey,
    /// The time of delivery that it gets.
    pub delivered_ms: i64,
    /// The number of deliveries that it gets; without one it is counted on.
    pub deliveries: Option<u64>,
    /// The claim counts as no delivery.
    pub silent: bool,
}

/// A consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The last entry that was delivered as new.
    pub last_id: StreamId,
    /// How many of all entries there ever were lie up to `last_id`, if that is known.
    pub entries_read: Option<u64>,
    pending: BTreeMap<StreamId, Pending>,
    /// By number; those of removed consumers are free.
    consumers: Vec<Option<Consumer>>,
    names: BTreeMap<Arc<[u8]>, ConsumerKey>,
}

impl Group {
    /// A group without consumers that has got everything up to `last_id`.
    pub fn new(last_id: StreamId, entries_read: Option<u64>) -> Self {
        Self {
            last_id,
            entries_read,
            pending: BTreeMap::new(),
            consumers: Vec::new(),
            names: BTreeMap::new(),
        }
    }

    /// The consumer of this name.
    pub fn find(&self, name: &[u8]) -> Option<ConsumerKey> {
        self.names.get(name).copied()
    }

    /// Add a consumer, whose name is new.
    pub fn add_consumer(&mut self, name: &[u8], now_ms: i64) -> ConsumerKey {
        let name: Arc<[u8]> = name.into();
        let consumer =
            Consumer { name: Arc::clone(&name), seen_ms: now_ms, active_ms: None, pending: BTreeSet::new() };
        let free = self.consumers.iter().position(Option::is_none).unwrap_or(self.consumers.len());
        if free == self.consumers.len() {
            self.consumers.push(Some(consumer));
        } else {
            self.consumers[free] = Some(consumer);
        }
        let key = ConsumerKey(u32::try_from(free).expect("consumers fill memory before they fill 32 bits"));
        self.names.insert(name, key);
        key
    }

    /// Remove a consumer and what it has not acknowledged; returns how many entries these were.
    pub fn remove_consumer(&mut self, key: ConsumerKey) -> usize {
        let consumer = self.consumers[key.0 as usize].take().expect("a key is dropped with its consumer");
        self.names.remove(&consumer.name);
        for id in &consumer.pending {
            self.pending.remove(id);
        }
        consumer.pending.len()
    }

    /// A consumer; its key is of this group and the consumer was not removed.
    pub fn consumer(&self, key: ConsumerKey) -> &Consumer {
        self.consumers[key.0 as usize].as_ref().expect("a key is dropped with its consumer")
    }

    /// The same, to be changed.
    pub fn consumer_mut(&mut self, key: ConsumerKey) -> &mut Consumer {
        self.consumers[key.0 as usize].as_mut().expect("a key is dropped with its consumer")
    }

    /// All consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.names.values().map(|key| self.consumer(*key))
    }

    /// Number of entries that were delivered and not acknowledged.
    pub fn pending_count(&self) -> usize {
        self.pending.len()
    }

    /// One of these entries.
    pub fn pending(&self, id: StreamId) -> Option<Pending> {
        self.pending.get(&id).copied()
    }

    /// These entries, in the order of their ids.
    pub fn pending_range(
        &self,
        range: impl RangeBounds<StreamId>,
    ) -> impl DoubleEndedIterator<Item = (StreamId, &Pending)> {
        self.pending.range(range).map(|(id, pending)| (*id, pending))
    }

    /// Note that a new entry has been read: it is the last one now.
    pub fn note_read(&mut self, log: &Log, id: StreamId) {
        if id <= self.last_id {
            return;
        }
        self.entries_read = match self.entries_read {
            Some(read) if self.last_id >= log.first_id() && !self.has_gaps_ahead(log) => Some(read + 1),
            _ => log.position_of(id),
        };
        self.last_id = id;
    }

    /// How many entries the group has not got yet, if that is known.
    pub fn lag(&self, log: &Log) -> Option<u64> {
        if log.entries_added == 0 {
            return Some(0);
        }
        let read = match self.entries_read {
            Some(read) if !self.has_gaps_ahead(log) => read,
            _ => log.position_of(self.last_id)?,
        };
        Some(log.entries_added.wrapping_sub(read))
    }

    fn has_gaps_ahead(&self, log: &Log) -> bool {
        log.may_have_gaps(self.last_id, StreamId::MAX)
    }

    /// Give an entry to a consumer as if for the first time, whoever had it.
    pub fn deliver(&mut self, id: StreamId, consumer: ConsumerKey, now_ms: i64) {
        let new = Pending { consumer, delivered_ms: now_ms, deliveries: 1 };
        if let Some(old) = self.pending.insert(id, new) {
            self.consumer_mut(old.consumer).pending.remove(&id);
        }
        self.consumer_mut(consumer).pending.insert(id);
    }

    /// Count another delivery of an entry to the consumer that has it.
    pub fn deliver_again(&mut self, id: StreamId, now_ms: i64) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.delivered_ms = now_ms;
            pending.deliveries = pending.deliveries.wrapping_add(1);
        }
    }

    /// Give an entry to a consumer, whoever had it, or nobody.
    pub fn claim(&mut self, id: StreamId, claim: Claim) {
        let Claim { consumer, delivered_ms, .. } = claim;
        let (previous, pending) = match self.pending.entry(id) {
            Entry::Occupied(entry) => {
                let pending = entry.into_mut();
                (Some(std::mem::replace(&mut pending.consumer, consumer)), pending)
            }
            Entry::Vacant(entry) => (None, entry.insert(Pending { consumer, delivered_ms, deliveries: 1 })),
        };
        pending.delivered_ms = delivered_ms;
        pending.deliveries = match claim.deliveries {
            Some(deliveries) => deliveries,
            None => pending.deliveries.wrapping_add(u64::from(!claim.silent)),
        };
        if previous == Some(consumer) {
            return;
        }
        if let Some(previous) = previous {
            self.consumer_mut(previous).pending.remove(&id);
        }
        self.consumer_mut(consumer).pending.insert(id);
    }

    /// Forget that an entry was delivered; false if it was not, or was acknowledged.
    pub fn acknowledge(&mut self, id: StreamId) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        self.consumer_mut(pending.consumer).pending.remove(&id);
        true
    }

    /// Bytes of memory that the group takes. Looks at each consumer.
    pub(super) fn memory_bytes(&self) -> usize {
        let consumers: usize = self
            .consumers()
            .map(|consumer| {
                size_of::<Consumer>()
                    + 2 * size_of::<usize>()
                    + consumer.name.len()
                    + ordered_bytes(size_of::<(Arc<[u8]>, ConsumerKey)>())
                    + consumer.pending.len() * ordered_bytes(size_of::<StreamId>())
            })
            .sum();
        size_of::<Self>()
            + consumers
            + self.pending.len() * ordered_bytes(size_of::<StreamId>() + size_of::<Pending>())
    }

    /// Forget up to `budget` entries; true when none are left. The group is of no use afterwards.
    pub(super) fn free_step(&mut self, budget: &mut usize) -> bool {
        while *budget > 0 && self.pending.pop_first().is_some() {
            *budget -= 1;
        }
        while *budget > 0
            && let Some(last) = self.consumers.last_mut()
        {
            if last.as_mut().and_then(|consumer| consumer.pending.pop_first()).is_none() {
                self.consumers.pop();
            }
            *budget -= 1;
        }
        self.pending.is_empty() && self.consumers.is_empty()
    }
}

impl Log {
    /// How many of all entries there ever were lie up to an id, if that can be told.
    pub fn position_of(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if self.is_empty() && id <= self.last_id {
            return Some(self.entries_added);
        }
        // Below the highest deleted id, the number of entries that were deleted before `id` is unknown.
        if id != StreamId::MIN && id < self.max_deleted_id {
            return None;
        }
        if id >= self.last_id {
            return (id == self.last_id).then_some(self.entries_added);
        }
        let no_gaps = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id();
        let before_first = self.entries_added.wrapping_sub(self.len());
        match id.cmp(&self.first_id()) {
            std::cmp::Ordering::Less if no_gaps => Some(before_first),
            std::cmp::Ordering::Equal if no_gaps => Some(before_first.wrapping_add(1)),
            _ => None,
        }
    }
}
