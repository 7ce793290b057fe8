//! Up to which sizes collections are kept in their packed forms.

/// Limits of the packed forms; beyond them a collection is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedLimits {
    pub hash_max_listpack_entries: i64,
    /// Bytes of one field or value.
    pub hash_max_listpack_value: u64,
    /// Elements of a list's node; negative: its size, from -1 (4 KiB) to -5 (64 KiB).
    pub list_max_listpack_size: i64,
    /// Nodes at either end of a list that are not compressed; 0: none is.
    pub list_compress_depth: i64,
    pub set_max_intset_entries: i64,
    pub set_max_listpack_entries: i64,
    /// Bytes of one member.
    pub set_max_listpack_value: i64,
    pub zset_max_listpack_entries: i64,
    /// Bytes of one member.
    pub zset_max_listpack_value: u64,
    /// Bytes up to which a HyperLogLog is sparse.
    pub hll_sparse_max_bytes: u64,
    /// Bytes of a stream's node; 0: any number.
    pub stream_node_max_bytes: u64,
    /// Entries of a stream's node; 0: any number.
    pub stream_node_max_entries: i64,
}

impl Default for PackedLimits {
    fn default() -> Self {
        Self {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            list_max_listpack_size: -2,
            list_compress_depth: 0,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            hll_sparse_max_bytes: 3_000,
            stream_node_max_bytes: 4_096,
            stream_node_max_entries: 100,
        }
    }
}
