//! The parser alone: the first bytes are the sizes of pieces, the others the stream.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/fuzz/stream.rs"]
mod stream;

const SIZES: usize = 4;

fuzz_target!(|data: &[u8]| {
    let (sizes, bytes) = data.split_at(data.len().min(SIZES));
    let pieces: Vec<usize> = sizes.iter().map(|size| usize::from(*size) + 1).collect();
    stream::check(bytes, &pieces);
});
