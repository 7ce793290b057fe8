//! LATENCY: what took long, and how long commands take.

use super::call::{Call, CommandResult};
use super::error::CommandError;
use super::introspect::row_named;
use super::spec::{CommandSpec, Flags, Group, Handler};
use super::text::until_nul;
use super::{help, registry};
use crate::observe::latency_report;

/// LATENCY LATEST
fn latest(call: &mut Call<'_>) -> CommandResult {
    let events = call.server.latency.all();
    call.reply.array(events.len());
    for (event, series) in events {
        let Some(last) = series.samples().next_back() else { continue };
        call.reply.array(6);
        call.reply.bulk(event.name().as_bytes());
        for number in
            [last.unix_s, last.ms as i64, series.max_ms as i64, series.sum_ms as i64, series.count as i64]
        {
            call.reply.integer(number);
        }
    }
    Ok(())
}

/// LATENCY HISTORY event
fn history(call: &mut Call<'_>) -> CommandResult {
    let Some(series) = call.server.latency.series(call.args.get(2)) else {
        call.reply.array(0);
        return Ok(());
    };
    call.reply.array(series.samples().len());
    for sample in series.samples() {
        call.reply.array(2);
        call.reply.integer(sample.unix_s);
        call.reply.integer(sample.ms as i64);
    }
    Ok(())
}

/// LATENCY RESET [event ...]
fn reset(call: &mut Call<'_>) -> CommandResult {
    let names: Vec<&[u8]> = call.args.iter_from(2).collect();
    let count = call.server.latency.reset(&names);
    call.reply.integer(count as i64);
    Ok(())
}

/// LATENCY GRAPH event
fn graph(call: &mut Call<'_>) -> CommandResult {
    let name = call.args.get(2);
    let Some(series) = call.server.latency.series(name) else {
        let text = [b"ERR No samples available for event '", until_nul(name), b"'"].concat();
        return Err(CommandError::new(text));
    };
    let text = latency_report::graph(&String::from_utf8_lossy(name), series, call.now.unix_ms() / 1_000);
    call.reply.verbatim(text.as_bytes());
    Ok(())
}

/// LATENCY DOCTOR
fn doctor(call: &mut Call<'_>) -> CommandResult {
    let text = latency_report::advice(&call.server.latency, &call.server.config);
    call.reply.verbatim(text.as_bytes());
    Ok(())
}

/// LATENCY HISTOGRAM [command ...]
fn histogram(call: &mut Call<'_>) -> CommandResult {
    let mut wanted: Vec<&'static CommandSpec> = Vec::new();
    for name in call.args.iter_from(2) {
        if let Some(entry) = row_named(name) {
            wanted.push(entry.spec);
            wanted.extend(entry.spec.subcommands);
        }
    }
    if call.args.len() == 2 {
        wanted.extend(registry().all());
    }
    let begun = call.reply.begin();
    let mut shown = 0;
    for (spec, stats) in call.server.stats.commands_with_names() {
        let Some(latency) = &stats.latency else { continue };
        if !wanted.iter().any(|wanted| std::ptr::eq(*wanted, spec)) {
            continue;
        }
        shown += 1;
        call.reply.bulk(spec.name.as_bytes());
        call.reply.map(2);
        call.reply.bulk(b"calls");
        call.reply.integer(latency.calls() as i64);
        call.reply.bulk(b"histogram_usec");
        let doublings = latency.doublings();
        call.reply.map(doublings.len());
        for (us, calls) in doublings {
            call.reply.integer(us as i64);
            call.reply.integer(calls as i64);
        }
    }
    call.reply.end_map(begun, shown);
    Ok(())
}

const ADMIN: Flags = Flags::ADMIN.union(Flags::NOSCRIPT).union(Flags::LOADING).union(Flags::STALE);
const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const fn row(name: &'static str, arity: i32, handler: Handler) -> CommandSpec {
    CommandSpec::new(name, arity, Group::Server, handler).flags(ADMIN).tips(TIPS)
}

/// The rows of this file.
pub(super) const TABLE: &[CommandSpec] = &[CommandSpec::container(
    "latency",
    Group::Server,
    &[
        row("latency|doctor", 2, doctor).about("2.8.13", "Tell what took long, and what to do about it."),
        row("latency|graph", 3, graph).usage("event").about("2.8.13", "Draw how long an event took."),
        help::row("latency|help", Group::Server, "2.8.13"),
        row("latency|histogram", -2, histogram)
            .usage("[command [command ...]]")
            .about("7.0.0", "Tell how many calls of commands took how long."),
        row("latency|history", 3, history).usage("event").about("2.8.13", "Tell how long an event took."),
        row("latency|latest", 2, latest).about("2.8.13", "Tell how long each event took lately."),
        row("latency|reset", -2, reset)
            .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
            .usage("[event [event ...]]")
            .about("2.8.13", "Forget how long events took, these or all."),
    ],
)
.about("2.8.13", "Commands about what took long.")];

#[cfg(test)]
mod tests {
    use crate::observe::LatencyEvent;
    use crate::testing::Node;

    #[test]
    fn events_are_told_with_their_last_longest_and_all_their_times() {
        let mut node = Node::alone();
        node.run("CONFIG SET latency-monitor-threshold 5");
        for us in [9_000, 7_000, 4_000] {
            node.core.server.now.unix_us += 1_000_000;
            node.core.server.note_latency(LatencyEvent::ExpireCycle, us);
        }
        node.expect(&[
            ("LATENCY LATEST", "*1\r\n*6\r\n$12\r\nexpire-cycle\r\n:1700000002\r\n:7\r\n:9\r\n:16\r\n:2\r\n"),
            ("LATENCY HISTORY expire-cycle", "*2\r\n*2\r\n:1700000001\r\n:9\r\n*2\r\n:1700000002\r\n:7\r\n"),
            ("LATENCY HISTORY junk", "*0\r\n"),
            ("LATENCY GRAPH junk", "-ERR No samples available for event 'junk'\r\n"),
            ("LATENCY RESET junk command", ":0\r\n"),
            ("LATENCY RESET", ":1\r\n"),
            ("LATENCY LATEST", "*0\r\n"),
        ]);
    }

    #[test]
    fn histograms_are_told_of_the_commands_asked_for() {
        let mut node = Node::alone();
        node.expect(&[
            ("GET k", "$-1\r\n"),
            ("CLIENT ID", ":1\r\n"),
            ("LATENCY HISTOGRAM set nosuch", "*0\r\n"),
        ]);
        let shown = node.run("LATENCY HISTOGRAM get client");
        assert!(shown.starts_with("*4\r\n"), "{shown}");
        for part in [
            "$3\r\nget\r\n*4\r\n$5\r\ncalls\r\n:1\r\n$14\r\nhistogram_usec\r\n*2\r\n:",
            "$9\r\nclient|id\r\n",
        ] {
            assert!(shown.contains(part), "{shown}");
        }
        node.run("CONFIG SET latency-tracking no");
        node.run("CONFIG RESETSTAT");
        node.expect(&[("GET k", "$-1\r\n"), ("LATENCY HISTOGRAM", "*0\r\n")]);
    }
}
