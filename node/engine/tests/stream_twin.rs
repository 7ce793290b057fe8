//! Streams against plain vectors: whatever is done to both, both hold the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pycluster_engine::collections::stream::{
    AppendError, BlockLimits, Bound, Claim, ConsumerKey, Group, Stream, StreamId, Trim,
};

#[derive(Clone, Debug)]
enum Operation {
    Append { ms: u64, seq: u64, words: Vec<Vec<u8>> },
    Delete { nth: usize },
    TrimLength { length: u64, approximate: bool, limit: Option<u64> },
    TrimId { nth: usize, off: u64, approximate: bool },
    Read { consumer: u8, count: usize },
    ReadAgain { consumer: u8 },
    Acknowledge { nth: usize },
    Claim { nth: usize, consumer: u8, deliveries: Option<u64>, silent: bool },
    SetId { nth: usize },
    RemoveConsumer { consumer: u8 },
    Duplicate,
}

fn words() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let value = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20),
        4 => any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        4 => (-5_000..5_000i64).prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 60..70),
        1 => prop::collection::vec(any::<u8>(), 4_090..4_100),
    ];
    let name = prop_oneof![
        6 => Just(None),
        1 => prop::sample::select(vec!["a", "b", "7", "temperature"]).prop_map(Some),
    ];
    prop_oneof![4 => Just(2usize), 1 => 1..5usize].prop_flat_map(move |pairs| {
        prop::collection::vec((name.clone(), value.clone()), pairs).prop_map(|pairs| {
            pairs
                .into_iter()
                .enumerate()
                .flat_map(|(index, (name, value))| {
                    let name = name.map_or_else(|| format!("field{index}"), str::to_owned);
                    [name.into_bytes(), value]
                })
                .collect()
        })
    })
}

fn operations() -> impl Strategy<Value = Operation> {
    let ms = prop_oneof![4 => 0..2u64, 1 => 2..100_000u64];
    let seq = prop_oneof![4 => 1..3u64, 1 => any::<u64>()];
    let nth = 0..200usize;
    let consumer = 0..4u8;
    prop_oneof![
        20 => (ms, seq, words()).prop_map(|(ms, seq, words)| Operation::Append { ms, seq, words }),
        4 => nth.clone().prop_map(|nth| Operation::Delete { nth }),
        1 => (0..60u64, any::<bool>(), prop::option::of(0..30u64))
            .prop_map(|(length, approximate, limit)| Operation::TrimLength { length, approximate, limit }),
        1 => (nth.clone(), 0..3u64, any::<bool>())
            .prop_map(|(nth, off, approximate)| Operation::TrimId { nth, off, approximate }),
        4 => (consumer.clone(), 0..8usize).prop_map(|(consumer, count)| Operation::Read { consumer, count }),
        1 => consumer.clone().prop_map(|consumer| Operation::ReadAgain { consumer }),
        3 => nth.clone().prop_map(|nth| Operation::Acknowledge { nth }),
        3 => (nth.clone(), consumer.clone(), prop::option::of(0..9u64), any::<bool>()).prop_map(
            |(nth, consumer, deliveries, silent)| Operation::Claim { nth, consumer, deliveries, silent }
        ),
        1 => nth.prop_map(|nth| Operation::SetId { nth }),
        1 => consumer.prop_map(|consumer| Operation::RemoveConsumer { consumer }),
        1 => Just(Operation::Duplicate),
    ]
}

type Words = Vec<Vec<u8>>;

/// What a stream should be. Blocks are lists of ids, those of deleted entries included.
#[derive(Default)]
struct Twin {
    entries: BTreeMap<StreamId, Words>,
    blocks: Vec<Vec<StreamId>>,
    last_id: StreamId,
    max_deleted_id: StreamId,
    added: u64,
    group_last_id: StreamId,
    consumers: Vec<u8>,
    /// Consumer, time of delivery, deliveries.
    pending: BTreeMap<StreamId, (u8, i64, u64)>,
}

impl Twin {
    fn nth_id(&self, nth: usize) -> StreamId {
        let ids: Vec<StreamId> = self.entries.keys().copied().collect();
        if ids.is_empty() { StreamId::new(3, 3) } else { ids[nth % ids.len()] }
    }

