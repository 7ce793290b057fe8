//! Lists: taking from them, and waiting for something to take.

use std::ops::Range;

use super::blocking::Timeout;
use super::call::{Call, CommandResult};
use super::flags::Flags;
use super::key_spec::{KeyFlags, KeySpec};
use super::list::{take, tell_popped};
use super::list_move::{MOVE, Popped, end_named, move_element, pop_from};
use super::list_value::ListEdit;
use super::spec::{CommandSpec, Group};
use crate::collections::list::End;
use crate::keyspace::ValueType;
use crate::server::WaitedFor;

const A_LIST: WaitedFor = WaitedFor { value_type: ValueType::List, or_gone: false };

/// BLPOP key [key ...] timeout
fn blpop(call: &mut Call<'_>) -> CommandResult {
    pop_or_wait(call, End::Left)
}

/// BRPOP key [key ...] timeout
fn brpop(call: &mut Call<'_>) -> CommandResult {
    pop_or_wait(call, End::Right)
}

fn pop_or_wait(call: &mut Call<'_>, end: End) -> CommandResult {
    let last = call.args.len() - 1;
    let timeout = Timeout::from_seconds(call.args.get(last), call.now)?;
    for index in 1..last {
        let key = call.key(index);
        let mut list = ListEdit::open(&mut call.keys, &call.server.config, &key)?;
        if list.len() > 0 {
            call.reply.array(2);
            call.reply.bulk(key.bytes);
            take(&mut list, call.reply, end, 1);
            let left = list.len();
            tell_popped(call, end, &key, left);
            return Ok(());
        }
    }
    call.wait_for_keys(1..last, A_LIST, timeout, [])
}

/// BLMPOP timeout numkeys key [key ...] LEFT | RIGHT [COUNT count]
fn blmpop(call: &mut Call<'_>) -> CommandResult {
    let Popped { keys, end, count } = Popped::parse(call, 2)?;
    let timeout = Timeout::from_seconds(call.args.get(1), call.now)?;
    for index in keys.clone() {
        let key = call.key(index);
        if pop_from(call, &key, end, count)? {
            return Ok(());
        }
    }
    call.wait_for_keys(keys, A_LIST, timeout, [])
}

/// BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout
fn blmove(call: &mut Call<'_>) -> CommandResult {
    let (from_end, to_end) = (end_named(call, 3)?, end_named(call, 4)?);
    let timeout = Timeout::from_seconds(call.args.get(5), call.now)?;
    move_or_wait(call, from_end, to_end, timeout)
}

/// BRPOPLPUSH source destination timeout
fn brpoplpush(call: &mut Call<'_>) -> CommandResult {
    let timeout = Timeout::from_seconds(call.args.get(3), call.now)?;
    move_or_wait(call, End::Right, End::Left, timeout)
}

fn move_or_wait(call: &mut Call<'_>, from_end: End, to_end: End, timeout: Timeout) -> CommandResult {
    let (from, to) = (call.key(1), call.key(2));
    if move_element(call, &from, from_end, &to, to_end)? {
        return Ok(());
    }
    if !call.may_wait() {
        // Where the others give no array, these give no element.
        call.reply.null();
        return Ok(());
    }
    const SOURCE: Range<usize> = 1..2;
    call.wait_for_keys(SOURCE, A_LIST, timeout, [])
}

