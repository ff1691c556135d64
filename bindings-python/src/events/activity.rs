//! The `UserActivity` class.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyDict};

use super::{
    class::{event_class, extra_dict, get_or_create, model_class},
    to_instant,
};
use crate::json;

event_class! {
    /// Activity of a user of the moderated application.
    UserActivity = "user_activity",
    repr ["user_id", "activity", "triggered_by", "timestamp"],
    match_args ["user_id", "activity"],
    {
        /// User id from the submissions' metadata. Numbers are converted to text.
        #[getter]
        fn user_id(&self) -> &str {
            &self.inner().user_id
        }

        /// Statistics about the user.
        #[getter]
        fn activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            get_or_create(py, &self.cached_field, || {
                let figures = &self.inner().activity;
                let extra = json::object_to_python(py, &figures.extra)?;
                let (submissions, violations) = (figures.total_submissions, figures.recent_violations);
                let class = model_class(py, &CLASS, "Activity")?;
                class.call1((submissions, violations, figures.approval_rate, figures.risk_score, extra))
            })
        }

        /// Id of the item whose submission or review caused this event.
        #[getter]
        fn triggered_by(&self) -> Option<&str> {
            self.inner().triggered_by.as_deref()
        }

        /// Time at which the event was sent, in UTC; `None` if the server sent no valid timestamp.
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
