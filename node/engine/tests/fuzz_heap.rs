//! Nothing that commands allocate on the heap stays there.

use pycluster_engine::memory::heap_bytes;

#[path = "fuzz/commands.rs"]
mod commands;
#[path = "fuzz/node.rs"]
mod node;
#[path = "fuzz/replies.rs"]
mod replies;

use commands::Choices;
use node::{Node, commands_of};

/// Rounds after which all bounded lists and statistics are as long as they get.
const ROUNDS_TO_SETTLE: usize = 150;
const ROUNDS: usize = 450;
const BYTES_PER_ROUND: usize = 200;
/// Buffers that are kept for the next use, large or small as it happens: far less than a pointer lost by every command.
const SLACK_BYTES: u64 = 128 << 10;

// The only test of its file: others would allocate at the same time.
#[test]
fn the_heap_does_not_grow_however_many_commands_run() {
    let mut node = Node::start(false);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut rounds = |count: usize| {
        for round in 0..count {
            let byte = |_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random >> 24) as u8
            };
            let bytes: Vec<u8> = (0..BYTES_PER_ROUND).map(byte).collect();
            node.check(&commands_of(&mut Choices::new(&bytes)), round % 2 == 0);
        }
        node.disconnect();
        heap_bytes()
    };
    let settled = rounds(ROUNDS_TO_SETTLE);
    let at_the_end = rounds(ROUNDS);
    assert!(at_the_end <= settled + SLACK_BYTES, "{settled} bytes became {at_the_end}");
}
