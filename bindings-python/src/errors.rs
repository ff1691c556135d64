//! Errors as Python exceptions. The classes are in `_errors.py`.

use automoderate::{Error, facade::ErrorRecord};
use pyo3::{exceptions::PyTypeError, prelude::*, sync::PyOnceLock, types::PyDict};

static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The error as an exception to be raised.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, &error.into()) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The error as an exception object, including its causes.
pub(crate) fn exception<'py>(py: Python<'py>, record: &ErrorRecord) -> PyResult<Bound<'py, PyAny>> {
    let make = MAKE.import(py, "automoderate._errors", "_make")?;
    let fields = PyDict::new(py);
    fields.set_item("retryable", record.retryable)?;
    fields.set_item("retry_in", record.retry_in)?;
    fields.set_item("stage", record.stage)?;
    fields.set_item("status", record.status)?;
    fields.set_item("body", record.body.as_deref())?;
    fields.set_item("attempts", record.attempts)?;
    let cause = record.cause.as_ref().map(|cause| exception(py, cause)).transpose()?;
    make.call((record.code, &record.message, cause), Some(&fields))
}

/// An invalid argument; the message names it.
pub(crate) fn invalid(py: Python<'_>, message: &str) -> PyErr {
    let make = || MAKE.import(py, "automoderate._errors", "_make")?.call1(("invalid_argument", message));
    make().map_or_else(|error: PyErr| error, PyErr::from_value)
}

/// An argument of a wrong type, by name.
pub(crate) fn wrong_type(py: Python<'_>, name: &str, error: &PyErr) -> PyErr {
    PyTypeError::new_err(format!("{name}: {}", error.value(py)))
}
