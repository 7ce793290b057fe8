//! Sizes up to which collections are packed.

use super::{INT, Kind, LONG, SIZE, Setting, row};

pub(super) const TABLE: &[Setting] = &[
    integer!("hash-max-listpack-entries", packed.hash_max_listpack_entries, 0, LONG)
        .alias("hash-max-ziplist-entries"),
    memory!("hash-max-listpack-value", packed.hash_max_listpack_value, 0, SIZE)
        .alias("hash-max-ziplist-value"),
    integer!("list-max-listpack-size", packed.list_max_listpack_size, -INT - 1, INT)
        .alias("list-max-ziplist-size"),
    integer!("list-compress-depth", packed.list_compress_depth, 0, INT),
    integer!("set-max-intset-entries", packed.set_max_intset_entries, 0, LONG),
    integer!("set-max-listpack-entries", packed.set_max_listpack_entries, 0, LONG),
    integer!("set-max-listpack-value", packed.set_max_listpack_value, 0, LONG),
    integer!("zset-max-listpack-entries", packed.zset_max_listpack_entries, 0, LONG)
        .alias("zset-max-ziplist-entries"),
    memory!("zset-max-listpack-value", packed.zset_max_listpack_value, 0, SIZE)
        .alias("zset-max-ziplist-value"),
    memory!("hll-sparse-max-bytes", packed.hll_sparse_max_bytes, 0, SIZE),
    memory!("stream-node-max-bytes", packed.stream_node_max_bytes, 0, SIZE),
    integer!("stream-node-max-entries", packed.stream_node_max_entries, 0, LONG),
];
