//! Reports of the latency monitor for people.

use std::fmt::Write;

use super::latency::{LatencyMonitor, LatencySample, LatencySeries};
use crate::server::Config;

/// Columns of a graph: the newest samples that fit a terminal.
const COLUMNS_MAX: usize = 80;
/// From bottom to top, a quarter of a line each.
const HEIGHTS: [char; 4] = ['_', 'o', 'O', '#'];
const LINES: u64 = 4;

/// The newest samples of an event as columns, the oldest at the left, each with its age below it.
pub fn graph(name: &str, series: &LatencySeries, now_s: i64) -> String {
    let skipped = series.samples().len().saturating_sub(COLUMNS_MAX);
    let samples: Vec<LatencySample> = series.samples().skip(skipped).collect();
    let high = samples.iter().map(|sample| sample.ms).max().unwrap_or_default();
    let low = samples.iter().map(|sample| sample.ms).min().unwrap_or_default();
    let mut text = format!("{name} - high {high} ms, low {low} ms (all time high {} ms)\n", series.max_ms);
    text.push_str(&"-".repeat(COLUMNS_MAX));
    text.push('\n');
    let steps = LINES * HEIGHTS.len() as u64 - 1;
    for line in (0..LINES).rev() {
        for sample in &samples {
            let height = ((sample.ms - low) * steps).checked_div(high - low).unwrap_or_default();
            let within = height.checked_sub(line * HEIGHTS.len() as u64);
            text.push(match within {
                Some(step) if step < HEIGHTS.len() as u64 => HEIGHTS[step as usize],
                Some(_) => '|',
                None => ' ',
            });
        }
        text.push('\n');
    }
    let ages: Vec<String> = samples.iter().map(|sample| age(now_s - sample.unix_s)).collect();
    for row in 0..ages.iter().map(String::len).max().unwrap_or_default() {
        text.push('\n');
        text.extend(ages.iter().map(|age| age.chars().nth(row).unwrap_or(' ')));
    }
    text.push('\n');
    text
}

/// Seconds in the largest unit that they fill.
fn age(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// What took long, and what to do about it.
pub fn advice(monitor: &LatencyMonitor, config: &Config) -> String {
    let threshold_ms = config.latency_monitor_threshold;
    if monitor.all().len() == 0 {
        return if threshold_ms > 0 {
            format!("Nothing has taken {threshold_ms} ms or longer since latency monitoring is on.\n")
        } else {
            "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n"
                .to_owned()
        };
    }
    let mut text = String::from("These events took long:\n\n");
    for (event, series) in monitor.all() {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "- {}: {} times, {:.1} ms on average, {} ms at most",
            event.name(),
            series.count,
            series.sum_ms as f64 / series.count.max(1) as f64,
            series.max_ms
        );
    }
    text.push_str("\nWhat can be done:\n\n");
    let slow_log_us = config.slow_log.threshold;
    if slow_log_us < 0 || slow_log_us > threshold_ms.max(1).saturating_mul(1_000) {
        let _ = writeln!(
            text,
            "- CONFIG SET slowlog-log-slower-than {}, so that the slow log shows which commands these were.",
            threshold_ms.max(1) * 1_000
        );
    } else {
        text.push_str("- SLOWLOG GET shows which commands these were.\n");
    }
    for (event, _) in monitor.all() {
        let _ = writeln!(text, "- {}", event.remedy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::LatencyEvent;

    #[test]
    fn graph_has_a_column_for_each_sample_and_tells_their_ages() {
        let mut monitor = LatencyMonitor::default();
        for (second, ms) in [(0, 10), (3_000, 25), (3_600, 40)] {
            monitor.note(LatencyEvent::Command, 1, second, ms * 1_000);
        }
        let text = graph("command", monitor.series(b"command").unwrap(), 3_605);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "command - high 40 ms, low 10 ms (all time high 40 ms)");
        assert_eq!(lines[2..6], ["  #", "  |", " #|", "_||"]);
        assert_eq!(lines[7..], ["115", "h0s", " m "]);
    }

    #[test]
    fn advice_names_what_took_long() {
        let (mut monitor, mut config) = (LatencyMonitor::default(), Config::default());
        assert!(advice(&monitor, &config).contains("monitoring is off"));
        config.latency_monitor_threshold = 5;
        assert!(advice(&monitor, &config).contains("Nothing has taken 5 ms"));
        monitor.note(LatencyEvent::Command, 5, 0, 7_000);
        let text = advice(&monitor, &config);
        assert!(text.contains("- command: 1 times, 7.0 ms on average, 7 ms at most"), "{text}");
        assert!(text.contains("slowlog-log-slower-than 5000"), "{text}");
    }
}
