//! Event classes. The getters convert fields of the core's structs on access, so fields that are not read are never
//! converted.

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

pub(crate) use self::rule::rule_to_python;
use crate::json;

macro_rules! event_classes {
    ($($module:ident::$class:ident),* $(,)?) => {
        pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<$module::$class>()?;)*
            module.add_class::<meta::Meta>()?;
            module.add_function(wrap_pyfunction!(class::_unpickle_event, module)?)?;
            module.add_function(wrap_pyfunction!(meta::_unpickle_meta, module)?)
        }

        /// Converts an event to an object of its class.
        pub(crate) fn to_python(py: Python<'_>, event: Event) -> PyResult<Py<PyAny>> {
            let (cached_field, cached_extra) = (PyOnceLock::new(), PyOnceLock::new());
            match event {
                $(Event::$class(_) => Py::new(py, $module::$class { event, cached_field, cached_extra })?.into_py_any(py),)*
                // An event of a kind that this binding does not know is converted to a dict, so that it is not lost.
                other => json::to_python(py, &automoderate::facade::event_to_value(&other)).map(Bound::unbind),
            }
        }
    };
}

event_classes! {
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

/// Returns the instant of a timestamp, or `None` if the timestamp's text is invalid.
pub(crate) fn to_instant(timestamp: &Timestamp) -> Option<jiff::Timestamp> {
    timestamp.instant()
}
