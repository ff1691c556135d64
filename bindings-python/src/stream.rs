//! Streams of events: taking doesn't wait, and waiting doesn't take.
//!
//! A wait carries no event, so a cancelled one loses none.

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
    blocking, errors,
    events::to_python,
    port::{Inbox, Port},
};

/// The number of events in a row after which the event loop runs.
const RUN: u32 = 1024;

static KEYS: AtomicU64 = AtomicU64::new(1);

/// A stream of events. Each event goes to one reader.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct Stream {
    shared: Arc<Shared>,
    /// The number of its waits: even for streams, odd for calls.
    key: u64,
    left: AtomicU32,
}

struct Shared {
    stream: FacadeStream,
    /// One wait at a time: the stream knows only one waker.
    turn: tokio::sync::Mutex<()>,
    watch: Mutex<Watch>,
}

/// The wait that serves all event loops.
#[derive(Default)]
struct Watch {
    running: bool,
    ports: Vec<Arc<Inbox>>,
    end: Option<Option<Error>>,
}

impl Shared {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn readable(&self) -> Result<bool, Error> {
        let _turn = self.turn.lock().await;
        self.stream.readable().await
    }

    /// Waits once and wakes all waiters.
    async fn tell(&self, key: u64) {
        let outcome = self.readable().await;
        let mut watch = self.watch();
        watch.running = false;
        match outcome {
            Ok(true) => {}
            Ok(false) => {
                watch.end.get_or_insert(None);
            }
            Err(error) => watch.end = Some(Some(error)),
        }
        let ports = std::mem::take(&mut watch.ports);
        drop(watch);
        for port in ports {
            port.post(key, Box::new(|py| Ok(py.None())));
        }
    }
}

impl Stream {
    pub(crate) fn new(stream: FacadeStream) -> Self {
        Self {
            shared: Arc::new(Shared { stream, turn: tokio::sync::Mutex::new(()), watch: Mutex::default() }),
            key: KEYS.fetch_add(1, Ordering::Relaxed) * 2,
            left: AtomicU32::new(RUN),
        }
    }

    /// Waits for an event; `None` at the end. After the deadline `TimeoutError`.
    fn pop_blocking(&self, py: Python<'_>, deadline: Option<Instant>) -> PyResult<Option<Event>> {
        loop {
            if let Some(event) = self.shared.stream.pop() {
                return Ok(Some(event));
            }
            match blocking::wait_until(py, self.shared.readable(), deadline)? {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => return Err(PyTimeoutError::new_err("no event came in time")),
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

    /// The events that are ready; ends early from time to time, when `more` says so.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Ok(None);
        }
        let Some(event) = self.shared.stream.pop() else { return Ok(None) };
        self.left.store(left - 1, Ordering::Relaxed);
        to_python(py, event).map(Some)
    }

    /// True if iteration ended only to let other tasks run.
    fn more(&self) -> bool {
        self.left.swap(RUN, Ordering::Relaxed) == 0
    }

    fn take<'py>(&self, py: Python<'py>, max: usize) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        while list.len() < max {
            let Some(event) = self.shared.stream.pop() else { break };
            list.append(to_python(py, event)?)?;
        }
        Ok(list)
    }

    /// Notifies the port when events are ready, or at the end.
    fn watch(&self, py: Python<'_>, port: &Bound<'_, Port>) -> PyResult<()> {
        let mut watch = self.shared.watch();
        if watch.end.is_some() {
            port.get().inbox().post(self.key, Box::new(|py| Ok(py.None())));
            return Ok(());
        }
        if !watch.ports.iter().any(|known| Arc::ptr_eq(known, port.get().inbox())) {
            watch.ports.push(port.get().inbox().clone());
        }
        if !std::mem::replace(&mut watch.running, true) {
            let (shared, key) = (self.shared.clone(), self.key);
            let started = facade::start(async move { shared.tell(key).await });
            started.map_err(|error| errors::raise(py, &error))?;
        }
        Ok(())
    }

    /// True if the stream has ended; raises its error, once.
    fn ended(&self, py: Python<'_>) -> PyResult<bool> {
        match &mut self.shared.watch().end {
            None => Ok(false),
            Some(error) => error.take().map_or(Ok(true), |error| Err(errors::raise(py, &error))),
        }
    }

    fn next_blocking(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.pop_blocking(py, None)?.map(|event| to_python(py, event)).transpose()
    }

    fn take_blocking<'py>(&self, py: Python<'py>, max: usize, timeout: Option<f64>) -> PyResult<Bound<'py, PyList>> {
        let wrong = |_| errors::invalid(py, "timeout: it is not a number of seconds");
        let timeout = timeout.map(Duration::try_from_secs_f64).transpose().map_err(wrong)?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let Some(first) = self.pop_blocking(py, deadline)? else { return Ok(PyList::empty(py)) };
        let rest = self.take(py, max.saturating_sub(1))?;
        rest.insert(0, to_python(py, first)?)?;
        Ok(rest)
    }

    fn throttle(&self, py: Python<'_>, seconds: f64) -> PyResult<Self> {
        let stream = self.shared.stream.throttle(seconds).map_err(|error| errors::raise(py, &error))?;
        Ok(Self::new(stream))
    }

    fn cancel(&self) {
        self.shared.stream.cancel();
    }
}

/// Waits for each event on the calling thread, with the GIL released.
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
