//! Common parts of the event classes.

use std::hash::{DefaultHasher, Hash, Hasher};

use automoderate::{Event, Extra, facade};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use crate::{errors, json};

/// Declares the class of one kind of event, with the getters of that class and the members common to all classes.
macro_rules! event_class {
    ($(#[$doc:meta])* $class:ident = $kind:literal, repr $repr:tt, match_args $match_args:tt, { $($own:tt)* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "automoderate")]
        pub(crate) struct $class {
            pub(super) event: automoderate::Event,
            /// Python object for the field that is most expensive to convert, created on first access. Some classes do
            /// not use it.
            #[allow(dead_code)]
            pub(super) cached_field: pyo3::sync::PyOnceLock<Py<PyAny>>,
            #[allow(dead_code)]
            pub(super) cached_extra: pyo3::sync::PyOnceLock<Py<pyo3::types::PyDict>>,
        }

        impl $class {
            fn inner(&self) -> &automoderate::$class {
                match &self.event {
                    automoderate::Event::$class(event) => event,
                    _ => unreachable!("`to_python` selects the class by the kind of event"),
                }
            }
        }

        #[pymethods]
        impl $class {
            $($own)*

            /// Name of the kind of event, the same in every programming language.
            #[classattr]
            #[pyo3(name = "event")]
            const EVENT: &'static str = $kind;

            #[classattr]
            fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, pyo3::types::PyTuple>> {
                const MATCH_ARGS: &[&str] = &$match_args;
                pyo3::types::PyTuple::new(py, MATCH_ARGS)
            }

            /// Metadata that the SDK adds to the event.
            #[getter]
            fn meta(&self) -> $crate::events::meta::Meta {
                $crate::events::meta::Meta(self.event.meta().clone())
            }

            /// Return the event as a dict for `json.dumps`, with `event`, the documented fields, `extra` if not empty,
            /// and `meta`. Timestamps are RFC 3339 text that ends in `Z`, except for invalid timestamps, which are
            /// unchanged.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                $crate::json::to_python(py, &automoderate::facade::event_to_value(&self.event))
            }

            /// Return `to_dict()` as JSON text.
            fn to_json(&self) -> String {
                automoderate::facade::event_to_json(&self.event)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                $crate::events::class::event_repr(slf.as_any(), &$repr)
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.event == other.event
            }

            fn __hash__(&self) -> u64 {
                $crate::events::class::event_hash(&self.event)
            }

            fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
                $crate::events::class::event_reduce(py, &self.event)
            }
        }
    };
}
pub(super) use event_class;

/// Formats an event as `Class(field=…, …)`.
pub(super) fn event_repr(object: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<String> {
    let mut text = format!("{}(", object.get_type().name()?);
    for (at, field) in fields.iter().chain(&["meta"]).enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(&format!("{field}={}", object.getattr(*field)?.repr()?));
    }
    text.push(')');
    Ok(text)
}

pub(super) fn event_hash(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    let meta = event.meta();
    event.name().hash(&mut hasher);
    meta.event_id.hash(&mut hasher);
    meta.received_at.hash(&mut hasher);
    meta.payload().map(automoderate::RawJson::as_str).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn event_reduce<'py>(py: Python<'py>, event: &Event) -> PyResult<(Bound<'py, PyAny>, (String,))> {
    let unpack = py.import("automoderate._native")?.getattr("_unpickle_event")?;
    Ok((unpack, (facade::pack_event(event),)))
}

/// Recreates a pickled event.
#[pyfunction]
pub(super) fn _unpickle_event(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let event = facade::unpack_event(text).map_err(|error| errors::to_py_err(py, &error))?;
    super::to_python(py, event)
}

/// Returns the undocumented fields of a payload as a dict, created on first access.
pub(super) fn extra_dict<'py>(
    py: Python<'py>,
    cache: &PyOnceLock<Py<PyDict>>,
    extra: &Extra,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = cache.get_or_try_init(py, || json::object_to_python(py, extra).map(Bound::unbind))?;
    Ok(dict.bind(py).clone())
}

/// Returns the cached object, created with `make` on first access.
pub(super) fn get_or_create<'py>(
    py: Python<'py>,
    cache: &PyOnceLock<Py<PyAny>>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(cache.get_or_try_init(py, || make().map(Bound::unbind))?.bind(py).clone())
}

/// Returns the class with this name from `_models.py`. `cell` caches the class.
pub(super) fn model_class<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.import(py, "automoderate._models", name)
}
