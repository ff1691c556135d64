//! Rules that change.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use super::{
    class::{event_class, extra, model, once},
    instant,
};
use crate::json;

event_class! {
    /// A rule was created, updated or deleted.
    RuleUpdate = "rule_update",
    shows ["action", "rule", "timestamp"],
    matches ["action", "rule"],
    {
        /// The change: `created`, `updated` or `deleted`; or a value unknown to this version.
        #[getter]
        fn action(&self) -> &str {
            self.of().action.as_str()
        }

        /// The rule in its current or last form.
        #[getter]
        fn rule<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let rule = &self.of().rule;
                let kind = rule.rule_type.as_ref().map(|word| word.as_str());
                let action = rule.action.as_ref().map(|word| word.as_str());
                let extra = json::object_to_python(py, &rule.extra)?;
                let class = model(py, &CLASS, "Rule")?;
                class.call1((&rule.id, &rule.name, kind, rule.is_active, rule.priority, action, extra))
            })
        }

        /// The time of the change, in UTC; `None` if the server sent no readable one.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}
