//! Test server of `automoderate.testing`.

use automoderate::{
    Error,
    facade::{FacadeTestServer, block_on},
};
use pyo3::{prelude::*, types::PyList};

use crate::{errors, json};

#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct TestServer(FacadeTestServer);

#[pymethods]
impl TestServer {
    #[new]
    fn new(py: Python<'_>, event_log: bool) -> PyResult<Self> {
        py.detach(|| FacadeTestServer::start(event_log)).map(Self).map_err(|error| errors::to_py_err(py, &error))
    }

    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    fn publish(&self, py: Python<'_>, project: &str, name: &str, data: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
        let data = json::from_python("data", data)?;
        self.0.publish(project, name, data).map_err(|error| errors::to_py_err(py, &error))
    }

    fn store(&self, py: Python<'_>, project: &str, content: &Bound<'_, PyAny>) -> PyResult<()> {
        let content = json::from_python("content", content)?;
        self.0.store(project, content).map_err(|error| errors::to_py_err(py, &error))
    }

    fn cut(&self) {
        self.0.cut();
    }

    fn set_offline(&self, offline: bool) {
        self.0.set_offline(offline);
    }

    fn set_silent(&self, silent: bool) {
        self.0.set_silent(silent);
    }

    fn refuse_credentials(&self, refuse: bool) {
        self.0.refuse_credentials(refuse);
    }

    fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.0.refuse_joins(project, code);
    }

    fn forget(&self, project: &str) {
        self.0.forget(project);
    }

    fn joined(&self, py: Python<'_>, project: String, connections: usize, timeout: f64) -> PyResult<bool> {
        block_without_gil(py, self.0.joined(project, connections, timeout))
    }

    fn connected(&self, py: Python<'_>, connections: usize, timeout: f64) -> PyResult<bool> {
        block_without_gil(py, self.0.connected(connections, timeout))
    }

    fn received<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let events = PyList::empty(py);
        for (name, data) in self.0.received() {
            events.append((name, json::to_python(py, &data)?))?;
        }
        Ok(events)
    }
}

/// Waits for a future on the calling thread, with the GIL released.
fn block_without_gil(py: Python<'_>, until: impl Future<Output = Result<bool, Error>> + Send) -> PyResult<bool> {
    py.detach(|| block_on(until)).map_err(|error| errors::to_py_err(py, &error))
}
