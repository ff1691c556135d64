//! Event streams. Taking events and waiting for events are separate operations. A wait takes no events and only reports
//! that events are ready, so a cancelled wait loses no events.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use automoderate::{Error, Event, facade, facade::FacadeStream};
use pyo3::{exceptions::PyTimeoutError, prelude::*, types::PyList};

use crate::{
    blocking,
    completions::{CompletionQueue, CompletionSender},
    errors,
    events::to_python,
};

/// Number of consecutive events after which iteration pauses, to let the event loop run other tasks.
const EVENTS_BEFORE_PAUSE: u32 = 1024;

static NEXT_KEY: AtomicU64 = AtomicU64::new(1);

/// Event stream. Each event is delivered to only one reader.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct Stream {
    shared: Arc<SharedStream>,
    /// Id of the completions of this stream's waits. The id is even, because the ids of calls are odd.
    key: u64,
    events_before_pause: AtomicU32,
}

struct SharedStream {
    stream: FacadeStream,
    /// Lock that allows one wait at a time, because the stream stores only one waker.
    read_lock: tokio::sync::Mutex<()>,
    wait: Mutex<SharedWait>,
}

/// State of the wait that serves all event loops.
#[derive(Default)]
struct SharedWait {
    running: bool,
    senders: Vec<Arc<CompletionSender>>,
    end: Option<Option<Error>>,
}

impl SharedStream {
    fn lock_wait(&self) -> MutexGuard<'_, SharedWait> {
        self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn readable(&self) -> Result<bool, Error> {
        let _guard = self.read_lock.lock().await;
        self.stream.readable().await
    }

    /// Waits until the stream is readable or has ended, and notifies all waiting event loops.
    async fn notify_when_readable(&self, key: u64) {
        let outcome = self.readable().await;
        let mut wait = self.lock_wait();
        wait.running = false;
        match outcome {
            Ok(true) => {}
            Ok(false) => {
                wait.end.get_or_insert(None);
            }
            Err(error) => wait.end = Some(Some(error)),
        }
        let senders = std::mem::take(&mut wait.senders);
        drop(wait);
        for sender in senders {
            sender.send(key, Box::new(|py| Ok(py.None())));
        }
    }
}

impl Stream {
    pub(crate) fn new(stream: FacadeStream) -> Self {
        Self {
            shared: Arc::new(SharedStream { stream, read_lock: tokio::sync::Mutex::new(()), wait: Mutex::default() }),
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed) * 2,
            events_before_pause: AtomicU32::new(EVENTS_BEFORE_PAUSE),
        }
    }

    /// Waits for an event and takes it. Returns `None` at the end of the stream. Raises `TimeoutError` at the deadline.
    fn pop_blocking(&self, py: Python<'_>, deadline: Option<Instant>) -> PyResult<Option<Event>> {
        loop {
            if let Some(event) = self.shared.stream.pop() {
                return Ok(Some(event));
            }
            match blocking::wait_with_deadline(py, self.shared.readable(), deadline)? {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => return Err(PyTimeoutError::new_err("no event arrived in time")),
            }
        }
    }
}

#[pymethods]
impl Stream {
    #[getter]
    fn key(&self) -> u64 {
        self.key
    }

    #[getter]
    fn losses(&self) -> (u64, u64) {
        let losses = self.shared.stream.losses();
        (losses.lagged, losses.gaps)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// Takes the next ready event. Iteration ends when no event is ready or, to let other tasks run, after
    /// `EVENTS_BEFORE_PAUSE` events; see `take_pause_flag`.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let remaining = self.events_before_pause.load(Ordering::Relaxed);
        if remaining == 0 {
            return Ok(None);
        }
        let Some(event) = self.shared.stream.pop() else { return Ok(None) };
        self.events_before_pause.store(remaining - 1, Ordering::Relaxed);
        to_python(py, event).map(Some)
    }

    /// Returns `true` if iteration ended only to let other tasks run. Allows iteration to continue.
    fn take_pause_flag(&self) -> bool {
        self.events_before_pause.swap(EVENTS_BEFORE_PAUSE, Ordering::Relaxed) == 0
    }

    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        while list.len() < max {
            let Some(event) = self.shared.stream.pop() else { break };
            list.append(to_python(py, event)?)?;
        }
        Ok(list)
    }

    /// Sends a completion with this stream's key when events are ready or the stream ends.
    fn notify_readable(&self, py: Python<'_>, queue: &Bound<'_, CompletionQueue>) -> PyResult<()> {
        let mut wait = self.shared.lock_wait();
        if wait.end.is_some() {
            queue.get().sender().send(self.key, Box::new(|py| Ok(py.None())));
            return Ok(());
        }
        if !wait.senders.iter().any(|known| Arc::ptr_eq(known, queue.get().sender())) {
            wait.senders.push(queue.get().sender().clone());
        }
        if !std::mem::replace(&mut wait.running, true) {
            let (shared, key) = (self.shared.clone(), self.key);
            let started = facade::spawn_detached(async move { shared.notify_when_readable(key).await });
            started.map_err(|error| errors::to_py_err(py, &error))?;
        }
        Ok(())
    }

    /// Returns `true` if the stream has ended. If the stream ended with an error, raises the error once.
    fn has_ended(&self, py: Python<'_>) -> PyResult<bool> {
        match &mut self.shared.lock_wait().end {
            None => Ok(false),
            Some(error) => error.take().map_or(Ok(true), |error| Err(errors::to_py_err(py, &error))),
        }
    }

    fn next_blocking(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.pop_blocking(py, None)?.map(|event| to_python(py, event)).transpose()
    }

    fn take_blocking<'py>(&self, py: Python<'py>, max: usize, timeout: Option<f64>) -> PyResult<Bound<'py, PyList>> {
        let wrong = |_| errors::invalid_argument(py, "timeout: must be a non-negative number of seconds");
        let timeout = timeout.map(Duration::try_from_secs_f64).transpose().map_err(wrong)?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let Some(first) = self.pop_blocking(py, deadline)? else { return Ok(PyList::empty(py)) };
        let rest = self.take(py, max.saturating_sub(1))?;
        rest.insert(0, to_python(py, first)?)?;
        Ok(rest)
    }

    fn throttle(&self, py: Python<'_>, seconds: f64) -> PyResult<Self> {
        let stream = self.shared.stream.throttle(seconds).map_err(|error| errors::to_py_err(py, &error))?;
        Ok(Self::new(stream))
    }

    fn cancel(&self) {
        self.shared.stream.cancel();
    }
}

/// Iterator that waits for each event on the calling thread, with the GIL released.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct BlockingIterator(Py<Stream>);

#[pymethods]
impl BlockingIterator {
    #[new]
    fn new(stream: Py<Stream>) -> Self {
        Self(stream)
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.0.get().next_blocking(py)
    }
}
