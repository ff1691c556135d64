//! The client as a class of the native module.

use std::sync::Arc;

use automoderate::{
    ContentFilter, Error, Metrics, Submission,
    facade::{self, CredentialQueue, CredentialRequest, FacadeClient, FacadeStates, StateRecord},
};
use pyo3::{IntoPyObjectExt, prelude::*, types::PyDict};

use crate::{
    completions::{ReplyTo, run},
    credentials, errors, json, options,
    project::Project,
    results,
    stream::Stream,
};

/// Type, content and metadata of one item of a batch.
type BatchItem<'py> = (String, String, Bound<'py, PyAny>);

#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct Client {
    facade: FacadeClient,
    credentials: Option<Arc<CredentialQueue>>,
}

/// Current state of a client, followed by later states.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct States(Arc<FacadeStates>);

#[pymethods]
impl States {
    fn next(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let states = self.0.clone();
        let next = async move { Ok(states.next().await) };
        run(py, reply_to, next, |py, record| match record {
            Some(record) => state_to_tuple(py, &record),
            None => Ok(py.None()),
        })
    }
}

#[pymethods]
impl Client {
    #[new]
    fn new(py: Python<'_>, options: &Bound<'_, PyDict>, has_provider: bool) -> PyResult<Self> {
        let make = |options: facade::ClientOptions| {
            let builder = options.into_builder()?;
            let (builder, queue) = if has_provider {
                let (builder, queue) = CredentialQueue::install(builder);
                (builder, Some(queue))
            } else {
                (builder, None)
            };
            Ok(Self { facade: FacadeClient::from_builder(builder)?, credentials: queue })
        };
        make(options::options_from_python(options)?).map_err(|error: Error| errors::to_py_err(py, &error))
    }

    fn connect(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.connect().await }, none_to_python)
    }

    fn join(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        project: String,
        after: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.join(project, after).await }, |py, project| {
            Project(project).into_py_any(py)
        })
    }

    fn events(&self, py: Python<'_>, kind: Option<&str>) -> PyResult<Stream> {
        let stream = self.facade.events(kind).map_err(|error| errors::to_py_err(py, &error))?;
        Ok(Stream::new(stream))
    }

    fn emit(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        name: String,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let (client, data) = (self.facade.clone(), json::from_python("data", data)?);
        run(py, reply_to, async move { client.emit(name, data).await }, none_to_python)
    }

    fn emit_with_ack(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        name: String,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Py<PyAny>> {
        let (client, data) = (self.facade.clone(), json::from_python("data", data)?);
        run(py, reply_to, async move { client.emit_with_ack(name, data).await }, |py, answer| {
            json::to_python(py, &answer).map(Bound::unbind)
        })
    }

    fn moderate(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        r#type: String,
        content: String,
        metadata: &Bound<'_, PyAny>,
        idempotency_key: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        let mut submission = submission(r#type, content, "metadata", metadata)?;
        if let Some(key) = idempotency_key {
            submission = submission.idempotency_key(key);
        }
        run(py, reply_to, async move { client.moderate(submission).await }, |py, decided| {
            results::moderation_to_dict(py, decided)?.into_py_any(py)
        })
    }

    fn moderate_batch(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        items: Vec<BatchItem<'_>>,
        idempotency_key: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let submissions = items.into_iter().enumerate().map(|(index, (kind, content, metadata))| {
            submission(kind, content, &format!("items[{index}].metadata"), &metadata)
        });
        let (client, submissions) = (self.facade.clone(), submissions.collect::<PyResult<Vec<_>>>()?);
        run(py, reply_to, async move { client.moderate_batch(submissions, idempotency_key).await }, |py, batch| {
            results::batch_to_list(py, batch)?.into_py_any(py)
        })
    }

    fn content(&self, py: Python<'_>, reply_to: ReplyTo<'_>, id: String) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.content(id).await }, |py, found| {
            results::content_to_dict(py, found)?.into_py_any(py)
        })
    }

    fn contents_page(
        &self,
        py: Python<'_>,
        reply_to: ReplyTo<'_>,
        page: i64,
        per_page: Option<i64>,
        status: Option<String>,
    ) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        let filter = ContentFilter {
            page: Some(check_positive(py, "page", page)?),
            per_page: per_page.map(|count| check_positive(py, "per_page", count)).transpose()?,
            status: status.map(|word| word.as_str().into()),
        };
        run(py, reply_to, async move { client.contents_page(filter).await }, |py, page| {
            results::page_to_dict(py, page)?.into_py_any(py)
        })
    }

    fn statistics(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.statistics().await }, |py, counted| {
            results::statistics_to_dict(py, &counted)?.into_py_any(py)
        })
    }

    fn health(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.health().await }, |py, health| {
            results::health_to_dict(py, health)?.into_py_any(py)
        })
    }

    fn close(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let client = self.facade.clone();
        run(py, reply_to, async move { client.close().await }, none_to_python)
    }

    #[getter]
    fn state(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        state_to_tuple(py, &self.facade.state())
    }

    fn state_changes(&self) -> States {
        States(Arc::new(self.facade.state_changes()))
    }

    #[getter]
    fn url(&self) -> &str {
        self.facade.url()
    }

    fn network_changed(&self) {
        self.facade.network_changed();
    }

    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Metrics { attempts, connections, events, replayed, backfilled, duplicates, malformed, gaps, sent, .. } =
            self.facade.metrics();
        let dict = PyDict::new(py);
        for (name, count) in [
            ("attempts", attempts),
            ("connections", connections),
            ("events", events),
            ("replayed", replayed),
            ("backfilled", backfilled),
            ("duplicates", duplicates),
            ("malformed", malformed),
            ("gaps", gaps),
            ("sent", sent),
        ] {
            dict.set_item(name, count)?;
        }
        Ok(dict)
    }

    /// Returns the queue of requests for credentials, if the client has a provider.
    fn credential_requests(&self) -> Option<CredentialRequests> {
        self.credentials.clone().map(CredentialRequests)
    }
}

