//! Projects as a class of the native module.

use automoderate::facade::FacadeProject;
use pyo3::{IntoPyObjectExt, prelude::*};

use crate::{
    completions::{ReplyTo, run},
    errors,
    live_view::LiveView,
    results,
    stream::Stream,
};

#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct Project(pub(crate) FacadeProject);

#[pymethods]
impl Project {
    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    #[getter]
    fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }

    fn events(&self, py: Python<'_>, kind: Option<&str>) -> PyResult<Stream> {
        let stream = self.0.events(kind).map_err(|error| errors::to_py_err(py, &error))?;
        Ok(Stream::new(stream))
    }

    fn snapshot(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let project = self.0.clone();
        run(py, reply_to, async move { project.snapshot().await }, |py, snapshot| {
            results::snapshot_to_dict(py, snapshot)?.into_py_any(py)
        })
    }

    fn live_view(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let project = self.0.clone();
        run(py, reply_to, async move { project.live_view().await }, |py, view| LiveView::new(view).into_py_any(py))
    }

    fn leave(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let project = self.0.clone();
        run(py, reply_to, async move { project.leave().await }, |py, ()| Ok(py.None()))
    }
}
