//! What has no type of its own: errors, unknown events, events that can't be read.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use super::class::{event_class, extra, once};
use crate::json;

event_class! {
    /// The server's own `error` event, when it answers nothing that the SDK asked.
    ServerError = "server_error",
    shows ["message", "code"],
    matches ["message", "code"],
    {
        /// The server's words.
        #[getter]
        fn message(&self) -> &str {
            &self.of().message
        }

        /// A code, from servers that send one.
        #[getter]
        fn code(&self) -> Option<&str> {
            self.of().code.as_deref()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// An event with a name that the SDK does not know.
    UnknownEvent = "unknown_event",
    shows ["name", "data"],
    matches ["name", "data"],
    {
        /// The event's name.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// Its first argument; made into Python's objects when it is read first.
        #[getter]
        fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            once(py, &self.lazy, || json::raw_to_python(py, &self.of().data))
        }

        /// Binary attachments, in the order of their placeholders in `data`.
        #[getter]
        fn attachments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
            PyTuple::new(py, self.of().attachments.iter().map(|bytes| PyBytes::new(py, bytes)))
        }
    }
}

event_class! {
    /// A frame or an event that could not be read. What follows it is delivered.
    MalformedEvent = "malformed_event",
    shows ["name", "data", "reason"],
    matches ["name", "data", "reason"],
    {
        /// The event's name, if it could be read; otherwise empty.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// What came, as text; perhaps not valid JSON.
        #[getter]
        fn data(&self) -> &str {
            self.of().data.as_str()
        }

        /// What is wrong with it.
        #[getter]
        fn reason(&self) -> &str {
            &self.of().reason
        }
    }
}
