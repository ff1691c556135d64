//! From the SDK's threads to an event loop: finished calls in a queue, and a byte in a pipe that says so.

use std::{
    io::{ErrorKind, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use automoderate::{Error, facade};
use pyo3::{prelude::*, types::PyList};

use crate::{blocking, errors};

#[cfg(unix)]
type End = std::os::unix::net::UnixStream;
#[cfg(not(unix))]
type End = std::net::TcpStream;

type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// The side that the SDK's threads see.
pub(crate) struct Inbox {
    done: Mutex<Vec<(u64, Finish)>>,
    /// A byte is already in the pipe, so that no other is needed.
    told: AtomicBool,
    bell: End,
}

impl Inbox {
    pub(crate) fn post(&self, id: u64, finish: Finish) {
        self.offer(usize::MAX, id, finish);
    }

    /// The same, unless this many are waiting; then false.
    pub(crate) fn offer(&self, limit: usize, id: u64, finish: Finish) -> bool {
        {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if done.len() >= limit {
                return false;
            }
            done.push((id, finish));
        }
        if !self.told.swap(true, Ordering::AcqRel) {
            // It fails only if nobody listens any more, or if the pipe is full.
            let _ = (&self.bell).write(&[1]);
        }
        true
    }
}

/// One event loop's connection to the SDK. One wake-up returns everything that is done.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct Port {
    inbox: Arc<Inbox>,
    ear: End,
    /// A dedicated thread listens: `drain` must not wait for a byte that it has read.
    listened: AtomicBool,
}

impl Port {
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

/// The destination of a call's result: a port, under a number. Without one the call waits for the result.
pub(crate) type Ticket<'py> = Option<(Bound<'py, Port>, u64)>;

/// Runs a call of the facade, and converts its result to a Python object on the calling thread.
pub(crate) fn run<T, F>(
    py: Python<'_>,
    ticket: Ticket<'_>,
    future: F,
    convert: fn(Python<'_>, T) -> PyResult<Py<PyAny>>,
) -> PyResult<Py<PyAny>>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let Some((port, id)) = ticket else {
        let result = blocking::wait(py, future)?;
        return convert(py, result);
    };
    let inbox = port.get().inbox.clone();
    let work = async move {
        let result = future.await;
        let finish = move |py: Python<'_>| match result {
            Ok(value) => convert(py, value),
            Err(error) => Err(errors::raise(py, &error)),
        };
        inbox.post(id, Box::new(finish));
    };
    facade::start(work).map_err(|error| errors::raise(py, &error))?;
    Ok(py.None())
}

#[pymethods]
impl Port {
    #[new]
    fn new() -> PyResult<Self> {
        let (ear, bell) = pair()?;
        ear.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        Ok(Self {
            inbox: Arc::new(Inbox { done: Mutex::default(), told: AtomicBool::new(false), bell }),
            ear,
            listened: AtomicBool::new(false),
        })
    }

    /// The file descriptor that becomes readable when a call is done.
    #[cfg(unix)]
    fn fileno(&self) -> i64 {
        std::os::fd::AsRawFd::as_raw_fd(&self.ear).into()
    }

    #[cfg(windows)]
    fn fileno(&self) -> i64 {
        std::os::windows::io::AsRawSocket::as_raw_socket(&self.ear) as i64
    }

    /// The calls done since the last time: (number, success, the result or the exception).
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut bytes = [0; 64];
        let listened = self.listened.load(Ordering::Acquire);
        while !listened && (&self.ear).read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        self.inbox.told.store(false, Ordering::Release);
        let done = std::mem::take(&mut *self.inbox.done.lock().unwrap_or_else(PoisonError::into_inner));
        let list = PyList::empty(py);
        for (id, finish) in done {
            match finish(py) {
                Ok(value) => list.append((id, true, value))?,
                Err(error) => list.append((id, false, error.into_value(py)))?,
            }
        }
        Ok(list)
    }

    /// Waits on this thread, for event loops that can't watch file descriptors. False after `close`.
    fn wait(&self, py: Python<'_>) -> bool {
        self.listened.store(true, Ordering::Release);
        py.detach(|| {
            let Ok(()) = self.ear.set_nonblocking(false) else { return false };
            loop {
                match (&self.ear).read(&mut [0; 1]) {
                    Ok(count) => return count > 0,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return false,
                }
            }
        })
    }
}

#[cfg(unix)]
fn pair() -> std::io::Result<(End, End)> {
    End::pair()
}

#[cfg(not(unix))]
fn pair() -> std::io::Result<(End, End)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let bell = End::connect(listener.local_addr()?)?;
    let own = bell.local_addr()?;
    loop {
        // Another reader may have been faster.
        let (ear, peer) = listener.accept()?;
        if peer == own {
            return Ok((ear, bell));
        }
    }
}
