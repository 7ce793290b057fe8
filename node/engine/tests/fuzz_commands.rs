//! Every command of the table with any arguments, on a whole engine.

use std::cell::RefCell;

use proptest::prelude::*;

#[path = "fuzz/commands.rs"]
mod commands;
#[path = "fuzz/node.rs"]
mod node;
#[path = "fuzz/replies.rs"]
mod replies;

use commands::Choices;
use node::{Node, commands_of};

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn any_commands_are_answered_in_form_and_leave_nothing_behind(
        bytes in prop::collection::vec(any::<u8>(), 1..400),
        resp3: bool,
        cluster in prop::bool::weighted(0.2),
    ) {
        // A node is started once, not for each case: what one case leaves behind, the next one meets.
        thread_local! {
            static NODES: RefCell<[Option<Node>; 2]> = const { RefCell::new([None, None]) };
        }
        NODES.with_borrow_mut(|nodes| {
            let place = &mut nodes[usize::from(cluster)];
            // One that panicked is not used again, so that the shrunk case stands for itself.
            let mut node = place.take().unwrap_or_else(|| Node::start(cluster));
            node.check(&commands_of(&mut Choices::new(&bytes)), resp3);
            *place = Some(node);
        });
    }
}
