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
        /// What happened: `created`, `updated` or `deleted`; or a word that this version does not know.
        #[getter]
        fn action(&self) -> &str {
            self.of().action.as_str()
        }

        /// The rule, as it is now or was last.
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

        /// When it happened, in UTC; `None` if the server sent none that can be read.
        #[getter]
        fn timestamp(&self) -> Option<jiff::Timestamp> {
            instant(&self.of().timestamp)
        }

        /// The timestamp as the server wrote it.
        #[getter]
        fn timestamp_text(&self) -> &str {
            self.of().timestamp.as_str()
        }

        /// Fields that the documentation does not know.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}
