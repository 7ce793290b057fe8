//! Hashes in a keyspace against a plain map with deadlines, through every form a hash can have.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pycluster_engine::collections::{HashLimits, HashView, PackedHash};
use pycluster_engine::keyspace::{Edit, Form, Keys, Keyspace, NewExpiry, PackedForm, ValueType};

const LIMITS: HashLimits = HashLimits { entries: 20, value_bytes: 64 };

#[derive(Clone, Debug)]
enum Operation {
    Put { fields: Vec<(u8, Vec<u8>)> },
    PutExpiring { field: u8, value: Vec<u8>, expiry: NewExpiry },
    Remove { fields: Vec<u8> },
    SetExpiry { field: u8, expiry_ms: Option<i64> },
    ExpireStep { budget: usize },
    Wait { ms: i64 },
    Copy,
    Clear,
}

fn operations() -> impl Strategy<Value = Operation> {
    let field = 0..60u8;
    let value = prop_oneof![
        20 => prop::collection::vec(any::<u8>(), 0..20),
        2 => prop::collection::vec(any::<u8>(), 60..70),
        1 => prop::collection::vec(any::<u8>(), 1_000..3_000),
    ];
    let at = (0..3_000i64).prop_map(NewExpiry::At);
    let expiry = prop_oneof![2 => at, 1 => Just(NewExpiry::Keep), 1 => Just(NewExpiry::None)];
    prop_oneof![
        8 => prop::collection::vec((field.clone(), value.clone()), 1..10)
            .prop_map(|fields| Operation::Put { fields }),
        1 => (field.clone(), value, expiry)
            .prop_map(|(field, value, expiry)| Operation::PutExpiring { field, value, expiry }),
        5 => prop::collection::vec(field.clone(), 1..10).prop_map(|fields| Operation::Remove { fields }),
        1 => (field, prop::option::of(0..3_000i64))
            .prop_map(|(field, expiry_ms)| Operation::SetExpiry { field, expiry_ms }),
        1 => (1..50usize).prop_map(|budget| Operation::ExpireStep { budget }),
        1 => (0..200i64).prop_map(|ms| Operation::Wait { ms }),
        1 => prop_oneof![4 => Just(Operation::Copy), 1 => Just(Operation::Clear)],
    ]
}

type Twin = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn name_of(field: u8) -> Vec<u8> {
    format!("field:{field}:{}", "x".repeat(usize::from(field % 5) * 10)).into_bytes()
}

/// The twin's field, unless its time is over.
fn live(twin: &Twin, name: &[u8], now_ms: i64) -> Option<(Vec<u8>, Option<i64>)> {
    twin.get(name).filter(|(_, expiry_ms)| expiry_ms.is_none_or(|expiry_ms| expiry_ms > now_ms)).cloned()
}

