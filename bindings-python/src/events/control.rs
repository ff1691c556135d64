//! Events without their own module: errors, unknown events, unreadable events.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyDict, PyTuple},
};

use super::class::{event_class, extra, once};
use crate::json;

event_class! {
    /// The server's `error` event, unless it answers one of the SDK's requests.
    ServerError = "server_error",
    shows ["message", "code"],
    matches ["message", "code"],
    {
        /// The server's message.
        #[getter]
        fn message(&self) -> &str {
            &self.of().message
        }

        /// The error code, from servers that send one.
        #[getter]
        fn code(&self) -> Option<&str> {
            self.of().code.as_deref()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}

event_class! {
    /// An event whose name the SDK does not know.
    UnknownEvent = "unknown_event",
    shows ["name", "data"],
    matches ["name", "data"],
    {
        /// The event's name.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// Its first argument, converted to Python objects on first access.
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
    /// An unreadable frame or event. Later events are delivered.
    MalformedEvent = "malformed_event",
    shows ["name", "data", "reason"],
    matches ["name", "data", "reason"],
    {
        /// The event's name; empty if unreadable.
        #[getter]
        fn name(&self) -> &str {
            &self.of().name
        }

        /// The received text; possibly invalid JSON.
        #[getter]
        fn data(&self) -> &str {
            self.of().data.as_str()
        }

        /// The reason that it is unreadable.
        #[getter]
        fn reason(&self) -> &str {
            &self.of().reason
        }
    }
}