    fn nth_pending(&self, nth: usize) -> StreamId {
        let ids: Vec<StreamId> = self.pending.keys().copied().collect();
        if ids.is_empty() { StreamId::new(3, 3) } else { ids[nth % ids.len()] }
    }

    fn trim(&mut self, bound: Bound, approximate: bool, limit: Option<u64>) -> u64 {
        let mut removed = 0;
        while let Some(block) = self.blocks.first().cloned() {
            let live: Vec<StreamId> =
                block.iter().copied().filter(|id| self.entries.contains_key(id)).collect();
            let count = live.len() as u64;
            let len = self.entries.len() as u64;
            let whole = match bound {
                Bound::Length(length) => len > length && len - count >= length,
                Bound::Id(id) => block[block.len() - 1] < id,
            };
            if limit.is_some_and(|limit| removed + count > limit) {
                break;
            }
            if whole {
                live.iter().for_each(|id| drop(self.entries.remove(id)));
                removed += count;
                self.blocks.remove(0);
                continue;
            }
            if !approximate {
                for id in live {
                    let len = self.entries.len() as u64;
                    if match bound {
                        Bound::Length(length) => len > length,
                        Bound::Id(bound) => id < bound,
                    } {
                        self.entries.remove(&id);
                        removed += 1;
                    }
                }
            }
            break;
        }
        removed
    }
}

fn name(consumer: u8) -> Vec<u8> {
    vec![b'c', b'0' + consumer]
}

/// The consumer's key in the group; it is added if it is not there.
fn key_of(group: &mut Group, twin: &mut Twin, consumer: u8, now_ms: i64) -> ConsumerKey {
    if !twin.consumers.contains(&consumer) {
        twin.consumers.push(consumer);
    }
    match group.find(&name(consumer)) {
        Some(key) => key,
        None => group.add_consumer(&name(consumer), now_ms),
    }
}

