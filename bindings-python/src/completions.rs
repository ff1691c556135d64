//! Transfer of completed calls from the SDK's threads to an event loop. Completed calls are queued, and a byte written
//! to a socket wakes the event loop.

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
type WakeSocket = std::os::unix::net::UnixStream;
#[cfg(not(unix))]
type WakeSocket = std::net::TcpStream;

type ConvertToPython = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Sending side of a [`CompletionQueue`], for the SDK's threads.
pub(crate) struct CompletionSender {
    completed: Mutex<Vec<(u64, ConvertToPython)>>,
    /// True if a byte has been written since the last `drain`, and no further byte is needed.
    is_wake_pending: AtomicBool,
    wake_writer: WakeSocket,
}

impl CompletionSender {
    pub(crate) fn send(&self, id: u64, convert_to_python: ConvertToPython) {
        self.try_send(usize::MAX, id, convert_to_python);
    }

    /// Queues a completion and returns `true`, or returns `false` if `limit` completions are already queued.
    pub(crate) fn try_send(&self, limit: usize, id: u64, convert_to_python: ConvertToPython) -> bool {
        {
            let mut completed = self.completed.lock().unwrap_or_else(PoisonError::into_inner);
            if completed.len() >= limit {
                return false;
            }
            completed.push((id, convert_to_python));
        }
        if !self.is_wake_pending.swap(true, Ordering::AcqRel) {
            // The write fails only if the [`CompletionQueue`] no longer exists, or if the socket's buffer is full. A full
            // buffer wakes the event loop anyway.
            let _ = (&self.wake_writer).write(&[1]);
        }
        true
    }
}

/// Queue of completed calls for one event loop, or of log messages for the thread that logs them. One wake-up delivers
/// all queued completions.
#[pyclass(frozen, module = "automoderate._native")]
pub(crate) struct CompletionQueue {
    sender: Arc<CompletionSender>,
    wake_reader: WakeSocket,
    /// True if a dedicated thread reads the wake-up bytes. If so, `drain` must not wait for a byte.
    has_listener_thread: AtomicBool,
}

impl CompletionQueue {
    pub(crate) fn sender(&self) -> &Arc<CompletionSender> {
        &self.sender
    }
}

/// Destination of a call's result: a queue, and the id of the completion. A call with `None` blocks and returns the
/// result.
pub(crate) type ReplyTo<'py> = Option<(Bound<'py, CompletionQueue>, u64)>;

/// Runs a call to the facade. The result is converted to a Python object on the calling thread or, with `reply_to`, on
/// the thread that drains the queue.
pub(crate) fn run<T, F>(
    py: Python<'_>,
    reply_to: ReplyTo<'_>,
    future: F,
    convert: fn(Python<'_>, T) -> PyResult<Py<PyAny>>,
) -> PyResult<Py<PyAny>>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let Some((port, id)) = reply_to else {
        let result = blocking::wait(py, future)?;
        return convert(py, result);
    };
    let sender = port.get().sender.clone();
    let work = async move {
        let result = future.await;
        let convert_to_python = move |py: Python<'_>| match result {
            Ok(value) => convert(py, value),
            Err(error) => Err(errors::to_py_err(py, &error)),
        };
        sender.send(id, Box::new(convert_to_python));
    };
    facade::spawn_detached(work).map_err(|error| errors::to_py_err(py, &error))?;
    Ok(py.None())
}

#[pymethods]
impl CompletionQueue {
    #[new]
    fn new() -> PyResult<Self> {
        let (wake_reader, wake_writer) = socket_pair()?;
        wake_reader.set_nonblocking(true)?;
        wake_writer.set_nonblocking(true)?;
        Ok(Self {
            sender: Arc::new(CompletionSender {
                completed: Mutex::default(),
                is_wake_pending: AtomicBool::new(false),
                wake_writer,
            }),
            wake_reader,
            has_listener_thread: AtomicBool::new(false),
        })
    }

    /// Returns the file descriptor that becomes readable when a call is completed.
    #[cfg(unix)]
    fn fileno(&self) -> i64 {
        std::os::fd::AsRawFd::as_raw_fd(&self.wake_reader).into()
    }

    #[cfg(windows)]
    fn fileno(&self) -> i64 {
        std::os::windows::io::AsRawSocket::as_raw_socket(&self.wake_reader) as i64
    }

    /// Takes the calls completed since the last `drain`, as tuples `(id, is_success, result_or_exception)`.
    fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let mut bytes = [0; 64];
        let has_listener_thread = self.has_listener_thread.load(Ordering::Acquire);
        while !has_listener_thread && (&self.wake_reader).read(&mut bytes).is_ok_and(|count| count == bytes.len()) {}
        self.sender.is_wake_pending.store(false, Ordering::Release);
        let completed = std::mem::take(&mut *self.sender.completed.lock().unwrap_or_else(PoisonError::into_inner));
        let list = PyList::empty(py);
        for (id, convert_to_python) in completed {
            match convert_to_python(py) {
                Ok(value) => list.append((id, true, value))?,
                Err(error) => list.append((id, false, error.into_value(py)))?,
            }
        }
        Ok(list)
    }

    /// Waits for a wake-up on this thread, for event loops that can't watch file descriptors. Returns `false` if the
    /// wake-up can't be read.
    fn wait_for_wakeup(&self, py: Python<'_>) -> bool {
        self.has_listener_thread.store(true, Ordering::Release);
        py.detach(|| {
            let Ok(()) = self.wake_reader.set_nonblocking(false) else { return false };
            loop {
                match (&self.wake_reader).read(&mut [0; 1]) {
                    Ok(count) => return count > 0,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return false,
                }
            }
        })
    }
}

#[cfg(unix)]
fn socket_pair() -> std::io::Result<(WakeSocket, WakeSocket)> {
    WakeSocket::pair()
}

#[cfg(not(unix))]
fn socket_pair() -> std::io::Result<(WakeSocket, WakeSocket)> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let wake_writer = WakeSocket::connect(listener.local_addr()?)?;
    let writer_address = wake_writer.local_addr()?;
    loop {
        // Another process may have connected first.
        let (wake_reader, peer) = listener.accept()?;
        if peer == writer_address {
            return Ok((wake_reader, wake_writer));
        }
    }
}
