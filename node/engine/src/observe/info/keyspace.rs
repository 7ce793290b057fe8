//! INFO keyspace.

use super::Subject;
use super::fields::Fields;

pub(super) fn write(subject: &Subject<'_>, fields: &mut Fields) {
    for index in 0..subject.keyspace.database_count() {
        let database = subject.keyspace.database(index);
        if database.is_empty() {
            continue;
        }
        fields.add(
            format!("db{index}"),
            format_args!(
                "keys={},expires={},avg_ttl={},keys_with_volatile_items={}",
                database.len(),
                database.volatile_len(),
                database.average_ttl_ms(),
                database.field_expiries_len(),
            ),
        );
    }
}