const FLAGS: Flags = Flags::WRITE.union(Flags::BLOCKING);
const TAKEN: KeyFlags = KeyFlags::RW.union(KeyFlags::ACCESS).union(KeyFlags::DELETE);

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    CommandSpec::new("blpop", -3, Group::List, blpop)
        .flags(FLAGS)
        .keys(&[KeySpec::range(1, -2, 1, TAKEN)])
        .usage("key [key ...] timeout")
        .about("2.0.0", "Remove the first element of the first list that has any, or wait for one."),
    CommandSpec::new("brpop", -3, Group::List, brpop)
        .flags(FLAGS)
        .keys(&[KeySpec::range(1, -2, 1, TAKEN)])
        .usage("key [key ...] timeout")
        .about("2.0.0", "Remove the last element of the first list that has any, or wait for one."),
    CommandSpec::new("blmove", 6, Group::List, blmove)
        .flags(FLAGS.union(Flags::DENYOOM))
        .keys(MOVE)
        .usage("source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout")
        .about("6.2.0", "Move an element from list to list, or wait for one."),
    CommandSpec::new("brpoplpush", 4, Group::List, brpoplpush)
        .flags(FLAGS.union(Flags::DENYOOM))
        .keys(MOVE)
        .usage("source destination timeout")
        .about("2.2.0", "Move the last element of a list to the front of another, or wait for one."),
    CommandSpec::new("blmpop", -5, Group::List, blmpop)
        .flags(FLAGS)
        .keys(&[KeySpec::counted(2, 1, TAKEN)])
        .usage("timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]")
        .about("7.0.0", "Remove elements from the first of several lists that has any, or wait for some."),
];

#[cfg(test)]
mod tests {
    use crate::testing::{Host, Wire};

    fn connect<const COUNT: usize>(host: &mut Host) -> [Wire; COUNT] {
        std::array::from_fn(|_| host.connect())
    }

    #[test]
    fn workers_take_what_is_pushed_in_the_order_in_which_they_came() {
        let mut host = Host::alone();
        let [mut first, mut second, mut third, mut writer] = connect(&mut host);
        host.run(&mut first, "BLPOP a k 0");
        host.run(&mut second, "BLMPOP 0 1 k RIGHT COUNT 2");
        host.run(&mut third, "BRPOP k 0");
        assert_eq!(host.run(&mut writer, "RPUSH k 1 2 3 4\nLRANGE k 0 -1"), ":4\r\n*0\r\n");
        let received = [&mut first, &mut second, &mut third].map(Wire::received);
        assert_eq!(
            received,
            [
                "*2\r\n$1\r\nk\r\n$1\r\n1\r\n",
                "*2\r\n$1\r\nk\r\n*2\r\n$1\r\n4\r\n$1\r\n3\r\n",
                "*2\r\n$1\r\nk\r\n$1\r\n2\r\n",
            ]
        );
    }

    #[test]
    fn an_element_may_go_through_several_hands() {
        let mut host = Host::alone();
        let [mut last, mut middle, mut back, mut writer] = connect(&mut host);
        host.run(&mut last, "BLPOP c 0");
        host.run(&mut middle, "BLMOVE b c LEFT RIGHT 0");
        host.run(&mut back, "BRPOPLPUSH a b 0");
        assert_eq!(host.run(&mut writer, "LPUSH a x\nEXISTS a b c"), ":1\r\n:0\r\n");
        let received = [&mut back, &mut middle, &mut last].map(Wire::received);
        assert_eq!(received, ["$1\r\nx\r\n", "$1\r\nx\r\n", "*2\r\n$1\r\nc\r\n$1\r\nx\r\n"]);
    }

    #[test]
    fn who_can_not_be_given_anything_leaves_it_to_the_next() {
        let mut host = Host::alone();
        let [mut refused, mut served, mut writer] = connect(&mut host);
        host.run(&mut refused, "BLMOVE k s LEFT LEFT 0");
        host.run(&mut served, "BLPOP k 0");
        host.run(&mut writer, "SET s x\nRPUSH k 1");
        let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";
        assert_eq!(
            (refused.received().as_str(), served.received().as_str()),
            (wrong_type, "*2\r\n$1\r\nk\r\n$1\r\n1\r\n")
        );
    }

    #[test]
    fn only_a_list_is_worth_waking_up_for() {
        let mut host = Host::alone();
        let [mut waiting, mut writer] = connect(&mut host);
        host.run(&mut waiting, "BLPOP k 0");
        host.run(&mut writer, "SET k x\nAPPEND k y\nDEL k\nMULTI\nRPUSH k 1\nDEL k\nEXEC");
        assert_eq!(waiting.received(), "");
        host.run(&mut writer, "RPUSH j 1\nRENAME j k");
        assert_eq!(waiting.received(), "*2\r\n$1\r\nk\r\n$1\r\n1\r\n");
    }
}
