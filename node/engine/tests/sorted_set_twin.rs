//! Sorted sets against a plain ordered set of pairs: whatever is done to both, both hold the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pycluster_engine::collections::sorted_set::{Direction, Place, ScoredMember, SortedSet};
use pycluster_engine::keyspace::KeyHasher;
use pycluster_engine::memory::SlabAllocator;

#[derive(Clone, Debug)]
enum Operation {
    Add { member: u16, score: f64 },
    AddRow { first: u16, count: u16, score: f64, step: f64 },
    Increase { member: u16, by: f64 },
    Remove { member: u16 },
    RemoveRange { rank: usize, count: usize, direction: Direction },
    Duplicate,
}

fn scores() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-5..5i32).prop_map(f64::from),
        2 => any::<f64>(),
        1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, f64::MAX]),
        2 => (0..1_000_000u32).prop_map(|number| f64::from(number) / 1_000.0),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let member = 0..2_000u16;
    let direction = prop_oneof![Just(Direction::Up), Just(Direction::Down)];
    prop_oneof![
        8 => (member.clone(), scores()).prop_map(|(member, score)| Operation::Add { member, score }),
        3 => (member.clone(), 1..400u16, scores(), prop::sample::select(vec![1.0, -1.0, 0.0, 1e-9, 1e9]))
            .prop_map(|(first, count, score, step)| Operation::AddRow { first, count, score, step }),
        4 => (member.clone(), -3..3i32)
            .prop_map(|(member, by)| Operation::Increase { member, by: f64::from(by) / 2.0 }),
        4 => member.prop_map(|member| Operation::Remove { member }),
        3 => (0..3_000usize, 0..500usize, direction)
            .prop_map(|(rank, count, direction)| Operation::RemoveRange { rank, count, direction }),
        1 => Just(Operation::Duplicate),
    ]
}

fn name(member: u16) -> Vec<u8> {
    // Of different lengths, so that they do not compare as the numbers do.
    format!("member{}", u32::from(member) * 7).into_bytes()
}

struct Pair {
    set: SortedSet,
    twin: BTreeMap<Vec<u8>, f64>,
    slabs: SlabAllocator,
}

impl Pair {
    fn new() -> Self {
        let hasher = KeyHasher::new([1, 2, 3, 4]);
        Self { set: SortedSet::new(&hasher, true), twin: BTreeMap::new(), slabs: SlabAllocator::new() }
    }

