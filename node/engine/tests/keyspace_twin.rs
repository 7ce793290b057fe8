//! The keyspace against a plain map with deadlines: whatever is done to both, both hold the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use pycluster_engine::keyspace::{EntryRef, Keys, Keyspace, NewExpiry, NewValue, Value};

#[derive(Clone, Debug)]
enum Operation {
    Set { key: u8, value: Vec<u8>, expiry: Option<i64>, keep: bool },
    SetLarge { key: u8, bytes: usize },
    SetInt { key: u8, value: i64 },
    ChangeInt { key: u8, value: i64 },
    Append { key: u8, value: Vec<u8> },
    WriteAt { key: u8, offset: usize, value: Vec<u8> },
    Remove { key: u8 },
    SetExpiry { key: u8, expiry: Option<i64> },
    Rename { from: u8, to: u8 },
    Copy { from: u8, to: u8 },
    ClearSlot { key: u8 },
    Wait { ms: i64 },
    ExpireStep,
    Clear,
}

fn operations() -> impl Strategy<Value = Operation> {
    let key = 0..40u8;
    let value = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 1_000..3_000),
    ];
    let expiry = prop::option::of(0..2_000i64);
    let int = prop_oneof![any::<i64>(), -70_000..70_000i64];
    prop_oneof![
        8 => (key.clone(), value.clone(), expiry.clone(), any::<bool>())
            .prop_map(|(key, value, expiry, keep)| Operation::Set { key, value, expiry, keep }),
        1 => (key.clone(), 16_000..17_000usize).prop_map(|(key, bytes)| Operation::SetLarge { key, bytes }),
        2 => (key.clone(), int.clone()).prop_map(|(key, value)| Operation::SetInt { key, value }),
        2 => (key.clone(), int).prop_map(|(key, value)| Operation::ChangeInt { key, value }),
        3 => (key.clone(), value.clone()).prop_map(|(key, value)| Operation::Append { key, value }),
        2 => (key.clone(), 0..20_000usize, value).prop_map(|(key, offset, value)| Operation::WriteAt { key, offset, value }),
        3 => key.clone().prop_map(|key| Operation::Remove { key }),
        3 => (key.clone(), expiry).prop_map(|(key, expiry)| Operation::SetExpiry { key, expiry }),
        2 => (key.clone(), key.clone()).prop_map(|(from, to)| Operation::Rename { from, to }),
        2 => (key.clone(), key.clone()).prop_map(|(from, to)| Operation::Copy { from, to }),
        1 => key.prop_map(|key| Operation::ClearSlot { key }),
        1 => (0..300i64).prop_map(|ms| Operation::Wait { ms }),
        1 => Just(Operation::ExpireStep),
        1 => prop_oneof![19 => Just(Operation::ExpireStep), 1 => Just(Operation::Clear)],
    ]
}

/// Keys of all lengths that matter, and several in one slot.
fn key_bytes(key: u8) -> Vec<u8> {
    match key {
        0 => Vec::new(),
        1..20 => format!("{{tag}}{key}").into_bytes(),
        20..30 => format!("key:{key}:{}", "x".repeat(usize::from(key) * 20)).into_bytes(),
        _ => format!("k{key}").into_bytes(),
    }
}

fn text(value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Int(value) => value.to_string().into_bytes(),
        Value::Bytes { bytes, .. } => bytes.to_vec(),
        Value::Large(bytes) => bytes.to_vec(),
    }
}

type Twin = BTreeMap<Vec<u8>, (Vec<u8>, Option<i64>)>;

