//! Sets in a keyspace against a plain set, through every form a set can have.

use std::collections::BTreeSet;

use proptest::prelude::*;
use pycluster_engine::collections::{
    BuiltSet, Member, PackedSet, SetBuilder, SetEncoding, SetLimits, SetView, encoding_of,
};
use pycluster_engine::keyspace::{Edit, Form, KeyHasher, Keys, Keyspace, ValueType};
use pycluster_engine::memory::SlabAllocator;

const LIMITS: SetLimits = SetLimits { intset_entries: 600, listpack_entries: 128, listpack_value_bytes: 64 };

#[derive(Clone, Debug)]
enum Operation {
    Add(Vec<Vec<u8>>),
    Remove(Vec<Vec<u8>>),
    Copy,
    Clear,
}

fn member() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        30 => (-500..500i64).prop_map(|number| number.to_string().into_bytes()),
        10 => (0..50u64).prop_map(|number| (number << 58).to_string().into_bytes()),
        3 => prop::collection::vec(any::<u8>(), 0..3),
        1 => (0..9u8).prop_map(|letter| vec![letter; 70]),
    ]
}

fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let add = |member: BoxedStrategy<Vec<u8>>| prop::collection::vec(member, 1..60).prop_map(Operation::Add);
    let integers = (-2_000..2_000i64).prop_map(|number| number.to_string().into_bytes()).boxed();
    let either = prop_oneof![
        10 => add(member().boxed()),
        5 => prop::collection::vec(member(), 1..40).prop_map(Operation::Remove),
        1 => Just(Operation::Copy),
        1 => Just(Operation::Clear),
    ];
    let only_integers = prop_oneof![
        10 => add(integers.clone()),
        5 => prop::collection::vec(integers, 1..40).prop_map(Operation::Remove),
        1 => Just(Operation::Copy),
    ];
    prop_oneof![prop::collection::vec(either, 1..60), prop::collection::vec(only_integers, 1..60),]
}

fn apply(keys: &mut Keys<'_>, twin: &mut BTreeSet<Vec<u8>>, operation: &Operation) {
    let key = keys.key(b"set");
    let mut edit = Edit::begin(keys, key, || PackedSet::new(SetEncoding::IntSet)).unwrap();
    match operation {
        Operation::Add(members) => {
            for member in members {
                let new = match edit.form() {
                    Form::Packed(set) => set.add(member, &LIMITS),
                    Form::Object(object) => {
                        let (set, slabs) = object.set();
                        set.add(slabs, member, &LIMITS)
                    }
                };
                edit.settle();
                assert_eq!(new, twin.insert(member.clone()));
            }
        }
        Operation::Remove(members) => {
            for member in members {
                let removed = match edit.form() {
                    Form::Packed(set) => set.remove(member),
                    Form::Object(object) => {
                        let (set, slabs) = object.set();
                        set.remove(slabs, member)
                    }
                };
                assert_eq!(removed, twin.remove(member));
            }
        }
        Operation::Copy | Operation::Clear => {}
    }
    if edit.finish() {
        keys.remove(&key);
    }
    match operation {
        Operation::Copy => {
            let other = keys.key(b"copy");
            if keys.copy(&key, 0, &other) {
                keys.rename(&other, &key);
            }
        }
        Operation::Clear => {
            keys.remove(&key);
            twin.clear();
        }
        _ => {}
    }
}

