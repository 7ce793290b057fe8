//! A large hash, or one with fields that expire.

use super::{Field, FieldRecord, HashLimits};
use crate::collections::{RecordTable, Records};
use crate::keyspace::{KeyHasher, NewExpiry};
use crate::memory::SlabAllocator;

/// A hash of records in slabs.
///
/// Fields whose time is over stay until somebody overwrites them or [`expire_step`](Self::expire_step) finds them;
/// methods that are given the time do not see them.
pub struct HashObject {
    fields: RecordTable<FieldRecord>,
    /// Whether OBJECT ENCODING says `listpack`.
    listpack: bool,
    /// No field expires before this Unix time in milliseconds.
    earliest_ms: i64,
    /// Where the walk over fields that expire goes on, and the earliest expiry it has met on its way.
    walk: u64,
    walk_earliest_ms: i64,
}

/// What one step of removing expired fields did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldsExpired {
    /// Fields with an expiry that were looked at.
    pub examined: usize,
    /// How many of them were removed.
    pub expired: usize,
    /// Whether the walk came to its end: nothing is left to remove for now.
    pub finished: bool,
}

impl HashObject {
    /// An empty hash.
    pub fn new(hasher: &KeyHasher, listpack: bool) -> Self {
        let fields = RecordTable::new(hasher);
        Self { fields, listpack, earliest_ms: i64::MAX, walk: 0, walk_earliest_ms: i64::MAX }
    }

    /// Number of fields, those included whose time is over.
    #[inline]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no fields at all.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Number of fields that expire.
    #[inline]
    pub fn volatile_len(&self) -> usize {
        self.fields.volatile_len()
    }

    /// Whether OBJECT ENCODING calls it a listpack.
    pub fn says_listpack(&self) -> bool {
        self.listpack
    }

    /// Let OBJECT ENCODING say `hashtable` from now on.
    pub fn say_hashtable(&mut self) {
        self.listpack = false;
    }

    /// Bytes of memory in use.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() - size_of_val(&self.fields) + self.fields.memory_bytes()
    }

    /// Whether some field's time may be over.
    #[inline]
    pub fn may_have_expired(&self, now_ms: i64) -> bool {
        self.earliest_ms <= now_ms
    }

    /// A field, unless its time is over.
    #[inline]
    pub fn field(&self, name: &[u8], now_ms: i64) -> Option<Field<'_>> {
        self.fields.find(name).filter(|field| !field.is_expired(now_ms))
    }

    /// All fields, those included whose time is over.
    #[inline]
    pub fn records(&self) -> Records<'_, FieldRecord> {
        self.fields.iter()
    }

    /// The field at `rank` of the table's order, its time over or not.
    pub fn nth(&self, rank: usize) -> Option<Field<'_>> {
        self.fields.nth(rank)
    }

    /// One step of a scan, see [`RecordTable::scan`]; visits also fields whose time is over.
    pub fn scan<'a>(&'a self, cursor: u64, count: usize, visit: impl FnMut(Field<'a>)) -> u64 {
        self.fields.scan(cursor, count, visit)
    }

    /// Add a field that does not expire; there must be none of its name.
    pub fn insert(&mut self, slabs: &mut SlabAllocator, name: &[u8], value: &[u8]) {
        self.fields.insert(slabs, Field { name, value, expiry_ms: None });
    }

    /// Set a field; true if it is new, or was there only because nobody had removed it when its time was over.
    #[inline]
    pub fn put(
        &mut self,
        slabs: &mut SlabAllocator,
        name: &[u8],
        value: &[u8],
        expiry: NewExpiry,
        limits: &HashLimits,
        now_ms: i64,
    ) -> bool {
        if self.listpack && limits.is_long(name, value) {
            self.listpack = false;
        }
        let mut revived = false;
        let mut expiry_ms = match expiry {
            NewExpiry::At(expiry_ms) => Some(expiry_ms),
            NewExpiry::None | NewExpiry::Keep => None,
        };
        if self.volatile_len() > 0
            && let Some(old) = self.fields.find(name)
        {
            revived = old.is_expired(now_ms);
            if expiry == NewExpiry::Keep && !revived {
                expiry_ms = old.expiry_ms;
            }
        }
        if let Some(expiry_ms) = expiry_ms {
            self.note_expiry(expiry_ms);
        }
        let new = self.fields.put(slabs, Field { name, value, expiry_ms });
        if self.listpack && self.len() > limits.entries {
            self.listpack = false;
        }
        new || revived
    }

    /// Remove a field; false if there is none, or none whose time is not over.
    pub fn remove(&mut self, slabs: &mut SlabAllocator, name: &[u8], now_ms: i64) -> bool {
        let seen = self.volatile_len() == 0 || self.field(name, now_ms).is_some();
        seen && self.fields.remove(slabs, name)
    }

    /// Let a field expire at a Unix time in milliseconds, or never; false if there is none.
    pub fn set_expiry(
        &mut self,
        slabs: &mut SlabAllocator,
        name: &[u8],
        expiry_ms: Option<i64>,
        now_ms: i64,
    ) -> bool {
        if self.field(name, now_ms).is_none() {
            return false;
        }
        if let Some(expiry_ms) = expiry_ms {
            self.note_expiry(expiry_ms);
        }
        self.fields.change(slabs, name, |field| field.expiry_ms = expiry_ms)
    }

    fn note_expiry(&mut self, expiry_ms: i64) {
        self.listpack = false;
        self.earliest_ms = self.earliest_ms.min(expiry_ms);
        self.walk_earliest_ms = self.walk_earliest_ms.min(expiry_ms);
    }

    /// Look at about `budget` of the fields that expire, going on from the last step, and remove those whose time is
    /// over. Does nothing while no field's time can be over.
    pub fn expire_step(&mut self, slabs: &mut SlabAllocator, now_ms: i64, budget: usize) -> FieldsExpired {
        let mut step = FieldsExpired::default();
        if !self.may_have_expired(now_ms) {
            return FieldsExpired { finished: true, ..step };
        }
        let mut expired: Vec<Box<[u8]>> = Vec::new();
        let mut earliest_ms = self.walk_earliest_ms;
        self.walk = self.fields.scan_volatile(self.walk, budget, |field| {
            step.examined += 1;
            match field.expiry_ms {
                Some(expiry_ms) if expiry_ms > now_ms => earliest_ms = earliest_ms.min(expiry_ms),
                _ => expired.push(field.name.into()),
            }
        });
        for name in &expired {
            self.fields.remove(slabs, name);
        }
        step.expired = expired.len();
        self.walk_earliest_ms = earliest_ms;
        if self.walk == 0 {
            self.earliest_ms = std::mem::replace(&mut self.walk_earliest_ms, i64::MAX);
            step.finished = true;
        }
        step
    }

    /// A copy that shares nothing with it.
    pub fn duplicate(&self, slabs: &mut SlabAllocator) -> Self {
        let fields = self.fields.duplicate(slabs);
        Self { fields, walk: 0, walk_earliest_ms: i64::MAX, ..*self }
    }

    /// Free up to `budget` fields; true when none is left.
    pub fn free_step(&mut self, slabs: &mut SlabAllocator, budget: usize) -> bool {
        self.fields.free_step(slabs, budget)
    }
}

impl std::fmt::Debug for HashObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HashObject({} fields)", self.len())
    }
}
