//! Data that the SDK adds to an event.

use automoderate::facade;
use pyo3::{prelude::*, types::PyTuple};

use crate::errors;

/// Data that the SDK adds to an event.
#[pyclass(frozen, module = "automoderate")]
pub(crate) struct Meta(pub(super) automoderate::Meta);

#[pymethods]
impl Meta {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, ["project_id", "event_id", "origin", "received_at"])
    }

    /// The project, from the payload or inferred if exactly one project is joined; otherwise `None`.
    #[getter]
    fn project_id(&self) -> Option<&str> {
        self.0.project_id.as_deref()
    }

    /// The position in the project's event log, on servers with one.
    #[getter]
    fn event_id(&self) -> Option<u64> {
        self.0.event_id
    }

    /// The event's origin: `live`, `replay` or `backfill`.
    #[getter]
    fn origin(&self) -> &'static str {
        self.0.origin.as_str()
    }

    /// The time of receipt, by this machine's clock, in UTC.
    #[getter]
    fn received_at(&self) -> jiff::Timestamp {
        self.0.received_at
    }

    /// The cursor with which a join resumes after this event; `None` on servers without an event log.
    #[getter]
    fn cursor(&self) -> Option<String> {
        self.0.cursor().map(|cursor| cursor.to_string())
    }

    /// The payload as the server wrote it, as JSON text; `None` for the SDK's own events.
    #[getter]
    fn payload(&self) -> Option<&str> {
        self.0.payload().map(automoderate::RawJson::as_str)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let mut fields = Vec::new();
        for field in ["project_id", "event_id", "origin", "received_at"] {
            fields.push(format!("{field}={}", slf.getattr(field)?.repr()?));
        }
        Ok(format!("Meta({})", fields.join(", ")))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.0.event_id, self.0.received_at, self.0.project_id.as_deref()).hash(&mut hasher);
        hasher.finish()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let unpack = py.import("automoderate._native")?.getattr("_unpack_meta")?;
        Ok((unpack, (facade::pack_meta(&self.0),)))
    }
}

/// Restores a pickled meta.
#[pyfunction]
pub(super) fn _unpack_meta(py: Python<'_>, text: &str) -> PyResult<Meta> {
    facade::unpack_meta(text).map(Meta).map_err(|error| errors::raise(py, &error))
}