fn apply(keys: &mut Keys<'_>, twin: &mut Twin, operation: &Operation) {
    let now_ms = keys.now_ms;
    let key = keys.key(b"hash");
    let mut edit = Edit::begin(keys, key, PackedHash::new).unwrap();
    match operation {
        Operation::Put { fields } => {
            for (field, value) in fields {
                let name = name_of(*field);
                let new = match edit.form() {
                    Form::Packed(hash) => hash.put(&name, value, &LIMITS),
                    Form::Object(object) => {
                        let (hash, slabs) = object.hash();
                        hash.put(slabs, &name, value, NewExpiry::None, &LIMITS, now_ms)
                    }
                };
                edit.settle();
                assert_eq!(new, live(twin, &name, now_ms).is_none());
                twin.insert(name, (value.clone(), None));
            }
        }
        Operation::PutExpiring { field, value, expiry } => {
            edit.promote();
            let name = name_of(*field);
            let Form::Object(object) = edit.form() else { panic!("the hash was promoted") };
            let (hash, slabs) = object.hash();
            let new = hash.put(slabs, &name, value, *expiry, &LIMITS, now_ms);
            let old = live(twin, &name, now_ms);
            assert_eq!(new, old.is_none());
            let expiry_ms = match expiry {
                NewExpiry::None => None,
                NewExpiry::Keep => old.and_then(|(_, expiry_ms)| expiry_ms),
                NewExpiry::At(expiry_ms) => Some(*expiry_ms),
            };
            twin.insert(name, (value.clone(), expiry_ms));
        }
        Operation::Remove { fields } => {
            for field in fields {
                let name = name_of(*field);
                let removed = match edit.form() {
                    Form::Packed(hash) => hash.remove(&name),
                    Form::Object(object) => {
                        let (hash, slabs) = object.hash();
                        hash.remove(slabs, &name, now_ms)
                    }
                };
                assert_eq!(removed, live(twin, &name, now_ms).is_some());
                if removed {
                    twin.remove(&name);
                }
            }
        }
        Operation::SetExpiry { field, expiry_ms } => {
            edit.promote();
            let name = name_of(*field);
            let Form::Object(object) = edit.form() else { panic!("the hash was promoted") };
            let (hash, slabs) = object.hash();
            let found = hash.set_expiry(slabs, &name, *expiry_ms, now_ms);
            assert_eq!(found, live(twin, &name, now_ms).is_some());
            if found {
                twin.entry(name).and_modify(|(_, expiry)| *expiry = *expiry_ms);
            }
        }
        Operation::ExpireStep { budget } => {
            if let Form::Object(object) = edit.form() {
                let (hash, slabs) = object.hash();
                let (before, mut expired) = (hash.len(), 0);
                loop {
                    let step = hash.expire_step(slabs, now_ms, *budget);
                    expired += step.expired;
                    if step.finished && !hash.may_have_expired(now_ms) {
                        break;
                    }
                }
                twin.retain(|_, (_, expiry_ms)| expiry_ms.is_none_or(|expiry_ms| expiry_ms > now_ms));
                assert_eq!((hash.len(), expired), (twin.len(), before - twin.len()));
            }
        }
        Operation::Wait { .. } | Operation::Copy | Operation::Clear => {}
    }
    if edit.finish() {
        keys.remove(&key);
    }
    match operation {
        Operation::Wait { ms } => keys.now_ms += ms,
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

fn compare(keys: &mut Keys<'_>, twin: &Twin) -> Result<(), TestCaseError> {
    let now_ms = keys.now_ms;
    let key = keys.key(b"hash");
    let Some(collection) = keys.collection(&key, ValueType::Hash).unwrap() else {
        prop_assert!(twin.is_empty());
        return Ok(());
    };
    let hash = HashView::new(collection, now_ms);
    prop_assert_eq!(hash.len(), twin.len());
    let expected: Vec<_> = twin
        .keys()
        .filter_map(|name| {
            live(twin, name, now_ms).map(|(value, expiry_ms)| (name.clone(), value, expiry_ms))
        })
        .collect();
    let owned = |field: pycluster_engine::collections::Field<'_>| {
        (field.name.to_vec(), field.value.to_vec(), field.expiry_ms)
    };
    let mut listed: Vec<_> = hash.fields().map(owned).collect();
    listed.sort();
    prop_assert_eq!(&listed, &expected);
    let mut ranked: Vec<_> = (0..hash.len()).filter_map(|rank| hash.nth(rank)).map(owned).collect();
    ranked.sort();
    prop_assert_eq!(&ranked, &expected);
    let mut scanned = Vec::new();
    let mut cursor = 0;
    loop {
        cursor = hash.scan(cursor, 3, |field| scanned.push(owned(field)));
        if cursor == 0 {
            break;
        }
    }
    scanned.sort();
    prop_assert_eq!(&scanned, &expected);
    for (name, value, _) in &expected {
        prop_assert_eq!(hash.value(name), Some(value.as_slice()));
    }
    prop_assert_eq!(hash.value(b"none"), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_hash_holds_what_a_map_holds(operations in prop::collection::vec(operations(), 1..150)) {
        let mut keyspace = Keyspace::new([1, 2, 3, 4], 1);
        let mut twin = Twin::new();
        let mut now_ms = 0;
        for operation in &operations {
            let mut keys = Keys::new(&mut keyspace, 0, now_ms, true);
            apply(&mut keys, &mut twin, operation);
            compare(&mut keys, &twin)?;
            now_ms = keys.now_ms;
        }
        let key = keyspace.hash_key(b"hash");
        Keys::new(&mut keyspace, 0, now_ms, true).remove(&key);
        while keyspace.free_step(7) {}
        prop_assert_eq!(keyspace.slab_bytes(), 0);
    }

    #[test]
    fn a_small_hash_keeps_the_order_in_which_fields_came(
        operations in prop::collection::vec((0..20u8, prop::option::of(prop::collection::vec(any::<u8>(), 0..5))), 0..60)
    ) {
        let mut hash = PackedHash::new();
        let mut twin: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for (field, value) in operations {
            let name = name_of(field);
            let place = twin.iter().position(|(other, _)| *other == name);
            match (value, place) {
                (Some(value), place) => {
                    prop_assert_eq!(hash.put(&name, &value, &LIMITS), place.is_none());
                    match place {
                        Some(place) => twin[place].1 = value,
                        None => twin.push((name, value)),
                    }
                }
                (None, place) => {
                    prop_assert_eq!(hash.remove(&name), place.is_some());
                    place.map(|place| twin.remove(place));
                }
            }
        }
        let mut bytes = Vec::new();
        twin.iter().flat_map(|(name, value)| [name, value]).for_each(|part| {
            pycluster_engine::collections::packed::push(&mut bytes, part);
        });
        prop_assert_eq!(hash.bytes(), bytes);
    }
}

/// What issue 3 asks of a hash: at most 60 bytes beyond its key, names and values.
#[test]
fn a_hash_of_ten_fields_takes_less_than_sixty_bytes_beside_its_own() {
    let mut keyspace = Keyspace::new([1, 2, 3, 4], 1);
    let mut payload = 0;
    let hashes = 20_000;
    for number in 0..hashes {
        let name = format!("hash:{number:08}");
        let mut keys = Keys::new(&mut keyspace, 0, 0, true);
        let key = keys.key(name.as_bytes());
        let mut edit = Edit::begin(&mut keys, key, PackedHash::new).unwrap();
        payload += name.len();
        for field in 0..10 {
            let (name, value) = (format!("field:{field}"), format!("value:{number}"));
            let Form::Packed(hash) = edit.form() else { panic!("ten fields stay packed") };
            hash.put(name.as_bytes(), value.as_bytes(), &LIMITS);
            payload += name.len() + value.len();
        }
        assert!(!edit.finish());
    }
    let overhead = (keyspace.slab_bytes() as f64 - payload as f64) / f64::from(hashes);
    assert!(overhead < 60.0, "{overhead} bytes a hash");
}