/// Queue of requests for credentials. It holds no reference to the client, so waiting for a request does not keep the
/// client alive.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct CredentialRequests(Arc<CredentialQueue>);

#[pymethods]
impl CredentialRequests {
    /// Waits for the next request, and returns it as `(id, reason)`. Returns `None` after the client has been dropped.
    fn next(&self, py: Python<'_>, reply_to: ReplyTo<'_>) -> PyResult<Py<PyAny>> {
        let queue = self.0.clone();
        let next = async move { Ok(queue.next().await) };
        run(py, reply_to, next, |py, request: Option<CredentialRequest>| match request {
            Some(request) => (request.id, request.reason.as_str()).into_py_any(py),
            None => Ok(py.None()),
        })
    }

    fn answer(&self, id: u64, answer: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.answer(id, Ok(credentials::credentials_from_python(answer)?));
        Ok(())
    }

    fn fail(&self, id: u64, message: String, fatal: bool) {
        self.0.answer(id, Err(credentials::provider_error(message, fatal)));
    }
}

fn none_to_python(py: Python<'_>, (): ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

fn check_positive(py: Python<'_>, name: &str, count: i64) -> PyResult<u32> {
    let count_or_none = u32::try_from(count).ok().filter(|count| *count > 0);
    count_or_none.ok_or_else(|| errors::invalid_argument(py, &format!("{name}: {count} is not a positive number")))
}

/// Creates a submission. `metadata_name` is the name of the metadata in errors.
fn submission(kind: String, content: String, metadata_name: &str, metadata: &Bound<'_, PyAny>) -> PyResult<Submission> {
    let submission = Submission::new(kind, content);
    Ok(if metadata.is_none() { submission } else { submission.metadata(json::from_python(metadata_name, metadata)?) })
}

/// Converts a state to the tuple `(state, attempt, retry_in, cause)`.
fn state_to_tuple(py: Python<'_>, record: &StateRecord) -> PyResult<Py<PyAny>> {
    let cause = record.cause.as_ref().map(|cause| errors::to_exception(py, cause)).transpose()?;
    (record.state, record.attempt, record.retry_in, cause).into_py_any(py)
}
