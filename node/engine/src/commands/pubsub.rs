//! Pub/sub: messages to whoever has subscribed to a channel, a pattern or a shard channel.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::help;
use super::spec::{Category, CommandSpec, Flags, Group, Handler, KeyFlags, KeySpec};
use crate::glob;
use crate::resp::Push;
use crate::server::{SessionFlags, Topic};

/// SUBSCRIBE channel [channel ...]
fn subscribe(call: &mut Call<'_>) -> CommandResult {
    subscribe_to(call, Topic::Channel);
    Ok(())
}

/// PSUBSCRIBE pattern [pattern ...]
fn psubscribe(call: &mut Call<'_>) -> CommandResult {
    subscribe_to(call, Topic::Pattern);
    Ok(())
}

/// SSUBSCRIBE shardchannel [shardchannel ...]
fn ssubscribe(call: &mut Call<'_>) -> CommandResult {
    if call.session.flags.contains(SessionFlags::IN_EXEC) {
        return Err(CommandError::text("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    subscribe_to(call, Topic::Shard);
    Ok(())
}

fn subscribe_to(call: &mut Call<'_>, topic: Topic) {
    for name in call.args.iter_from(1) {
        call.server.subscribe(call.session, topic, name);
        tell(call, topic.words().0, topic, Some(name));
    }
}

/// UNSUBSCRIBE [channel ...]
fn unsubscribe(call: &mut Call<'_>) -> CommandResult {
    unsubscribe_from(call, Topic::Channel);
    Ok(())
}

/// PUNSUBSCRIBE [pattern ...]
fn punsubscribe(call: &mut Call<'_>) -> CommandResult {
    unsubscribe_from(call, Topic::Pattern);
    Ok(())
}

/// SUNSUBSCRIBE [shardchannel ...]
fn sunsubscribe(call: &mut Call<'_>) -> CommandResult {
    unsubscribe_from(call, Topic::Shard);
    Ok(())
}

fn unsubscribe_from(call: &mut Call<'_>, topic: Topic) {
    let word = topic.words().1;
    for name in call.args.iter_from(1) {
        call.server.unsubscribe(call.session, topic, name);
        tell(call, word, topic, Some(name));
    }
    if call.args.len() > 1 {
        return;
    }
    let names = call.session.subscriptions.as_ref().map(|subscriptions| subscriptions.names(topic));
    let names = names.unwrap_or_default();
    for name in &names {
        call.server.unsubscribe(call.session, topic, name);
        tell(call, word, topic, Some(name));
    }
    if names.is_empty() {
        tell(call, word, topic, None);
    }
}

/// Tell the client what it is subscribed to now. It is told even if it wants no replies.
fn tell(call: &mut Call<'_>, word: &str, topic: Topic, name: Option<&[u8]>) {
    let subscriptions = call.session.subscriptions.as_ref();
    let count = subscriptions.map_or(0, |subscriptions| subscriptions.count_told(topic));
    let push = Push::of_subscription(word, name, count, call.reply.protocol);
    if call.session.flags.intersects(SessionFlags::REPLY_OFF | SessionFlags::REPLY_SKIP) {
        call.server.send_push(call.session.key, &push);
    } else {
        push.write(call.reply);
    }
}

/// PUBLISH channel message
fn publish(call: &mut Call<'_>) -> CommandResult {
    let (channel, message) = (call.args.get(1), call.args.get(2));
    let count = call.server.publish(channel, message);
    call.server.relay_to_channel(channel, message);
    call.reply.integer(count as i64);
    Ok(())
}

/// SPUBLISH shardchannel message
fn spublish(call: &mut Call<'_>) -> CommandResult {
    let (channel, message) = (call.args.get(1), call.args.get(2));
    let count = call.server.publish_in_shard(channel, message);
    call.server.relay_to_shard(channel, message);
    call.reply.integer(count as i64);
    Ok(())
}

/// PUBSUB CHANNELS [pattern]
fn channels(call: &mut Call<'_>) -> CommandResult {
    list(call, Topic::Channel)
}

/// PUBSUB SHARDCHANNELS [pattern]
fn shardchannels(call: &mut Call<'_>) -> CommandResult {
    list(call, Topic::Shard)
}

fn list(call: &mut Call<'_>, topic: Topic) -> CommandResult {
    if call.args.len() > 3 {
        let word = call.args.get(1);
        return Err(CommandError::quoting(
            "ERR unknown subcommand or wrong number of arguments for '",
            word,
            "'. Try PUBSUB HELP.",
        ));
    }
    let pattern = (call.args.len() == 3).then(|| call.args.get(2));
    let begun = call.reply.begin();
    let mut count = 0;
    for name in call.server.pubsub.names(topic) {
        if pattern.is_none_or(|pattern| glob::matches(pattern, name, false)) {
            call.reply.bulk(name);
            count += 1;
        }
    }
    call.reply.end_array(begun, count);
    Ok(())
}

/// PUBSUB NUMSUB [channel ...]
fn numsub(call: &mut Call<'_>) -> CommandResult {
    count(call, Topic::Channel)
}

/// PUBSUB SHARDNUMSUB [shardchannel ...]
fn shardnumsub(call: &mut Call<'_>) -> CommandResult {
    count(call, Topic::Shard)
}

fn count(call: &mut Call<'_>, topic: Topic) -> CommandResult {
    call.reply.array(2 * (call.args.len() - 2));
    for name in call.args.iter_from(2) {
        call.reply.bulk(name);
        call.reply.integer(call.server.pubsub.subscribers_len(topic, name) as i64);
    }
    Ok(())
}

/// PUBSUB NUMPAT
fn numpat(call: &mut Call<'_>) -> CommandResult {
    call.reply.integer(call.server.pubsub.len_of(Topic::Pattern) as i64);
    Ok(())
}

const FLAGS: Flags = Flags::PUBSUB.union(Flags::LOADING).union(Flags::STALE);
const SUBSCRIBING: Flags = FLAGS.union(Flags::NOSCRIPT);
const SHARD_CHANNELS: &[KeySpec] = &[KeySpec::range(1, -1, 1, KeyFlags::NOT_KEY)];

const fn row(name: &'static str, arity: i32, handler: Handler, flags: Flags) -> CommandSpec {
    CommandSpec::new(name, arity, Group::PubSub, handler).flags(flags)
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[
    row("subscribe", -2, subscribe, SUBSCRIBING)
        .usage("channel [channel ...]")
        .about("2.0.0", "Receive what is published to channels."),
    row("unsubscribe", -1, unsubscribe, SUBSCRIBING)
        .usage("[channel [channel ...]]")
        .about("2.0.0", "Receive no more from channels, or from none."),
    row("psubscribe", -2, psubscribe, SUBSCRIBING)
        .usage("pattern [pattern ...]")
        .about("2.0.0", "Receive what is published to channels that match patterns."),
    row("punsubscribe", -1, punsubscribe, SUBSCRIBING)
        .usage("[pattern [pattern ...]]")
        .about("2.0.0", "Receive no more by patterns, or by no pattern."),
    row("ssubscribe", -2, ssubscribe, SUBSCRIBING)
        .usage("shardchannel [shardchannel ...]")
        .keys(SHARD_CHANNELS)
        .about("7.0.0", "Receive what is published to shard channels."),
    row("sunsubscribe", -1, sunsubscribe, SUBSCRIBING)
        .usage("[shardchannel [shardchannel ...]]")
        .keys(SHARD_CHANNELS)
        .about("7.0.0", "Receive no more from shard channels, or from none."),
    row("publish", 3, publish, FLAGS.union(Flags::FAST))
        .usage("channel message")
        .about("2.0.0", "Send a message to a channel."),
    row("spublish", 3, spublish, FLAGS.union(Flags::FAST))
        .usage("shardchannel message")
        .keys(&[KeySpec::one(1, KeyFlags::NOT_KEY)])
        .about("7.0.0", "Send a message to a shard channel."),
    CommandSpec::container(
        "pubsub",
        Group::PubSub,
        &[
            row("pubsub|channels", -2, channels, FLAGS)
                .usage("[pattern]")
                .about("2.8.0", "List the channels that have subscribers."),
            help::row("pubsub|help", Group::PubSub, "6.2.0").with_categories(Category::empty()),
            row("pubsub|numpat", 2, numpat, FLAGS)
                .about("2.8.0", "Count the patterns that have subscribers."),
            row("pubsub|numsub", -2, numsub, FLAGS)
                .usage("[channel [channel ...]]")
                .about("2.8.0", "Count the subscribers of channels; those of patterns are left out."),
            row("pubsub|shardchannels", -2, shardchannels, FLAGS)
                .usage("[pattern]")
                .about("7.0.0", "List the shard channels that have subscribers."),
            row("pubsub|shardnumsub", -2, shardnumsub, FLAGS)
                .usage("[shardchannel [shardchannel ...]]")
                .about("7.0.0", "Count the subscribers of shard channels."),
        ],
    )
    .about("2.8.0", "Commands about channels and their subscribers."),
];

#[cfg(test)]
mod tests {
    use crate::server::SessionFlags;
    use crate::slot::SLOT_COUNT;
    use crate::testing::{Host, Wire};

    fn told(word: &str, name: &str, count: usize) -> String {
        format!("*3\r\n${}\r\n{word}\r\n${}\r\n{name}\r\n:{count}\r\n", word.len(), name.len())
    }

    fn connect<const COUNT: usize>(host: &mut Host) -> [Wire; COUNT] {
        std::array::from_fn(|_| host.connect())
    }

    #[test]
    fn messages_reach_the_subscribers_of_the_channel_and_of_patterns() {
        let mut host = Host::alone();
        let [mut old, mut new, mut publisher] = connect(&mut host);
        let said = host.run(&mut old, "SUBSCRIBE news news other\nPSUBSCRIBE n*s\nSSUBSCRIBE news");
        let expected = [("subscribe", "news", 1), ("subscribe", "news", 1), ("subscribe", "other", 2)];
        let expected: String = expected.map(|(word, name, count)| told(word, name, count)).concat();
        assert_eq!(said, expected + &told("psubscribe", "n*s", 3) + &told("ssubscribe", "news", 1));
        host.run(&mut new, "HELLO 3\nSUBSCRIBE news");
        assert_eq!(
            host.run(&mut publisher, "PUBLISH news hi\nPUBLISH nobody hi\nSPUBLISH news ho"),
            ":3\r\n:0\r\n:1\r\n"
        );
        let news = "3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
        let by_pattern = "*4\r\n$8\r\npmessage\r\n$3\r\nn*s\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
        let in_shard = "*3\r\n$8\r\nsmessage\r\n$4\r\nnews\r\n$2\r\nho\r\n";
        assert_eq!(old.received(), format!("*{news}{by_pattern}{in_shard}"));
        assert_eq!(new.received(), format!(">{news}"));
        let said = host.run(
            &mut publisher,
            "PUBSUB NUMSUB news nobody\nPUBSUB CHANNELS o*\nPUBSUB NUMPAT\nPUBSUB SHARDNUMSUB news",
        );
        assert_eq!(
            said,
            "*4\r\n$4\r\nnews\r\n:2\r\n$6\r\nnobody\r\n:0\r\n*1\r\n$5\r\nother\r\n:1\r\n*2\r\n$4\r\nnews\r\n:1\r\n"
        );
    }

    #[test]
    fn in_resp2_a_subscriber_may_say_little_else() {
        let mut host = Host::alone();
        let [mut wire] = connect(&mut host);
        host.run(&mut wire, "SUBSCRIBE a");
        let refused = |name: &str| {
            format!(
                "Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
                 this context\r\n"
            )
        };
        assert_eq!(host.run(&mut wire, "GET k"), format!("-ERR {}", refused("get")));
        assert_eq!(host.run(&mut wire, "CLIENT ID"), format!("-ERR {}", refused("client|id")));
        let aborted = "-EXECABORT Transaction discarded because of: ";
        assert_eq!(host.run(&mut wire, "EXEC"), format!("{aborted}{}", refused("exec")));
        assert_eq!(
            host.run(&mut wire, "PING\nPING x"),
            "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\nx\r\n"
        );
        assert_eq!(host.run(&mut wire, "UNSUBSCRIBE\nPING"), told("unsubscribe", "a", 0) + "+PONG\r\n");
        assert_eq!(
            host.run(&mut wire, "SSUBSCRIBE a\nRESET\nPING"),
            told("ssubscribe", "a", 1) + "+RESET\r\n+PONG\r\n"
        );
    }

    #[test]
    fn a_client_gets_its_own_messages_behind_its_replies() {
        let mut host = Host::alone();
        let [mut wire] = connect(&mut host);
        host.run(&mut wire, "HELLO 3\nSUBSCRIBE a");
        let message = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n";
        assert_eq!(host.run(&mut wire, "PUBLISH a x\nPING"), format!(":1\r\n{message}+PONG\r\n"));
        let said = host.run(&mut wire, "MULTI\nPUBLISH a x\nPING\nEXEC\nPING");
        assert_eq!(said, format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n+PONG\r\n{message}+PONG\r\n"));
        // What it did not ask for reaches it also when it wants no replies.
        let said = host.run(&mut wire, "CLIENT REPLY OFF\nPUBLISH a x\nSUBSCRIBE b\nPING\nCLIENT REPLY ON");
        assert_eq!(said, format!("{message}>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n+OK\r\n"));
        let said =
            host.run(&mut wire, "CLIENT REPLY SKIP\nPUBLISH a x\nCLIENT REPLY SKIP\nUNSUBSCRIBE b\nPING");
        assert_eq!(said, format!("{message}>3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n+PONG\r\n"));
    }

    #[test]
    fn subscriptions_end_with_the_client() {
        let mut host = Host::alone();
        let [mut hung_up, mut reset, mut killed, mut other] = connect(&mut host);
        for wire in [&mut hung_up, &mut reset, &mut killed] {
            host.run(wire, "SUBSCRIBE a b\nPSUBSCRIBE a*\nSSUBSCRIBE s");
        }
        assert_eq!(host.core.server.pubsub.clients_count, 3);
        drop(hung_up);
        host.run(&mut reset, "RESET");
        assert_eq!(host.run(&mut other, "PUBSUB NUMSUB a b"), "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n:1\r\n");
        assert_eq!(host.run(&mut other, "CLIENT KILL TYPE pubsub\nPUBLISH a x"), ":1\r\n:2\r\n");
        assert_eq!(host.core.server.pubsub.clients_count, 0);
        assert_eq!(
            host.run(&mut other, "PUBSUB CHANNELS\nPUBSUB NUMPAT\nPUBSUB SHARDCHANNELS"),
            "*0\r\n:0\r\n*0\r\n"
        );
    }

    #[test]
    fn a_subscriber_that_does_not_read_is_dropped() {
        let mut host = Host::alone();
        let limits = host.core.server.config.output_limits.changed_by("pubsub 1mb 0 0").unwrap();
        host.core.server.config.output_limits = limits;
        let [mut deaf, mut publisher] = connect(&mut host);
        host.run(&mut deaf, "SUBSCRIBE a");
        let message = format!("PUBLISH a {}", "x".repeat(60_000));
        let mut sent = 0;
        while host.core.server.pubsub.clients_count > 0 && sent < 1_000 {
            host.run(&mut publisher, &message);
            sent += 1;
        }
        // Its socket holds some, the limit is a megabyte.
        assert!((17..100).contains(&sent), "{sent} messages");
        assert_eq!(host.core.server.stats.output_buffer_limit_disconnections, 1);
        assert!(deaf.received().ends_with("<closed>"));
    }

    #[test]
    fn a_shard_channel_is_not_subscribed_to_in_a_transaction() {
        let mut host = Host::alone();
        let [mut wire] = connect(&mut host);
        let said = host.run(&mut wire, "MULTI\nSUBSCRIBE a\nSSUBSCRIBE a\nEXEC");
        let refused = "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client\r\n";
        assert_eq!(
            said,
            format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n{}{refused}", told("subscribe", "a", 1))
        );
        let flags = host.core.server.clients.others().next().unwrap().session.flags;
        assert_eq!(flags, SessionFlags::SUBSCRIBED);
    }

    #[test]
    fn shard_channels_that_have_moved_are_lost() {
        let mut host = Host::member(SLOT_COUNT);
        let [mut wire, mut publisher] = connect(&mut host);
        // Slots 3300 and 7365.
        assert_eq!(
            host.run(&mut wire, "SSUBSCRIBE b\nSSUBSCRIBE c\nSUBSCRIBE c").matches("subscribe").count(),
            3
        );
        host.serve_slots_below(5_000);
        assert_eq!(wire.received(), told("sunsubscribe", "c", 1));
        let said = host.run(&mut publisher, "SPUBLISH b x\nSPUBLISH c x\nPUBLISH c x");
        assert_eq!(said, ":1\r\n-MOVED 7365 there:2\r\n:1\r\n");
        assert_eq!(host.run(&mut wire, "SSUBSCRIBE c").matches("-MOVED 7365 there:2\r\n").count(), 1);
    }
}
