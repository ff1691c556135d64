//! Converts errors to Python exceptions. The exception classes are in `_errors.py`.

use automoderate::{Error, facade::ErrorRecord};
use pyo3::{exceptions::PyTypeError, prelude::*, sync::PyOnceLock, types::PyDict};

static MAKE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Converts an error to an exception to be raised.
pub(crate) fn to_py_err(py: Python<'_>, error: &Error) -> PyErr {
    match to_exception(py, &error.into()) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// Converts an error and its causes to an exception object.
pub(crate) fn to_exception<'py>(py: Python<'py>, record: &ErrorRecord) -> PyResult<Bound<'py, PyAny>> {
    let make = MAKE_ERROR.import(py, "automoderate._errors", "_make_error")?;
    let fields = PyDict::new(py);
    fields.set_item("retryable", record.retryable)?;
    fields.set_item("retry_in", record.retry_in)?;
    fields.set_item("stage", record.stage)?;
    fields.set_item("status", record.status)?;
    fields.set_item("body", record.body.as_deref())?;
    fields.set_item("attempts", record.attempts)?;
    let cause = record.cause.as_ref().map(|cause| to_exception(py, cause)).transpose()?;
    make.call((record.code, &record.message, cause), Some(&fields))
}

/// Creates an `InvalidArgument` exception. The message must name the argument.
pub(crate) fn invalid_argument(py: Python<'_>, message: &str) -> PyErr {
    let make = || MAKE_ERROR.import(py, "automoderate._errors", "_make_error")?.call1(("invalid_argument", message));
    make().map_or_else(|error: PyErr| error, PyErr::from_value)
}

/// Creates a `TypeError` for an argument from the error that its conversion raised.
pub(crate) fn wrong_type_error(py: Python<'_>, name: &str, error: &PyErr) -> PyErr {
    PyTypeError::new_err(format!("{name}: {}", error.value(py)))
}
