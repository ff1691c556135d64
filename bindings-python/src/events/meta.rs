//! Metadata that the SDK adds to an event.

use automoderate::facade;
use pyo3::{prelude::*, types::PyTuple};

use crate::errors;

/// Metadata that the SDK adds to an event.
#[pyclass(frozen, module = "automoderate")]
pub(crate) struct Meta(pub(super) automoderate::Meta);

#[pymethods]
impl Meta {
    #[classattr]
    fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
        PyTuple::new(py, ["project_id", "event_id", "origin", "received_at"])
    }

    /// Id of the project that the payload names. If the payload names none, this is the project whose log or listing
    /// contains the event or, for a live event, the only joined project. For a `Gap`, it is the project whose events
    /// are missing. `None` if the project is unknown; always `None` for `Lagged`, and for a live `ServerError` or
    /// `MalformedEvent` that names no project.
    #[getter]
    fn project_id(&self) -> Option<&str> {
        self.0.project_id.as_deref()
    }

    /// Position in the project's event log; for a `Gap`, the position after which the stream continues. `None` on
    /// servers without an event log and, except for `Gap`, for events that are not logged.
    #[getter]
    fn event_id(&self) -> Option<u64> {
        self.0.event_id
    }

    /// Path by which the event arrived: `live`, `replay` or `backfill`.
    #[getter]
    fn origin(&self) -> &'static str {
        self.0.origin.as_str()
    }

    /// Time of receipt according to this machine's clock, in UTC.
    #[getter]
    fn received_at(&self) -> jiff::Timestamp {
        self.0.received_at
    }

    /// Cursor to resume after this event; `None` if `event_id` is `None`.
    #[getter]
    fn cursor(&self) -> Option<String> {
        self.0.cursor().map(|cursor| cursor.to_string())
    }

    /// Payload as JSON text: as sent by the server or, for a decision from a backfill, as built from the item.
    /// `None` for `Gap` and `Lagged`, and for events without data.
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
        let unpack = py.import("automoderate._native")?.getattr("_unpickle_meta")?;
        Ok((unpack, (facade::pack_meta(&self.0),)))
    }
}

/// Recreates pickled metadata.
#[pyfunction]
pub(super) fn _unpickle_meta(py: Python<'_>, text: &str) -> PyResult<Meta> {
    facade::unpack_meta(text).map(Meta).map_err(|error| errors::to_py_err(py, &error))
}
