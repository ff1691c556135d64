//! The `StatsUpdate` class.

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyTuple},
};

use super::{
    class::{event_class, extra_dict, get_or_create, model_class},
    to_instant,
};

event_class! {
    /// Counters of the project. Each update replaces the previous one.
    StatsUpdate = "stats_update",
    repr ["total_content", "approved", "rejected", "flagged", "approval_rate"],
    match_args ["total_content", "approved", "rejected", "flagged"],
    {
        /// Number of items submitted so far.
        #[getter]
        fn total_content(&self) -> u64 {
            self.inner().total_content
        }

        /// Number of items approved.
        #[getter]
        fn approved(&self) -> u64 {
            self.inner().approved
        }

        /// Number of items rejected.
        #[getter]
        fn rejected(&self) -> u64 {
            self.inner().rejected
        }

        /// Number of items flagged for human review.
        #[getter]
        fn flagged(&self) -> u64 {
            self.inner().flagged
        }

        /// Number of items without a decision, if the server sends it.
        #[getter]
        fn pending(&self) -> Option<u64> {
            self.inner().pending
        }

        /// Percentage of items approved, from 0 to 100.
        #[getter]
        fn approval_rate(&self) -> Option<f64> {
            self.inner().approval_rate
        }

        /// Percentage of items rejected, from 0 to 100.
        #[getter]
        fn rejection_rate(&self) -> Option<f64> {
            self.inner().rejection_rate
        }

        /// Percentage of items flagged, from 0 to 100.
        #[getter]
        fn flag_rate(&self) -> Option<f64> {
            self.inner().flag_rate
        }

        /// Latest decisions, as a tuple of `RecentActivity`.
        #[getter]
        fn recent_activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            get_or_create(py, &self.cached_field, || {
                let class = model_class(py, &CLASS, "RecentActivity")?;
                let all = self.inner().recent_activity.iter();
                let all = all.map(|one| class.call1((&one.content_id, one.decision.as_str(), to_instant(&one.timestamp))));
                Ok(PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)?.into_any())
            })
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra_dict(py, &self.cached_extra, &self.inner().extra)
        }
    }
}
