//! The `ServerError`, `UnknownEvent` and `MalformedEvent` classes.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use super::class::{event_class, extra_dict, get_or_create};
use crate::json;

event_class! {
    /// `error` or `project_access_denied` event from the server, unless it answers a request or withdraws access.
    ServerError = "server_error",
    repr ["message", "code"],
    match_args ["message", "code"],
    {
        /// Message from the server.
        #[getter]
        fn message(&self) -> &str {
            &self.inner().message
        }

        /// Error code, if the server sends one.
        #[getter]
        fn code(&self) -> Option<&str> {
            self.inner().code.as_deref()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra_dict(py, &self.cached_extra, &self.inner().extra)
        }
    }
}

event_class! {
    /// Event whose name is unknown to the SDK.
    UnknownEvent = "unknown_event",
    repr ["name", "data"],
    match_args ["name", "data"],
    {
        /// Name of the event.
        #[getter]
        fn name(&self) -> &str {
            &self.inner().name
        }

        /// First argument of the event, converted to Python objects on first access.
        #[getter]
        fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            get_or_create(py, &self.cached_field, || json::raw_json_to_python(py, &self.inner().data))
        }

        /// Binary attachments, in the order of their placeholders in `data`.
        #[getter]
        fn attachments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            PyTuple::new(py, self.inner().attachments.iter().map(|bytes| PyBytes::new(py, bytes)))
        }
    }
}

event_class! {
    /// Frame, event or backfilled item that could not be decoded. Later events are still delivered.
    MalformedEvent = "malformed_event",
    repr ["name", "data", "reason"],
    match_args ["name", "data", "reason"],
    {
        /// Name of the event; empty if the name could not be decoded.
        #[getter]
        fn name(&self) -> &str {
            &self.inner().name
        }

        /// Data as received, which may be invalid JSON.
        #[getter]
        fn data(&self) -> &str {
            self.inner().data.as_str()
        }

        /// Reason why decoding failed.
        #[getter]
        fn reason(&self) -> &str {
            &self.inner().reason
        }
    }
}
