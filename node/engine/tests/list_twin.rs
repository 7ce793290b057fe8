//! Lists against a plain vector: whatever is done to both, both hold the same.

use proptest::prelude::*;
use pycluster_engine::collections::list::{End, Fill, List};
use pycluster_engine::memory::SlabAllocator;

#[derive(Clone, Debug)]
enum Operation {
    Push { end: End, value: Vec<u8>, times: usize },
    Insert { index: usize, side: End, value: Vec<u8> },
    Replace { index: usize, value: Vec<u8> },
    RemoveRange { start: usize, count: usize },
    RemoveEqual { value: Vec<u8>, from: End, limit: usize },
    Settle,
    Duplicate,
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Left), Just(End::Right)]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0..40u32).prop_map(|number| number.to_string().into_bytes()),
        4 => prop::collection::vec(any::<u8>(), 0..20),
        2 => (100..2_000usize).prop_map(|length| vec![b'x'; length]),
        1 => (8_000..10_000usize).prop_map(|length| vec![b'y'; length]),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let index = 0..10_000usize;
    prop_oneof![
        6 => (end(), value(), 1..40usize).prop_map(|(end, value, times)| Operation::Push { end, value, times }),
        6 => (index.clone(), end(), value())
            .prop_map(|(index, side, value)| Operation::Insert { index, side, value }),
        4 => (index.clone(), value()).prop_map(|(index, value)| Operation::Replace { index, value }),
        3 => (index, 0..60usize).prop_map(|(start, count)| Operation::RemoveRange { start, count }),
        1 => (0..1_000usize, 0..3_000usize)
            .prop_map(|(start, count)| Operation::RemoveRange { start, count }),
        2 => (value(), end(), 0..5usize)
            .prop_map(|(value, from, limit)| Operation::RemoveEqual { value, from, limit }),
        1 => Just(Operation::Settle),
        1 => Just(Operation::Duplicate),
    ]
}

struct Pair {
    list: List,
    twin: Vec<Vec<u8>>,
    slabs: SlabAllocator,
    fill: Fill,
}

impl Pair {
    fn apply(&mut self, operation: Operation) {
        let Self { list, twin, slabs, fill } = self;
        match operation {
            Operation::Push { end, value, times } => {
                list.prepare_to_grow(*fill, value.len() * times, times);
                for number in 0..times {
                    let value = [value.as_slice(), number.to_string().as_bytes()].concat();
                    list.push(slabs, end, &value);
                    let at = if end == End::Left { 0 } else { twin.len() };
                    twin.insert(at, value);
                }
            }
            Operation::Insert { index, side, value } if !twin.is_empty() => {
                let index = index % twin.len();
                list.prepare_to_grow(*fill, value.len(), 1);
                list.insert(slabs, index, side, &value);
                twin.insert(index + usize::from(side == End::Right), value);
            }
            Operation::Replace { index, value } if !twin.is_empty() => {
                let index = index % twin.len();
                list.prepare_to_grow(*fill, value.len(), 1);
                list.replace(slabs, index, &value);
                twin[index] = value;
            }
            Operation::RemoveRange { start, count } if !twin.is_empty() => {
                let start = start % twin.len();
                let count = count.min(twin.len() - start);
                let mut taken = list.remove_range(slabs, start, count);
                while !taken.free_step(slabs, 10) {}
                twin.drain(start..start + count);
            }
            Operation::RemoveEqual { value, from, limit } => {
                let removed = list.remove_equal(slabs, &value, from, limit);
                let mut indexes: Vec<usize> = (0..twin.len()).filter(|index| twin[*index] == value).collect();
                if from == End::Right {
                    indexes.reverse();
                }
                indexes.truncate(limit);
                assert_eq!(removed, indexes.len());
                indexes.sort_unstable();
                indexes.iter().rev().for_each(|index| drop(twin.remove(*index)));
            }
            Operation::Settle => list.settle_after_shrinking(*fill),
            Operation::Duplicate => {
                let copy = list.duplicate(slabs);
                let mut old = std::mem::replace(list, copy);
                while !old.free_step(slabs, 100) {}
            }
            Operation::Insert { .. } | Operation::Replace { .. } | Operation::RemoveRange { .. } => {}
        }
    }

    fn check(&self) {
        let Self { list, twin, .. } = self;
        assert_eq!(list.len(), twin.len());
        let forwards: Vec<_> = list.iter(0, End::Right).map(|element| element.to_vec()).collect();
        assert_eq!(&forwards, twin);
        if let Some(last) = twin.len().checked_sub(1) {
            let mut backwards: Vec<_> = list.iter(last, End::Left).map(|element| element.to_vec()).collect();
            backwards.reverse();
            assert_eq!(&backwards, twin);
        }
        for index in (0..twin.len() + 2).step_by(1 + twin.len() / 20) {
            assert_eq!(list.get(index).map(|element| element.to_vec()), twin.get(index).cloned());
            let rest: Vec<_> = list.iter(index, End::Right).take(3).map(|element| element.to_vec()).collect();
            assert_eq!(rest, twin.iter().skip(index).take(3).cloned().collect::<Vec<_>>());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_list_holds_what_a_vector_holds(
        operations in prop::collection::vec(operations(), 1..60),
        setting in prop::sample::select(vec![-2i64, -1, 1, 3, 20]),
    ) {
        let mut slabs = SlabAllocator::new();
        let list = List::of(&mut slabs, &[], 0);
        let mut pair = Pair { list, twin: Vec::new(), slabs, fill: Fill::new(setting) };
        for operation in operations {
            pair.apply(operation);
            pair.check();
        }
        while !pair.list.free_step(&mut pair.slabs, 7) {}
        prop_assert_eq!(pair.slabs.allocated_bytes(), 0);
    }
}

#[test]
fn a_long_list_is_found_into_and_cut_anywhere() {
    let mut slabs = SlabAllocator::new();
    let mut list = List::of(&mut slabs, &[], 0);
    list.prepare_to_grow(Fill::new(2), 1_000_000, 1_000);
    let count = 40_000;
    for number in 0..count {
        list.push(&mut slabs, End::Right, format!("element {number}").as_bytes());
    }
    let at = |list: &List, index| String::from_utf8(list.get(index).unwrap().to_vec()).unwrap();
    for index in (0..count).step_by(997) {
        assert_eq!(at(&list, index), format!("element {index}"));
    }
    let mut taken = list.remove_range(&mut slabs, 1_001, 30_000);
    assert!(taken.len() > 29_990 && list.len() == 10_000);
    assert_eq!((at(&list, 1_000), at(&list, 1_001)), ("element 1000".to_owned(), "element 31001".to_owned()));
    assert!(!taken.free_step(&mut slabs, 1_000));
    while !taken.free_step(&mut slabs, 1_000) {}
    // Every element has a split before it: the chunks of the directory divide again and again.
    for number in 0..2_000 {
        list.insert(&mut slabs, number * 2 + 1, End::Left, b"new");
    }
    assert_eq!(
        (at(&list, 0), at(&list, 1), at(&list, 2)),
        ("element 0".into(), "new".into(), "element 1".into())
    );
    assert_eq!(list.remove_equal(&mut slabs, b"new", End::Right, usize::MAX), 2_000);
    assert_eq!(at(&list, 9_999), "element 39999");
    while !list.free_step(&mut slabs, 1_000) {}
    assert_eq!(slabs.allocated_bytes(), 0);
}
