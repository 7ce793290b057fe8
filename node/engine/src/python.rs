//! The Python face of the engine: `pycluster.node._engine`, typed by `node/_engine.pyi`.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};

use crate::engine::{self, EngineError as CoreError};
use crate::resp::Protocol;
use crate::server::{Identity, Published, ReplyValue, SubscriptionChange, Topic, Topology};
use crate::slot::SlotIndex;

create_exception!(
    pycluster.node._engine,
    EngineError,
    PyException,
    "The engine could not do what was asked: a socket error, a bad setting, an unknown request id."
);

/// Deepest nesting of a reply made by Python: deeper ones would be a mistake, and recursion has to end.
const REPLY_DEPTH_MAX: usize = 32;

fn to_py_err(error: CoreError) -> PyErr {
    match error {
        CoreError::Io(error) => os_error(error),
        other => EngineError::new_err(other.to_string()),
    }
}

/// The `OSError` with its `errno`, of which Python makes the fitting subclass; PyO3's own conversion drops the number.
fn os_error(error: std::io::Error) -> PyErr {
    match error.raw_os_error() {
        Some(number) => {
            let text = error.to_string();
            let reason = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
            PyOSError::new_err((number, reason.to_owned()))
        }
        None => error.into(),
    }
}

/// A RESP value that has no natural Python type.
#[pyclass(frozen, module = "pycluster.node._engine")]
struct Reply(ReplyValue);

#[pymethods]
impl Reply {
    #[staticmethod]
    fn simple(text: &str) -> Self {
        Self(ReplyValue::Simple(text.replace(['\r', '\n'], " ")))
    }

    #[staticmethod]
    fn error(text: String) -> Self {
        Self(ReplyValue::Error(text))
    }

    #[staticmethod]
    fn verbatim(text: String) -> Self {
        Self(ReplyValue::Verbatim(text))
    }

    #[staticmethod]
    fn null_array() -> Self {
        Self(ReplyValue::NullArray)
    }
}

/// A command that Python answers.
#[pyclass(frozen, module = "pycluster.node._engine")]
struct ControlRequest(crate::server::ControlRequest);

#[pymethods]
impl ControlRequest {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id
    }

    #[getter]
    fn argv<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.argv.iter().map(|arg| PyBytes::new(py, arg)).collect()
    }

    #[getter]
    fn client_id(&self) -> u64 {
        self.0.client_id
    }

    #[getter]
    fn resp_version(&self) -> u8 {
        if self.0.protocol == Protocol::Resp3 { 3 } else { 2 }
    }

    #[getter]
    fn local_address(&self) -> &str {
        &self.0.local_address
    }
}

/// One node's data path. The mutex is never locked (every method has the engine to itself): it makes the type `Sync`.
#[pyclass(module = "pycluster.node._engine")]
struct Engine(Mutex<engine::Engine>);

impl Engine {
    fn core(&mut self) -> &mut engine::Engine {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pairs(settings: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn read_settings(settings: &Bound<'_, PyAny>) -> PyResult<Vec<(String, String)>> {
    settings.call_method0("items")?.try_iter()?.map(|item| item?.extract::<(String, String)>()).collect()
}

fn borrow_fd(fd: i32) -> PyResult<BorrowedFd<'static>> {
    if fd < 0 {
        return Err(PyValueError::new_err(format!("not a file descriptor: {fd}")));
    }
    // SAFETY: the descriptor is only handed to epoll_ctl during the call, which refuses one that is not open.
    Ok(unsafe { BorrowedFd::borrow_raw(fd) })
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (*, config = None, cluster = false, node_id = String::new(), run_id = String::new()))]
    fn new(
        config: Option<&Bound<'_, PyAny>>,
        cluster: bool,
        node_id: String,
        run_id: String,
    ) -> PyResult<Self> {
        let settings = config.map_or_else(|| Ok(Vec::new()), read_settings)?;
        let identity = Identity { node_id, run_id, cluster };
        engine::Engine::new(identity, pairs(&settings)).map(|core| Self(Mutex::new(core))).map_err(to_py_err)
    }

