//! A project's counters.

use pyo3::{
    prelude::*,
    sync::PyOnceLock,
    types::{PyDict, PyTuple},
};

use super::{
    class::{event_class, extra, model, once},
    instant,
};

event_class! {
    /// The project's counters; each one replaces the previous one.
    StatsUpdate = "stats_update",
    shows ["total_content", "approved", "rejected", "flagged", "approval_rate"],
    matches ["total_content", "approved", "rejected", "flagged"],
    {
        /// All items ever decided.
        #[getter]
        fn total_content(&self) -> u64 {
            self.of().total_content
        }

        /// Of these, approved items.
        #[getter]
        fn approved(&self) -> u64 {
            self.of().approved
        }

        /// Of these, rejected items.
        #[getter]
        fn rejected(&self) -> u64 {
            self.of().rejected
        }

        /// Of these, items flagged for a person.
        #[getter]
        fn flagged(&self) -> u64 {
            self.of().flagged
        }

        /// Items waiting for a decision; only on some servers.
        #[getter]
        fn pending(&self) -> Option<u64> {
            self.of().pending
        }

        /// Percent approved.
        #[getter]
        fn approval_rate(&self) -> Option<f64> {
            self.of().approval_rate
        }

        /// Percent rejected.
        #[getter]
        fn rejection_rate(&self) -> Option<f64> {
            self.of().rejection_rate
        }

        /// Percent flagged.
        #[getter]
        fn flag_rate(&self) -> Option<f64> {
            self.of().flag_rate
        }

        /// The latest decisions, as a tuple of `RecentActivity`.
        #[getter]
        fn recent_activity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
            static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            once(py, &self.lazy, || {
                let class = model(py, &CLASS, "RecentActivity")?;
                let all = self.of().recent_activity.iter();
                let all = all.map(|one| class.call1((&one.content_id, one.decision.as_str(), instant(&one.timestamp))));
                Ok(PyTuple::new(py, all.collect::<PyResult<Vec<_>>>()?)?.into_any())
            })
        }

        /// Undocumented fields.
        #[getter]
        fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
            extra(py, &self.extra, &self.of().extra)
        }
    }
}