fn write_at(value: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let length = value.len().max(offset + bytes.len());
    value.resize(length, 0);
    value[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn apply(keys: &mut Keys<'_>, twin: &mut Twin, operation: &Operation) {
    let now_ms = keys.now_ms;
    match operation {
        Operation::Set { key, value, expiry, keep } => {
            let bytes = key_bytes(*key);
            let old = twin.get(&bytes).and_then(|(_, expiry)| *expiry);
            let (new_expiry, expires) = match expiry {
                _ if *keep => (NewExpiry::Keep, old),
                None => (NewExpiry::None, None),
                Some(after) => (NewExpiry::At(now_ms + 1 + after), Some(now_ms + 1 + after)),
            };
            let was_new = keys.set(&keys.key(&bytes), NewValue::Bytes(value), new_expiry);
            let twin_new = twin.insert(bytes, (value.clone(), expires)).is_none();
            // A plain SET may overwrite a key that has expired and was not removed yet.
            assert!(was_new == twin_new || (twin_new && !keep));
        }
        Operation::SetLarge { key, bytes } => {
            let value = Arc::new(vec![*key; *bytes]);
            let key = key_bytes(*key);
            keys.set(&keys.key(&key), NewValue::Large(Arc::clone(&value)), NewExpiry::None);
            twin.insert(key, (value.to_vec(), None));
        }
        Operation::SetInt { key, value } => {
            let key = key_bytes(*key);
            keys.set(&keys.key(&key), NewValue::Int(*value), NewExpiry::None);
            twin.insert(key, (value.to_string().into_bytes(), None));
        }
        Operation::ChangeInt { key, value } => {
            let key = key_bytes(*key);
            let hashed = keys.key(&key);
            let is_int = matches!(keys.peek(&hashed).map(EntryRef::value), Some(Value::Int(_)));
            assert_eq!(keys.set_int_in_place(&hashed, *value), is_int);
            if is_int {
                twin.get_mut(&key).expect("both have it").0 = value.to_string().into_bytes();
            }
        }
        Operation::Append { key, value } => {
            let key = key_bytes(*key);
            let length = keys.append(&keys.key(&key), value);
            let (twin_value, _) = twin.entry(key).or_default();
            twin_value.extend_from_slice(value);
            assert_eq!(length, twin_value.len());
        }
        Operation::WriteAt { key, offset, value } => {
            let key = key_bytes(*key);
            let length = keys.write_at(&keys.key(&key), *offset, value);
            let (twin_value, _) = twin.entry(key).or_default();
            write_at(twin_value, *offset, value);
            assert_eq!(length, twin_value.len());
        }
        Operation::Remove { key } => {
            let key = key_bytes(*key);
            assert_eq!(keys.remove(&keys.key(&key)), twin.remove(&key).is_some());
        }
        Operation::SetExpiry { key, expiry } => {
            let key = key_bytes(*key);
            let expiry = expiry.map(|after| now_ms + 1 + after);
            let found = keys.set_expiry(&keys.key(&key), expiry);
            assert_eq!(found, twin.contains_key(&key));
            twin.entry(key).and_modify(|(_, old)| *old = expiry);
        }
        Operation::Rename { from, to } => {
            let (from, to) = (key_bytes(*from), key_bytes(*to));
            let renamed = keys.rename(&keys.key(&from), &keys.key(&to));
            assert_eq!(renamed, twin.contains_key(&from));
            if let Some(value) = twin.remove(&from) {
                twin.insert(to, value);
            }
        }
        Operation::Copy { from, to } => {
            let (from, to) = (key_bytes(*from), key_bytes(*to));
            let copied = keys.copy(&keys.key(&from), keys.db, &keys.key(&to));
            assert_eq!(copied, twin.contains_key(&from));
            if let Some(value) = twin.get(&from).cloned() {
                twin.insert(to, value);
            }
        }
        Operation::ClearSlot { key } => {
            let slot = keys.key(&key_bytes(*key)).slot;
            keys.database_mut().clear_slot(slot);
            let survivors = std::mem::take(twin).into_iter();
            *twin = survivors.filter(|(key, _)| pycluster_engine::slot::key_slot(key) != slot).collect();
        }
        Operation::Wait { .. } | Operation::ExpireStep => {
            keys.keyspace.expire_step(now_ms, |_| true, |_, _| {});
            assert_eq!(keys.database().len(), twin.len() as u64);
        }
        Operation::Clear => {
            keys.database_mut().clear();
            twin.clear();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn keyspace_holds_what_a_map_with_deadlines_holds(operations in prop::collection::vec(operations(), 1..120)) {
        let mut keyspace = Keyspace::new([1, 2, 3, 4], 2);
        let empty_bytes = keyspace.slab_bytes();
        let mut twin = Twin::new();
        let mut now_ms = 1_000_000;
        for operation in &operations {
            if let Operation::Wait { ms } = operation {
                now_ms += ms;
            }
            twin.retain(|_, (_, expiry)| expiry.is_none_or(|expiry| expiry > now_ms));
            let mut keys = Keys::new(&mut keyspace, 1, now_ms, true);
            apply(&mut keys, &mut twin, operation);
            for (key, (value, expiry)) in &twin {
                let hashed = keys.key(key);
                let entry = keys.read(&hashed).expect("a key of the twin is there");
                prop_assert_eq!(entry.key(), &key[..]);
                prop_assert_eq!(text(entry.value()), value.clone());
                prop_assert_eq!(entry.expiry_ms(), *expiry);
            }
        }
        keyspace.expire_step(now_ms, |_| true, |_, _| {});
        let volatile = twin.values().filter(|(_, expiry)| expiry.is_some()).count() as u64;
        prop_assert_eq!(keyspace.database(1).volatile_len(), volatile);
        let mut scanned: Vec<Vec<u8>> = Vec::new();
        let mut cursor = 0;
        loop {
            cursor = keyspace.database(1).scan(cursor, 3, |entry| scanned.push(entry.key().to_vec()));
            if cursor == 0 {
                break;
            }
        }
        scanned.sort();
        prop_assert_eq!(scanned, twin.keys().cloned().collect::<Vec<_>>());
        keyspace.clear_lazily(1);
        prop_assert_eq!(keyspace.total_len(), 0);
        while keyspace.free_step(7) {}
        prop_assert_eq!(keyspace.slab_bytes(), empty_bytes);
    }
}