fn compare(keys: &mut Keys<'_>, twin: &BTreeSet<Vec<u8>>) -> Result<(), TestCaseError> {
    let key = keys.key(b"set");
    let Some(collection) = keys.collection(&key, ValueType::Set).unwrap() else {
        prop_assert!(twin.is_empty());
        return Ok(());
    };
    let set = SetView::new(collection);
    prop_assert_eq!(set.len(), twin.len());
    let owned = |member: Member<'_>| member.text(&mut itoa::Buffer::new()).to_vec();
    let listed: Vec<_> = set.members().map(owned).collect();
    prop_assert_eq!(&listed.iter().cloned().collect::<BTreeSet<_>>(), twin);
    prop_assert_eq!(listed.len(), twin.len());
    let ranked: BTreeSet<_> = (0..set.len()).filter_map(|rank| set.nth(rank)).map(owned).collect();
    prop_assert_eq!(&ranked, twin);
    let mut scanned = BTreeSet::new();
    let mut cursor = 0;
    loop {
        cursor = set.scan(cursor, 5, |member| {
            scanned.insert(owned(member));
        });
        if cursor == 0 {
            break;
        }
    }
    prop_assert_eq!(&scanned, twin);
    prop_assert!(set.members().all(|member| set.shares(member)));
    prop_assert!(twin.iter().all(|member| set.contains(member)));
    prop_assert!(!set.contains(b"none") && !set.shares(Member::Int(77_777)));
    if encoding_of(collection) == SetEncoding::IntSet {
        prop_assert!(set.members().all(|member| member.integer().is_some()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_set_holds_what_a_tree_holds(operations in operations()) {
        let mut keyspace = Keyspace::new([1, 2, 3, 4], 1);
        let mut keys = Keys::new(&mut keyspace, 0, 0, true);
        let mut twin = BTreeSet::new();
        for operation in &operations {
            apply(&mut keys, &mut twin, operation);
            compare(&mut keys, &twin)?;
        }
        let key = keys.key(b"set");
        keys.remove(&key);
        while keyspace.free_step(7) {}
        prop_assert_eq!(keyspace.slab_bytes(), 0);
    }

    #[test]
    fn a_set_of_integers_turns_into_an_integer_set(
        numbers in prop::collection::btree_set(any::<i64>(), 1..900), other in any::<bool>()
    ) {
        let mut slabs = SlabAllocator::new();
        let hasher = KeyHasher::new([1, 2, 3, 4]);
        let mut set = SetBuilder::new(SetEncoding::ListPack, &hasher, LIMITS);
        let mut digits = itoa::Buffer::new();
        for number in numbers.iter().rev() {
            set.add(&mut slabs, Member::Text(digits.format(*number).as_bytes()));
        }
        if other {
            set.add(&mut slabs, Member::Text(b"01"));
        }
        set.turn_into_integers(&mut slabs);
        let set = set.build();
        prop_assert_eq!(set.view().len(), numbers.len() + usize::from(other));
        prop_assert!(numbers.iter().all(|number| set.view().shares(Member::Int(*number))));
        let encoding = match &set {
            BuiltSet::Packed(set) => set.encoding(),
            BuiltSet::Object(set) => set.encoding(),
        };
        prop_assert_eq!(encoding == SetEncoding::IntSet, !other && numbers.len() <= LIMITS.intset_entries);
        if let Some(mut object) = set.into_object() {
            object.free_step(&mut slabs, usize::MAX);
        }
        prop_assert_eq!(slabs.allocated_bytes(), 0);
    }

    #[test]
    fn members_taken_by_rank_are_gone_and_the_others_stay_in_order(
        numbers in prop::collection::btree_set(0..500i64, 1..60), text in any::<bool>(), picked in any::<u64>()
    ) {
        let mut set = PackedSet::new(if text { SetEncoding::ListPack } else { SetEncoding::IntSet });
        for number in &numbers {
            set.add(number.to_string().as_bytes(), &LIMITS);
        }
        let is_picked = |rank: usize| picked >> (rank % 64) & 1 == 1;
        let ranks: Vec<usize> = (0..numbers.len()).filter(|rank| is_picked(*rank)).collect();
        let mut taken = Vec::new();
        set.take_ranks(&ranks, |member| taken.push(member.integer().unwrap()));
        let left: Vec<_> = set.view().members().map(|member| member.integer().unwrap()).collect();
        let (expected_taken, expected_left): (Vec<_>, Vec<_>) =
            numbers.iter().enumerate().partition(|(rank, _)| is_picked(*rank));
        prop_assert_eq!(taken, expected_taken.into_iter().map(|(_, number)| *number).collect::<Vec<_>>());
        prop_assert_eq!(left, expected_left.into_iter().map(|(_, number)| *number).collect::<Vec<_>>());
    }
}
