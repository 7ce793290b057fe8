//! Active expiry: removing keys whose time is over though nobody asks for them.

use super::space::Keyspace;

/// Keys looked at between two questions whether time is up.
const BATCH_KEYS: usize = 32;

/// What one step of active expiry did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpireReport {
    /// Keys with an expiry that were looked at.
    pub examined: u64,
    /// How many of them were removed.
    pub expired: u64,
    /// Whether the walk came round to where keys begin again.
    pub wrapped: bool,
}

impl ExpireReport {
    /// The share of keys looked at that had expired, in 0.0 to 1.0: how much is gained by going on.
    pub fn expired_share(&self) -> f64 {
        if self.examined == 0 { 0.0 } else { self.expired as f64 / self.examined as f64 }
    }
}

impl Keyspace {
    /// Walk on through the keys that expire, removing those whose time is over, until `go_on` says no (it is asked
    /// after every few keys) or every such key has been visited once.
    ///
    /// `on_expired` gets database and key of each, before it is gone.
    pub fn expire_step(
        &mut self,
        now_ms: i64,
        mut go_on: impl FnMut(&ExpireReport) -> bool,
        mut on_expired: impl FnMut(usize, &[u8]),
    ) -> ExpireReport {
        let mut report = ExpireReport::default();
        let start = self.expiry_position;
        while self.volatile_len() > 0 {
            let (db, cursor) = self.expiry_position;
            let mut expired: Vec<Box<[u8]>> = Vec::new();
            let (mut living, mut ttl_ms) = (0, 0);
            let database = self.database(db);
            let next = database.scan_volatile(cursor, BATCH_KEYS, &mut |entry| {
                report.examined += 1;
                match entry.expiry_ms() {
                    Some(expiry_ms) if expiry_ms > now_ms => {
                        living += 1;
                        ttl_ms += u128::from(expiry_ms.abs_diff(now_ms));
                    }
                    _ => expired.push(entry.key().into()),
                }
            });
            if let Some(mean_ms) = ttl_ms.checked_div(living) {
                self.databases[db].note_average_ttl(mean_ms as u64);
            }
            for key in &expired {
                on_expired(db, key);
                let key = self.hash_key(key);
                self.expire(db, &key);
            }
            report.expired += expired.len() as u64;
            self.expiry_position = if next != 0 { (db, next) } else { ((db + 1) % self.database_count(), 0) };
            report.wrapped |= self.expiry_position == (0, 0);
            let round = report.wrapped && self.expiry_position >= start;
            if round || !go_on(&report) {
                break;
            }
        }
        report
    }
}