    fn listen(&mut self, host: &str, port: u16) -> PyResult<u16> {
        self.core().listen(host, port).map_err(to_py_err)
    }

    fn fileno(&mut self) -> i32 {
        self.core().fd().as_raw_fd()
    }

    #[pyo3(signature = (*, budget_us))]
    fn turn(&mut self, py: Python<'_>, budget_us: u64) -> PyResult<Vec<ControlRequest>> {
        let requests = py.detach(|| self.core().turn(budget_us)).map_err(to_py_err)?;
        Ok(requests.into_iter().map(ControlRequest).collect())
    }

    fn watch(&mut self, fd: i32) -> PyResult<()> {
        self.core().watch(borrow_fd(fd)?).map_err(to_py_err)
    }

    fn unwatch(&mut self, fd: i32) -> PyResult<()> {
        self.core().unwatch(borrow_fd(fd)?).map_err(to_py_err)
    }

    fn reply(&mut self, request_id: u64, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = to_reply(value, 0)?;
        self.core().reply(request_id, &value).map_err(to_py_err)
    }

    #[pyo3(signature = (*, slot_owners, endpoints, mine, replica, down_reason))]
    fn set_topology(
        &mut self,
        slot_owners: &[u8],
        endpoints: Vec<(String, u16)>,
        mine: Option<usize>,
        replica: bool,
        down_reason: Option<String>,
    ) -> PyResult<()> {
        let topology = Topology::new(slot_owners, endpoints, mine, replica, down_reason)
            .map_err(EngineError::new_err)?;
        self.core().set_topology(topology).map_err(to_py_err)
    }

    fn config_get<'py>(&mut self, py: Python<'py>, pattern: &str) -> PyResult<Bound<'py, PyDict>> {
        let settings = PyDict::new(py);
        for (name, value) in self.core().config_get(pattern) {
            settings.set_item(name, value)?;
        }
        Ok(settings)
    }

    fn config_set(&mut self, settings: &Bound<'_, PyAny>) -> PyResult<()> {
        let settings = read_settings(settings)?;
        self.core().config_set(pairs(&settings)).map_err(to_py_err)
    }

    #[pyo3(signature = (*sections))]
    fn info<'py>(&mut self, py: Python<'py>, sections: Vec<String>) -> PyResult<Bound<'py, PyDict>> {
        let sections: Vec<&str> = sections.iter().map(String::as_str).collect();
        let fields = PyDict::new(py);
        for (name, value) in self.core().info(&sections) {
            fields.set_item(name, value)?;
        }
        Ok(fields)
    }

    #[getter]
    fn has_pubsub(&mut self) -> bool {
        self.core().has_pubsub()
    }

    fn take_pubsub<'py>(&mut self, py: Python<'py>) -> (Vec<MessageOut<'py>>, Vec<ChangeOut<'py>>) {
        let (published, changes) = self.core().take_pubsub();
        let published = published.into_iter().map(|published| {
            let patterns = published.patterns.iter().map(|pattern| PyBytes::new(py, pattern)).collect();
            let (channel, message) =
                (PyBytes::new(py, &published.channel), PyBytes::new(py, &published.message));
            (published.topic.name(), channel, message, patterns)
        });
        let changes = changes.into_iter();
        let changes =
            changes.map(|change| (change.topic.name(), PyBytes::new(py, &change.name), change.subscribed));
        (published.collect(), changes.collect())
    }

    fn subscriptions<'py>(&mut self, py: Python<'py>) -> Vec<(&'static str, Bound<'py, PyBytes>)> {
        let all = self.core().subscriptions();
        all.into_iter().map(|(topic, name)| (topic.name(), PyBytes::new(py, &name))).collect()
    }

    #[pyo3(signature = (changes, *, reset))]
    fn change_wanted(&mut self, changes: Vec<(String, Vec<u8>, bool)>, reset: bool) -> PyResult<()> {
        let changes = changes.into_iter().map(|(name, bytes, subscribed)| {
            Ok(SubscriptionChange { topic: topic_named(&name)?, name: bytes, subscribed })
        });
        self.core().change_wanted(changes.collect::<PyResult<_>>()?, reset);
        Ok(())
    }

    fn deliver(&mut self, messages: Vec<(String, Vec<u8>, Vec<u8>)>) -> PyResult<()> {
        let messages = messages.into_iter().map(|(name, channel, message)| {
            Ok(Published { topic: topic_named(&name)?, channel, message, patterns: Vec::new() })
        });
        self.core().deliver(&messages.collect::<PyResult<Vec<_>>>()?).map_err(to_py_err)
    }

    fn dbsize(&mut self) -> u64 {
        self.core().dbsize()
    }

    fn count_keys_in_slot(&mut self, slot: u16) -> PyResult<usize> {
        let slot =
            SlotIndex::new(slot).ok_or_else(|| EngineError::new_err(format!("no such slot: {slot}")))?;
        Ok(self.core().core_mut().keyspace.database(0).slot_len(slot))
    }

    fn stop_listening(&mut self) {
        self.core().stop_listening();
    }

    fn close(&mut self) {
        self.core().close();
    }
}

