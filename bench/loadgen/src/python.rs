//! The Python face: one function, keyword settings in, a dictionary out.

use std::time::Duration;

use pyo3::exceptions::{PyConnectionError, PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::config::{Config, KeyOrder, Length, Pace, Topology};
use crate::driver::run_until;
use crate::error::RunError;
use crate::report::{LatencySummary, Report};

#[pymodule]
#[pyo3(name = "_loadgen")]
mod loadgen {
    #[pymodule_export]
    use super::run;
}

/// Carry out one run; documented in `bench/_loadgen.pyi`.
#[pyfunction]
#[pyo3(signature = (
    host, port, *, rate=None, pipeline=1, connections=50, ops=None, duration_s=None, warmup_s=0.0, keys=100_000,
    key_size=16, value_size=100, reads=10, writes=1, distribution="uniform", zipf_exponent=0.99, expire_s=None,
    cluster=None, spin=false, lag_max_s=1.0, seed=1,
))]
// One keyword a setting is what the Python caller writes; a struct would only move the list.
#[allow(clippy::too_many_arguments)]
fn run<'py>(
    py: Python<'py>,
    host: String,
    port: u16,
    rate: Option<f64>,
    pipeline: u32,
    connections: u32,
    ops: Option<u64>,
    duration_s: Option<f64>,
    warmup_s: f64,
    keys: u64,
    key_size: usize,
    value_size: usize,
    reads: u32,
    writes: u32,
    distribution: &str,
    zipf_exponent: f64,
    expire_s: Option<u32>,
    cluster: Option<bool>,
    spin: bool,
    lag_max_s: f64,
    seed: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let config = Config {
        topology: match cluster {
            None => Topology::Auto,
            Some(true) => Topology::Cluster,
            Some(false) => Topology::Single,
        },
        connections,
        pace: rate.map_or(Pace::Closed { pipeline }, |rate_per_s| Pace::Open { rate_per_s }),
        length: match (ops, duration_s) {
            (Some(ops), None) => Length::Ops(ops),
            (None, Some(duration_s)) => Length::Time(seconds("duration_s", duration_s)?),
            _ => return Err(PyValueError::new_err("give either ops or duration_s")),
        },
        warmup: seconds("warmup_s", warmup_s)?,
        key_count: keys,
        key_size,
        value_size,
        reads,
        writes,
        key_order: match distribution {
            "uniform" => KeyOrder::Uniform,
            "zipf" => KeyOrder::Zipf { exponent: zipf_exponent },
            "sequential" => KeyOrder::Sequential,
            _ => {
                return Err(PyValueError::new_err("distribution must be uniform, zipf or sequential"));
            }
        },
        expire_s,
        spin,
        lag_max: seconds("lag_max_s", lag_max_s)?,
        seed,
        ..Config::new(host, port)
    };
    // Ctrl-C ends the run; the pending exception is raised once it has ended.
    let mut signal = None;
    let mut should_stop = || match Python::attach(|py| py.check_signals()) {
        Ok(()) => false,
        Err(error) => {
            signal = Some(error);
            true
        }
    };
    let result = py.detach(|| run_until(&config, &mut should_stop));
    match signal {
        Some(error) => Err(error),
        None => to_dict(py, &result.map_err(to_py_err)?),
    }
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value).map_err(|error| PyValueError::new_err(format!("{name}: {error}")))
}

fn to_py_err(error: RunError) -> PyErr {
    let text = error.to_string();
    match error {
        RunError::Config(_) => PyValueError::new_err(text),
        RunError::Connect { .. } | RunError::NoCluster { .. } => PyConnectionError::new_err(text),
        RunError::System(_) => PyOSError::new_err(text),
    }
}

fn to_dict<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("elapsed_s", report.elapsed_s)?;
    dict.set_item("ops", report.ops)?;
    dict.set_item("ops_done", report.ops_done)?;
    dict.set_item("rate_per_s", report.rate_per_s)?;
    dict.set_item("hits", report.hits)?;
    dict.set_item("misses", report.misses)?;
    dict.set_item("errors", &report.errors)?;
    dict.set_item("ops_shed", report.ops_shed)?;
    dict.set_item("saturated", report.saturated)?;
    dict.set_item("redirects", report.redirects)?;
    dict.set_item("refreshes", report.refreshes)?;
    dict.set_item("connections_lost", report.connections_lost)?;
    dict.set_item("latency", summary(py, &report.latency)?)?;
    dict.set_item("read_latency", summary(py, &report.read_latency)?)?;
    dict.set_item("write_latency", summary(py, &report.write_latency)?)?;
    dict.set_item("lateness", summary(py, &report.lateness)?)?;
    dict.set_item("cpu_s", report.cpu_s)?;
    dict.set_item("primaries", report.primaries)?;
    Ok(dict)
}

fn summary<'py>(py: Python<'py>, summary: &LatencySummary) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("count", summary.count)?;
    dict.set_item("min_us", summary.min_us)?;
    dict.set_item("mean_us", summary.mean_us)?;
    dict.set_item("p50_us", summary.p50_us)?;
    dict.set_item("p90_us", summary.p90_us)?;
    dict.set_item("p99_us", summary.p99_us)?;
    dict.set_item("p999_us", summary.p999_us)?;
    dict.set_item("p9999_us", summary.p9999_us)?;
    dict.set_item("max_us", summary.max_us)?;
    Ok(dict)
}