fn run(stream: &mut Stream, twin: &mut Twin, operation: &Operation, limits: BlockLimits, now_ms: i64) {
    let Stream { log, groups } = stream;
    let group = groups.get_mut(b"g").unwrap();
    match operation {
        Operation::Append { ms, seq, words } => {
            let last = twin.last_id;
            let id = StreamId::new(last.ms + ms, if *ms == 0 { last.seq.wrapping_add(*seq) } else { *seq });
            let done = log.append(id, words.iter().map(Vec::as_slice), limits);
            assert_eq!(done, if id > last { Ok(()) } else { Err(AppendError::NotAbove) });
            if id > last {
                if twin.blocks.last().is_none_or(|block| block.len() as u64 == limits.entries)
                    || limits.bytes > 0
                {
                    twin.blocks.push(Vec::new());
                }
                twin.blocks.last_mut().unwrap().push(id);
                twin.entries.insert(id, words.clone());
                twin.last_id = id;
                twin.added += 1;
            }
        }
        Operation::Delete { nth } => {
            let id = twin.nth_id(*nth);
            assert_eq!(log.contains(id), twin.entries.contains_key(&id));
            let deleted = twin.entries.remove(&id).is_some();
            assert_eq!(log.delete(id), deleted);
            assert!(!log.delete(id));
            if deleted {
                twin.max_deleted_id = twin.max_deleted_id.max(id);
                let emptied = twin.blocks.iter().position(|block| {
                    !block.iter().any(|id| twin.entries.contains_key(id)) && block.contains(&id)
                });
                if let Some(index) = emptied {
                    twin.blocks.remove(index);
                }
            }
        }
        Operation::TrimLength { length, approximate, limit } => {
            let limit = limit.filter(|_| *approximate);
            let bound = Bound::Length(*length);
            let trimmed = log.trim(&Trim { bound, approximate: *approximate, limit });
            assert_eq!(trimmed.removed, twin.trim(bound, *approximate, limit));
            free(trimmed.remains.map(Stream::of_log));
        }
        Operation::TrimId { nth, off, approximate } => {
            let mut id = twin.nth_id(*nth);
            id.seq = id.seq.saturating_add(*off);
            let trimmed = log.trim(&Trim { bound: Bound::Id(id), approximate: *approximate, limit: None });
            assert_eq!(trimmed.removed, twin.trim(Bound::Id(id), *approximate, None));
            free(trimmed.remains.map(Stream::of_log));
        }
        Operation::Read { consumer, count } => {
            let key = key_of(group, twin, *consumer, now_ms);
            let start = group.last_id.next().unwrap();
            let mut ids = Vec::new();
            for entry in log.range(start, StreamId::MAX).take(*count) {
                group.note_read(log, entry.id);
                group.deliver(entry.id, key, now_ms);
                ids.push(entry.id);
            }
            let expected: Vec<StreamId> =
                twin.entries.range(start..).map(|(id, _)| *id).take(*count).collect();
            assert_eq!(ids, expected);
            for id in ids {
                twin.pending.insert(id, (*consumer, now_ms, 1));
                twin.group_last_id = id;
            }
        }
        Operation::ReadAgain { consumer } => {
            let key = key_of(group, twin, *consumer, now_ms);
            let ids: Vec<StreamId> = group.consumer(key).pending(..).collect();
            ids.iter().for_each(|id| group.deliver_again(*id, now_ms));
            for (id, pending) in &mut twin.pending {
                if pending.0 == *consumer {
                    assert!(ids.contains(id));
                    (pending.1, pending.2) = (now_ms, pending.2 + 1);
                }
            }
        }
        Operation::Acknowledge { nth } => {
            let id = twin.nth_pending(*nth);
            assert_eq!(group.acknowledge(id), twin.pending.remove(&id).is_some());
        }
        Operation::Claim { nth, consumer, deliveries, silent } => {
            let id = twin.nth_pending(*nth);
            let key = key_of(group, twin, *consumer, now_ms);
            group.claim(
                id,
                Claim { consumer: key, delivered_ms: now_ms, deliveries: *deliveries, silent: *silent },
            );
            let before = twin.pending.get(&id).map_or(1, |pending| pending.2);
            let count = deliveries.unwrap_or(before + u64::from(!silent));
            twin.pending.insert(id, (*consumer, now_ms, count));
        }
        Operation::SetId { nth } => {
            twin.group_last_id = twin.nth_id(*nth);
            group.last_id = twin.group_last_id;
        }
        Operation::RemoveConsumer { consumer } => {
            if let Some(key) = group.find(&name(*consumer)) {
                let before = twin.pending.len();
                twin.pending.retain(|_, pending| pending.0 != *consumer);
                twin.consumers.retain(|other| other != consumer);
                assert_eq!(group.remove_consumer(key), before - twin.pending.len());
            }
        }
        Operation::Duplicate => {
            let copy = stream.clone();
            free(Some(std::mem::replace(stream, copy)));
        }
    }
}

fn free(stream: Option<Stream>) {
    let Some(mut stream) = stream else { return };
    let mut steps = 0;
    while !stream.free_step(7) {
        steps += 1;
        assert!(steps < 10_000, "freeing does not end");
    }
}

fn compare(stream: &Stream, twin: &Twin, with_blocks: bool) {
    let Stream { log, groups } = stream;
    let all = |entries: pycluster_engine::collections::stream::Entries<'_>| -> Vec<(StreamId, Words)> {
        entries
            .map(|entry| {
                assert_eq!(entry.fields.len(), entry.fields.clone().count());
                let words = entry.fields.flat_map(|(name, value)| [name.to_vec(), value.to_vec()]);
                (entry.id, words.collect())
            })
            .collect()
    };
    let mut expected: Vec<(StreamId, Words)> =
        twin.entries.iter().map(|(id, words)| (*id, words.clone())).collect();
    assert_eq!(all(log.range(StreamId::MIN, StreamId::MAX)), expected);
    expected.reverse();
    assert_eq!(all(log.range_backward(StreamId::MIN, StreamId::MAX)), expected);
    for (from, to) in [(3, 20), (20, 3), (0, 0), (7, 90)] {
        let (start, end) = (twin.nth_id(from), twin.nth_id(to));
        let mut part: Vec<StreamId> =
            twin.entries.keys().copied().filter(|id| start <= *id && *id <= end).collect();
        assert_eq!(log.range(start, end).map(|entry| entry.id).collect::<Vec<_>>(), part);
        part.reverse();
        assert_eq!(log.range_backward(start, end).map(|entry| entry.id).collect::<Vec<_>>(), part);
    }
    assert_eq!(log.len(), twin.entries.len() as u64);
    assert_eq!(log.first_id(), twin.entries.keys().next().copied().unwrap_or_default());
    assert_eq!(
        (log.last_id, log.max_deleted_id, log.entries_added),
        (twin.last_id, twin.max_deleted_id, twin.added)
    );
    if with_blocks {
        assert_eq!(log.block_count(), twin.blocks.len());
    }
    if log.block_count() == 0 {
        assert_eq!(log.memory_bytes(), 0);
    }
    compare_group(groups.get(b"g").unwrap(), twin);
}