    fn add(&mut self, member: u16, score: f64) {
        let member = name(member);
        let old = self.twin.get(&member).copied();
        self.set.update(&mut self.slabs, &member, |found| {
            assert_eq!(found.map(f64::to_bits), old.map(f64::to_bits));
            Some(score)
        });
        self.twin.insert(member, score);
    }

    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Add { member, score } => self.add(member, score),
            Operation::AddRow { first, count, score, step } => {
                for number in 0..count {
                    self.add(first.wrapping_add(number) % 2_000, score + step * f64::from(number));
                }
            }
            Operation::Increase { member, by } => {
                let member = name(member);
                self.set.update(&mut self.slabs, &member, |found| found.map(|score| score + by));
                self.twin.entry(member).and_modify(|score| *score += by);
            }
            Operation::Remove { member } => {
                let removed = self.set.remove(&mut self.slabs, &name(member));
                assert_eq!(removed.map(f64::to_bits), self.twin.remove(&name(member)).map(f64::to_bits));
            }
            Operation::RemoveRange { rank, count, direction } => {
                let rank = rank.min(self.twin.len());
                let count = count.min(self.twin.len() - rank);
                let mut wanted: Vec<Vec<u8>> =
                    self.ordered()[rank..rank + count].iter().map(|(_, member)| member.clone()).collect();
                if direction == Direction::Down {
                    wanted.reverse();
                }
                let mut seen = Vec::new();
                let visit = |scored: ScoredMember<'_>| seen.push(scored.member.to_vec());
                self.set.remove_range(&mut self.slabs, rank, count, direction, visit);
                assert_eq!(seen, wanted);
                self.twin.retain(|member, _| !wanted.contains(member));
            }
            Operation::Duplicate => {
                let copy = self.set.duplicate(&mut self.slabs);
                let mut old = std::mem::replace(&mut self.set, copy);
                while !old.free_step(&mut self.slabs, 50) {}
            }
        }
    }

    /// The twin's members in the order of a sorted set.
    fn ordered(&self) -> Vec<(f64, Vec<u8>)> {
        let mut ordered: Vec<_> = self.twin.iter().map(|(member, score)| (*score, member.clone())).collect();
        ordered.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap().then_with(|| one.1.cmp(&other.1)));
        ordered
    }

    fn check(&self) {
        let ordered = self.ordered();
        let own = |scored: ScoredMember<'_>| (scored.score, scored.member.to_vec());
        let upwards: Vec<_> = self.set.iter(0, Direction::Up).map(own).collect();
        assert_eq!(upwards, ordered);
        assert_eq!(self.set.len(), ordered.len());
        for (rank, (score, member)) in ordered.iter().enumerate().step_by(1 + ordered.len() / 30) {
            assert_eq!(self.set.score(member).map(f64::to_bits), Some(score.to_bits()));
            let scored = ScoredMember { score: *score, member };
            assert_eq!(self.set.rank(&Place::At(scored)), rank);
            let before = ordered.iter().filter(|other| other.0 < *score).count();
            assert_eq!(self.set.rank(&Place::BeforeScore(*score)), before);
            let up_to = ordered.iter().filter(|other| other.0 <= *score).count();
            assert_eq!(self.set.rank(&Place::AfterScore(*score)), up_to);
            let below: Vec<_> = self.set.iter(rank, Direction::Down).take(70).map(own).collect();
            let wanted: Vec<_> = ordered[..=rank].iter().rev().take(70).cloned().collect();
            assert_eq!(below, wanted);
        }
        assert!(self.set.nth(ordered.len()).is_none());
        let mut scanned = Vec::new();
        let mut cursor = 0;
        loop {
            cursor = self.set.scan(cursor, 20, |scored| scanned.push(scored.member.to_vec()));
            if cursor == 0 {
                break;
            }
        }
        scanned.sort();
        assert_eq!(scanned, self.twin.keys().cloned().collect::<Vec<_>>());
    }

    fn end(mut self) {
        while !self.set.free_step(&mut self.slabs, 7) {}
        assert_eq!(self.slabs.allocated_bytes(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_sorted_set_holds_what_an_ordered_map_holds(operations in prop::collection::vec(operations(), 1..60)) {
        let mut pair = Pair::new();
        for operation in operations {
            pair.apply(operation);
            pair.check();
        }
        pair.end();
    }
}

#[test]
fn members_of_one_score_are_found_by_their_names() {
    let mut pair = Pair::new();
    (0..2_000).for_each(|member| pair.add(member, 1.0));
    let ordered = pair.ordered();
    for probe in [&b""[..], b"member1", b"member1000", b"member77", b"member7777", b"z"] {
        let before = ordered.iter().filter(|(_, member)| member.as_slice() < probe).count();
        let up_to = ordered.iter().filter(|(_, member)| member.as_slice() <= probe).count();
        assert_eq!(pair.set.rank(&Place::BeforeMember(probe)), before);
        assert_eq!(pair.set.rank(&Place::AfterMember(probe)), up_to);
    }
    pair.end();
}

#[test]
fn a_large_set_takes_little_memory_in_any_order_of_insertion_and_gives_it_back() {
    let hasher = KeyHasher::new([1, 2, 3, 4]);
    let count = 200_000u64;
    for multiplier in [1, 0x9e37_79b9_7f4a_7c15] {
        let mut slabs = SlabAllocator::new();
        let mut set = SortedSet::new(&hasher, true);
        for number in 0..count {
            let score = (number.wrapping_mul(multiplier) % 1_000_000_007) as f64;
            set.insert(&mut slabs, ScoredMember { score, member: format!("{number:010}").as_bytes() });
        }
        // Ten bytes of each are the member's.
        let overhead = set.memory_bytes() as u64 / count - 10;
        assert!(overhead <= 38, "{overhead} bytes a member");
        assert!(slabs.allocated_bytes() / count - 10 <= 38);
        // What is left after most are gone is not scattered over all the nodes there were.
        for number in 0..count {
            if number % 20 != 0 {
                set.remove(&mut slabs, format!("{number:010}").as_bytes());
            }
        }
        let overhead = set.memory_bytes() as u64 / (count / 20) - 10;
        assert!(overhead <= 80, "{overhead} bytes a member are left");
        let mut steps = 0;
        while !set.free_step(&mut slabs, 1_000) {
            steps += 1;
        }
        assert!(steps >= 9);
        assert_eq!(slabs.allocated_bytes(), 0);
    }
}
