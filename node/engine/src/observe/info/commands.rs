//! INFO commandstats, errorstats and latencystats.

use super::Subject;
use super::fields::Fields;
use crate::clock::ticks_to_us;

pub(super) fn write_calls(subject: &Subject<'_>, fields: &mut Fields) {
    for (spec, stats) in subject.server.stats.commands_with_names() {
        if stats.calls == 0 && stats.rejected == 0 {
            continue;
        }
        let us = ticks_to_us(stats.ticks);
        let per_call = if stats.calls == 0 { 0.0 } else { us / stats.calls as f64 };
        fields.add(
            format!("cmdstat_{}", spec.name),
            format_args!(
                "calls={},usec={us:.0},usec_per_call={per_call:.2},rejected_calls={},failed_calls={}",
                stats.calls, stats.rejected, stats.failed
            ),
        );
    }
}

pub(super) fn write_errors(subject: &Subject<'_>, fields: &mut Fields) {
    for (code, count) in &subject.server.stats.errors_by_code {
        fields.add(format!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub(super) fn write_latency(subject: &Subject<'_>, fields: &mut Fields) {
    let percentiles = &subject.server.config.latency_percentiles;
    for (spec, stats) in subject.server.stats.commands_with_names() {
        let Some(latency) = &stats.latency else { continue };
        let shown = percentiles.0.iter().map(|percentile| {
            format!("p{percentile}={:.3}", latency.percentile_ns(*percentile) as f64 / 1_000.0)
        });
        fields.add(format!("latency_percentiles_usec_{}", spec.name), shown.collect::<Vec<_>>().join(","));
    }
}
