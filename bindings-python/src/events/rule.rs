//! The `RuleUpdate` class.

use automoderate::Rule;
use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use super::{
    class::{event_class, extra_dict, get_or_create, model_class},
    to_instant,
};
use crate::json;

event_class! {
    /// Creation, change or deletion of a rule.
    RuleUpdate = "rule_update",
    repr ["action", "rule", "timestamp"],
    match_args ["action", "rule"],
    {
        /// Change made to the rule: `created`, `updated`, `deleted`, or a value unknown to this version of the SDK.
        #[getter]
        fn action(&self) -> &str {
            self.inner().action.as_str()
        }

        /// Rule after its creation or change, or before its deletion.
        #[getter]
        fn rule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            get_or_create(py, &self.cached_field, || rule_to_python(py, &self.inner().rule))
        }

        /// Time of the change, in UTC; `None` if the server sent no valid timestamp.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            to_instant(&self.inner().timestamp)
        }

        /// Timestamp as sent by the server.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.inner().timestamp.as_str()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra_dict(py, &self.cached_extra, &self.inner().extra)
        }
    }
}

/// Converts a rule to an object of the class `Rule`.
pub(crate) fn rule_to_python<'py>(py: Python<'py>, rule: &Rule) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let kind = rule.rule_type.as_ref().map(|word| word.as_str());
    let action = rule.action.as_ref().map(|word| word.as_str());
    let extra = json::object_to_python(py, &rule.extra)?;
    let class = model_class(py, &CLASS, "Rule")?;
    class.call1((&rule.id, &rule.name, kind, rule.is_active, rule.priority, action, extra))
}
