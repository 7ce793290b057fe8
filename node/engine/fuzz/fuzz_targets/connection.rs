//! A whole engine, and a client that sends any bytes.

#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/fuzz/commands.rs"]
mod commands;
#[path = "../../tests/fuzz/node.rs"]
mod node;
#[path = "../../tests/fuzz/replies.rs"]
mod replies;

use node::Node;

thread_local! {
    static NODE: RefCell<Node> = RefCell::new(Node::start(false));
}

fuzz_target!(|data: &[u8]| NODE.with_borrow_mut(|node| node.check_bytes(data)));
