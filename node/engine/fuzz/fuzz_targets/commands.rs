//! A whole engine, and commands that the bytes choose from the command table.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/fuzz/commands.rs"]
mod commands;
#[path = "../../tests/fuzz/node.rs"]
mod node;
#[path = "../../tests/fuzz/replies.rs"]
mod replies;

use commands::Choices;
use node::{Node, commands_of};

thread_local! {
    static NODES: RefCell<[Node; 2]> = RefCell::new([Node::start(false), Node::start(true)]);
}

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let (cluster, resp3) = (choices.below(8) == 0, choices.below(2) == 1);
    NODES.with_borrow_mut(|nodes| nodes[usize::from(cluster)].check(&commands_of(&mut choices), resp3));
});
