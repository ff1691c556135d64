//! Events as Python objects: the core's structs with getters, so that unread fields cost nothing.

mod activity;
mod class;
mod control;
mod losses;
mod meta;
mod moderation;
mod notification;
mod rule;
mod stats;

use automoderate::{Event, Timestamp};
use pyo3::{IntoPyObjectExt, prelude::*, sync::PyOnceLock};

use crate::json;

macro_rules! kinds {
    ($($module:ident::$class:ident),* $(,)?) => {
        pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<$module::$class>()?;)*
            module.add_class::<meta::Meta>()?;
            module.add_function(wrap_pyfunction!(class::_unpack, module)?)?;
            module.add_function(wrap_pyfunction!(meta::_unpack_meta, module)?)
        }

        /// The event as an object of its class.
        pub(crate) fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
            let (lazy, extra) = (PyOnceLock::new(), PyOnceLock::new());
            match event {
                $(Event::$class(_) => Py::new(py, $module::$class { event, lazy, extra })?.into_py_any(py),)*
                // A kind that the core knows and this binding does not, so that it is not lost.
                other => json::to_python(py, &automoderate::facade::event_to_value(&other)).map(Bound::unbind),
            }
        }
    };
}

kinds! {
    moderation::ModerationUpdate,
    stats::StatsUpdate,
    rule::RuleUpdate,
    notification::SystemNotification,
    activity::UserActivity,
    control::ServerError,
    control::UnknownEvent,
    control::MalformedEvent,
    losses::Gap,
    losses::Lagged,
}

/// The instant, if the text is one.
pub(crate) fn instant(timestamp: &Timestamp) -> Option<jiff::Timestamp> {
    timestamp.instant()
}
