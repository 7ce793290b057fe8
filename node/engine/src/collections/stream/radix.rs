//! The size of Redis's radix tree.
//!
//! Redis keeps a stream's blocks in a radix tree, and XINFO STREAM tells how many nodes that has. Ours are in another
//! tree; how many nodes Redis's would have follows from the keys.

use super::StreamId;

const KEY_BYTES: usize = 16;

/// An id as a key of the tree.
pub(super) fn key(id: StreamId) -> [u8; KEY_BYTES] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

/// Nodes of the tree that holds these keys, which come in order.
///
/// Each key has a node at its end; there is a node wherever keys part; and what all keys between two such nodes have
/// in common, after the byte by which they parted from others, is one more node, if it is not empty.
pub(super) fn node_count(mut keys: impl Iterator<Item = [u8; KEY_BYTES]>) -> usize {
    let Some(mut previous) = keys.next() else { return 1 };
    let mut nodes = 0;
    // Depths at which the last key parts from others, the root's first.
    let mut partings: Vec<usize> = Vec::new();
    // A node, and what leads to it from the parting above, or from the root.
    let mut add = |depth: usize, above: Option<usize>| {
        let common = above.map_or(depth, |above| depth - above - 1);
        nodes += 1 + usize::from(common > 0);
    };
    for key in keys {
        let depth = previous.iter().zip(&key).take_while(|(a, b)| a == b).count();
        add(KEY_BYTES, partings.last().copied().max(Some(depth)));
        while let Some(last) = partings.pop_if(|last| *last > depth) {
            add(last, partings.last().copied().max(Some(depth)));
        }
        if partings.last() != Some(&depth) {
            partings.push(depth);
        }
        previous = key;
    }
    add(KEY_BYTES, partings.last().copied());
    while let Some(last) = partings.pop() {
        add(last, partings.last().copied());
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(ids: &[(u64, u64)]) -> usize {
        node_count(ids.iter().map(|(ms, seq)| key(StreamId::new(*ms, *seq))))
    }

    #[test]
    fn nodes_are_counted_as_the_tree_would_have_them() {
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[(5, 5)]), 2);
        // Fifteen bytes in common, a parting, two ends.
        assert_eq!(count(&[(5, 5), (5, 6)]), 4);
        // Seven bytes, a parting, seven bytes and an end on either side.
        assert_eq!(count(&[(5, 0), (6, 0)]), 6);
        // The parting of the first two is the last byte, that of the third and them the eighth one.
        assert_eq!(count(&[(5, 0), (5, 1), (6, 0)]), 1 + 1 + 1 + 1 + 2 + 2);
        // All part at the first byte.
        assert_eq!(count(&[(1 << 56, 0), (2 << 56, 0), (3 << 56, 0)]), 1 + 3 * 2);
    }
}