/// Topic, name, and whether there is a subscriber now.
type ChangeOut<'py> = (&'static str, Bound<'py, PyBytes>, bool);

/// Topic, channel, message and matching patterns of a message for other nodes.
type MessageOut<'py> = (&'static str, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<Bound<'py, PyBytes>>);

fn topic_named(name: &str) -> PyResult<Topic> {
    Topic::from_name(name).ok_or_else(|| PyValueError::new_err(format!("no topic: {name}")))
}

/// Convert what `Engine.reply` takes.
fn to_reply(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<ReplyValue> {
    if depth > REPLY_DEPTH_MAX {
        return Err(PyTypeError::new_err("a reply is nested too deeply"));
    }
    let items = |value: &Bound<'_, PyAny>| -> PyResult<Vec<ReplyValue>> {
        value.try_iter()?.map(|item| to_reply(&item?, depth + 1)).collect()
    };
    Ok(if value.is_none() {
        ReplyValue::Null
    } else if let Ok(reply) = value.cast::<Reply>() {
        reply.get().0.clone()
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        ReplyValue::Bulk(bytes.as_bytes().to_vec())
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        ReplyValue::Bulk(bytes.to_vec())
    } else if let Ok(text) = value.cast::<PyString>() {
        ReplyValue::Bulk(text.to_cow()?.as_bytes().to_vec())
    } else if let Ok(flag) = value.cast::<PyBool>() {
        ReplyValue::Boolean(flag.is_true())
    } else if value.is_instance_of::<PyInt>() {
        ReplyValue::Integer(value.extract()?)
    } else if value.is_instance_of::<PyFloat>() {
        ReplyValue::Double(value.extract()?)
    } else if let Ok(map) = value.cast::<PyDict>() {
        let pair = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| -> PyResult<_> {
            Ok((to_reply(&key, depth + 1)?, to_reply(&value, depth + 1)?))
        };
        ReplyValue::Map(map.iter().map(pair).collect::<PyResult<_>>()?)
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        ReplyValue::Array(items(value)?)
    } else if value.is_instance_of::<PySet>() || value.is_instance_of::<PyFrozenSet>() {
        ReplyValue::Set(items(value)?)
    } else {
        let kind = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("a reply can't hold a value of type {kind}")));
    })
}

/// Hash slot of a key, by its hash tag when it has one.
#[pyfunction]
fn key_slot(key: &[u8]) -> u16 {
    crate::slot::key_slot(key).get()
}

#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Engine>()?;
    module.add_class::<ControlRequest>()?;
    module.add_class::<Reply>()?;
    module.add("EngineError", module.py().get_type::<EngineError>())?;
    module.add_function(wrap_pyfunction!(key_slot, module)?)
}
