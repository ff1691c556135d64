//! Live views as a class of the native module.

use std::sync::Arc;

use automoderate::{LiveState, facade::FacadeLiveView};
use pyo3::{IntoPyObjectExt, prelude::*, types::PyDict};

use crate::{
    completions::{ReplyTo, run},
    events, results,
};

#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct LiveView(Arc<FacadeLiveView>);

impl LiveView {
    pub(crate) fn new(view: FacadeLiveView) -> Self {
        Self(Arc::new(view))
    }
}

#[pymethods]
impl LiveView {
    /// Returns the state as a dict, from which `_rest.py` creates data classes.
    fn state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        live_state_to_dict(py, self.0.state())
    }

    fn next(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let view = self.0.clone();
        run(py, reply_to, async move { view.next().await }, |py, event| match event {
            Some(event) => events::to_python(py, event),
            None => Ok(py.None()),
        })
    }

    fn close(&self) {
        self.0.close();
    }
}

/// Dropping the object ends a pending wait, which would otherwise keep the client alive.
impl Drop for LiveView {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn live_state_to_dict<'py>(py: Python<'py>, state: LiveState) -> PyResult<Bound<'py, PyDict>> {
    let (dict, counts) = (PyDict::new(py), PyDict::new(py));
    for (name, count) in [
        ("total_content", state.counts.total_content),
        ("approved", state.counts.approved),
        ("rejected", state.counts.rejected),
        ("flagged", state.counts.flagged),
        ("pending", state.counts.pending),
    ] {
        counts.set_item(name, count)?;
    }
    dict.set_item("cursor", state.cursor.to_string())?;
    dict.set_item("counts", counts)?;
    dict.set_item("rules", results::rules_to_python(py, &state.rules)?)?;
    let queue = state.review_queue.into_iter().map(|item| {
        let submitted_at = events::to_instant(&item.submitted_at);
        (submitted_at, events::to_python(py, item.decision.into())?).into_py_any(py)
    });
    dict.set_item("review_queue", queue.collect::<PyResult<Vec<_>>>()?)?;
    Ok(dict)
}
