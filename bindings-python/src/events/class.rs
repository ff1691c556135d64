//! The common part of all event classes.

use std::hash::{DefaultHasher, Hash, Hasher};

use automoderate::{Event, Extra, facade};
use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use crate::{errors, json};

/// Declares the class of one kind of events: its own getters, and those that every class has.
macro_rules! event_class {
    ($(#[$doc:meta])* $class:ident = $kind:literal, shows $shown:tt, matches $matched:tt, { $($own:tt)* }) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "automoderate")]
        pub(crate) struct $class {
            pub(super) event: automoderate::Event,
            /// The Python object of the largest field, made on first access; not all kinds need it.
            #[allow(dead_code)]
            pub(super) lazy: pyo3::sync::PyOnceLock<Py<PyAny>>,
            #[allow(dead_code)]
            pub(super) extra: pyo3::sync::PyOnceLock<Py<pyo3::types::PyDict>>,
        }

        impl $class {
            fn of(&self) -> &automoderate::$class {
                match &self.event {
                    automoderate::Event::$class(event) => event,
                    _ => unreachable!("events are assigned to their classes in one place"),
                }
            }
        }

        #[pymethods]
        impl $class {
            $($own)*

            /// The name of the kind of event, the same in every language.
            #[classattr]
            #[pyo3(name = "event")]
            const EVENT: &'static str = $kind;

            #[classattr]
            fn __match_args__(py: Python<'_>) -> PyResult<Bound<'_, pyo3::types::PyTuple>> {
                const MATCHED: &[&str] = &$matched;
                pyo3::types::PyTuple::new(py, MATCHED)
            }

            /// Data that the SDK adds to the event.
            #[getter]
            fn meta(&self) -> $crate::events::meta::Meta {
                $crate::events::meta::Meta(self.event.meta().clone())
            }

            /// The event as a dict for `json.dumps`: `event`, the documented fields, `extra` if not empty, and `meta`.
            /// Timestamps are RFC 3339 text ending in `Z`.
            fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
                $crate::json::to_python(py, &automoderate::facade::event_to_value(&self.event))
            }

            /// `to_dict()` as JSON.
            fn to_json(&self) -> String {
                automoderate::facade::event_to_json(&self.event)
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                $crate::events::class::repr(slf.as_any(), &$shown)
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.event == other.event
            }

            fn __hash__(&self) -> u64 {
                $crate::events::class::hash(&self.event)
            }

            fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
                $crate::events::class::reduce(py, &self.event)
            }
        }
    };
}
pub(super) use event_class;

/// `Class(field=…, …)`.
pub(super) fn repr(object: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<String> {
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

pub(super) fn hash(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    let meta = event.meta();
    event.name().hash(&mut hasher);
    meta.event_id.hash(&mut hasher);
    meta.received_at.hash(&mut hasher);
    meta.payload().map(automoderate::RawJson::as_str).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn reduce<'py>(py: Python<'py>, event: &Event) -> PyResult<(Bound<'py, PyAny>, (String,))> {
    let unpack = py.import("automoderate._native")?.getattr("_unpack")?;
    Ok((unpack, (facade::pack_event(event),)))
}

/// Restores a pickled event.
#[pyfunction]
pub(super) fn _unpack(py: Python<'_>, text: &str) -> PyResult<Py<PyAny>> {
    let event = facade::unpack_event(text).map_err(|error| errors::raise(py, &error))?;
    super::to_python(py, event)
}

/// The unknown fields of a payload as a dict, made once.
pub(super) fn extra<'py>(
    py: Python<'py>,
    cache: &PyOnceLock<Py<PyDict>>,
    extra: &Extra,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = cache.get_or_try_init(py, || json::object_to_python(py, extra).map(Bound::unbind))?;
    Ok(dict.bind(py).clone())
}

/// Converts on first access, and keeps the result.
pub(super) fn once<'py>(
    py: Python<'py>,
    cache: &PyOnceLock<Py<PyAny>>,
    make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    Ok(cache.get_or_try_init(py, || make().map(Bound::unbind))?.bind(py).clone())
}

/// A class of `_models.py`.
pub(super) fn model<'py>(
    py: Python<'py>,
    cell: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    cell.import(py, "automoderate._models", name)
}
