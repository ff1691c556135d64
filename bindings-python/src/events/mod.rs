//! Events as Python's objects: the core's structs behind getters, so that what nobody reads costs nothing.

mod class;
mod kinds;
mod meta;

use automoderate::{Event, Timestamp};
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    kinds::register(module)?;
    module.add_class::<meta::Meta>()?;
    module.add_function(wrap_pyfunction!(class::_unpack, module)?)?;
    module.add_function(wrap_pyfunction!(meta::_unpack_meta, module)?)
}

/// The event as an object of its class.
pub(crate) fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
    kinds::to_python(py, event)
}

/// The instant, if the text is one.
pub(crate) fn instant(timestamp: &Timestamp) -> Option<jiff::Timestamp> {
    timestamp.instant()
}
