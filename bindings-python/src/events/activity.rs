//! The activity of users.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use super::{
    class::{event_class, extra, model, once},
    instant,
};
use crate::json;

event_class! {
    /// A user's activity in the moderated application.
    UserActivity = "user_activity",
    shows ["user_id", "activity", "triggered_by", "timestamp"],
    matches ["user_id", "activity"],
    {
        /// The user's id, as text even if it is a number on the wire.
        #[getter]
        fn user_id(&self) -> &str {
            &self.of().user_id
        }

        /// The user's figures.
        #[getter]
        fn activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let figures = &self.of().activity;
                let extra = json::object_to_python(py, &figures.extra)?;
                let (submissions, violations) = (figures.total_submissions, figures.recent_violations);
                let class = model(py, &CLASS, "Activity")?;
                class.call1((submissions, violations, figures.approval_rate, figures.risk_score, extra))
            })
        }

        /// The item that caused this event.
        #[getter]
        fn triggered_by(&self) -> Option<&str> {
            self.of().triggered_by.as_deref()
        }

        /// The time of sending, in UTC; `None` if the server sent no readable one.
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