fn compare_group(group: &Group, twin: &Twin) {
    assert_eq!(group.last_id, twin.group_last_id);
    let mut names: Vec<Vec<u8>> = twin.consumers.iter().copied().map(name).collect();
    names.sort();
    assert_eq!(group.consumers().map(|consumer| consumer.name().to_vec()).collect::<Vec<_>>(), names);
    let pending: BTreeMap<StreamId, (u8, i64, u64)> = group
        .pending_range(..)
        .map(|(id, pending)| {
            let consumer = group.consumer(pending.consumer).name()[1] - b'0';
            (id, (consumer, pending.delivered_ms, pending.deliveries))
        })
        .collect();
    assert_eq!(pending, twin.pending);
    for consumer in group.consumers() {
        let own: Vec<StreamId> = consumer.pending(..).collect();
        let number = consumer.name()[1] - b'0';
        assert_eq!(consumer.pending_count(), own.len());
        assert!(own.iter().all(|id| twin.pending[id].0 == number));
        assert_eq!(own.len(), twin.pending.values().filter(|pending| pending.0 == number).count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn stream_does_as_its_twin(
        operations in prop::collection::vec(operations(), 1..150),
        entries in prop::sample::select(vec![0u64, 1, 3, 10]),
        one_each in prop::bool::weighted(0.2),
    ) {
        let mut stream = Stream::new();
        let mut twin = Twin::default();
        stream.groups.add(b"g", Group::new(StreamId::MIN, Some(0)));
        // With a limit of one byte each entry has a block of its own.
        let limits = BlockLimits { bytes: usize::from(one_each), entries };
        for (step, operation) in operations.iter().enumerate() {
            run(&mut stream, &mut twin, operation, limits, step as i64);
            compare(&stream, &twin, true);
        }
        free(Some(stream));
    }

    #[test]
    fn stream_is_the_same_whatever_the_size_of_its_blocks(
        operations in prop::collection::vec(operations(), 1..150),
        bytes in 50..5_000usize,
    ) {
        let exact = |operation: &Operation| match operation {
            Operation::TrimLength { approximate, .. } | Operation::TrimId { approximate, .. } => !approximate,
            _ => true,
        };
        let mut stream = Stream::new();
        let mut twin = Twin::default();
        stream.groups.add(b"g", Group::new(StreamId::MIN, Some(0)));
        for (step, operation) in operations.iter().filter(|operation| exact(operation)).enumerate() {
            run(&mut stream, &mut twin, operation, BlockLimits { bytes, entries: 0 }, step as i64);
            compare(&stream, &twin, false);
        }
    }
}

#[test]
fn trimming_a_long_stream_leaves_its_blocks_to_be_freed_in_slices() {
    let mut stream = Stream::new();
    let limits = BlockLimits { bytes: 4_096, entries: 100 };
    for seq in 1..=20_000 {
        stream.log.append(StreamId::new(1, seq), [&b"field"[..], b"value"].into_iter(), limits).unwrap();
    }
    let memory_bytes = stream.memory_bytes();
    assert!((20_000 * 9..20_000 * 17).contains(&memory_bytes), "{memory_bytes}");
    let trim = Trim { bound: Bound::Length(150), approximate: false, limit: None };
    let trimmed = stream.log.trim(&trim);
    assert_eq!((trimmed.removed, stream.log.len(), stream.log.block_count()), (19_850, 150, 2));
    let mut remains = Stream::of_log(trimmed.remains.unwrap());
    let left_bytes = stream.memory_bytes() + remains.memory_bytes();
    assert!(left_bytes.abs_diff(memory_bytes) < 1_000, "{left_bytes} {memory_bytes}");
    assert!(!remains.free_step(1_000));
    assert!(remains.memory_bytes() < memory_bytes * 19 / 20);
    free(Some(remains));
}
