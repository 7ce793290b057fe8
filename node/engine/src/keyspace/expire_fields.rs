//! Active expiry of hashes' fields: removing those whose time is over though nobody asks for them.

use std::ops::Bound;

use super::space::{Effect, Keyspace};
use crate::collections::{Object, ObjectMut};

/// Fields looked at between two questions whether time is up.
const BATCH_FIELDS: usize = 64;

/// What was found of one hash.
enum Found {
    /// No hash, or none with fields that expire.
    Nothing,
    /// Fields whose time is not over, as far as was looked.
    Living,
    /// Time was up before all had been looked at.
    Unfinished,
}

impl Keyspace {
    /// Walk on through the hashes with fields that expire, removing fields whose time is over, and hashes with their
    /// last one, until `go_on` says no (it is asked after every few fields) or the walk comes to its end. True when
    /// time was up before.
    pub fn expire_fields_step(&mut self, now_ms: i64, mut go_on: impl FnMut() -> bool) -> bool {
        loop {
            let (db, last) = &mut self.field_expiry_position;
            let after = last.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut later = self.databases[*db].field_expiries.range::<[u8], _>((after, Bound::Unbounded));
            let Some(key) = later.next().cloned() else {
                let next = (*db + 1) % self.databases.len();
                self.field_expiry_position = (next, None);
                if next == 0 {
                    return false;
                }
                continue;
            };
            let db = *db;
            match self.expire_fields(db, &key, now_ms, &mut go_on) {
                Found::Unfinished => return true,
                Found::Living => {}
                Found::Nothing => {
                    self.databases[db].field_expiries.remove(&key);
                }
            }
            self.field_expiry_position = (db, Some(key));
            if !go_on() {
                return true;
            }
        }
    }

    fn expire_fields(
        &mut self,
        db: usize,
        key: &[u8],
        now_ms: i64,
        go_on: &mut impl FnMut() -> bool,
    ) -> Found {
        let hashed = self.hasher().hash_key(key);
        let (mut expired, mut found) = (0, Found::Living);
        let Some(ObjectMut { object: Object::Hash(hash), slabs, .. }) = self.object_mut(db, &hashed) else {
            return Found::Nothing;
        };
        loop {
            let step = hash.expire_step(slabs, now_ms, BATCH_FIELDS);
            expired += step.expired as u64;
            if step.finished {
                break;
            }
            if !go_on() {
                found = Found::Unfinished;
                break;
            }
        }
        let emptied = hash.is_empty();
        if hash.volatile_len() == 0 {
            found = Found::Nothing;
        }
        if emptied {
            self.database_mut(db).remove(&hashed);
        }
        if expired > 0 {
            self.stats.expired_fields += expired;
            if self.record_effects {
                self.effects.push(Effect::FieldsExpired { db, key: key.into(), emptied });
            }
        }
        found
    }
}
