//! Waits on the calling thread, with the GIL released. Ctrl-C interrupts a wait on the main thread.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use automoderate::{Error, facade};
use pyo3::prelude::*;

use crate::errors;

/// Interval at which a wait on the main thread checks for signals such as Ctrl-C.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// Interval at which a wait on any other thread wakes up. Python handles signals only on the main thread, so the
/// interval is long.
const OFF_MAIN_THREAD_WAKE_INTERVAL: Duration = Duration::from_secs(3600);

/// Waits for the result of `future`. Also fails if a signal handler raises an exception.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = Result<T, Error>> + Send) -> PyResult<T> {
    match wait_with_deadline(py, future, None)? {
        Some(value) => Ok(value),
        None => unreachable!("there is no deadline"),
    }
}

/// Waits for the result of `future`. Returns `None` once the deadline has passed. Also fails if a signal handler raises
/// an exception.
pub(crate) fn wait_with_deadline<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = Result<T, Error>> + Send,
    deadline: Option<Instant>,
) -> PyResult<Option<T>> {
    let mut future = pin!(future);
    let slice = if on_main_thread(py)? { SIGNAL_CHECK_INTERVAL } else { OFF_MAIN_THREAD_WAKE_INTERVAL };
    loop {
        let remaining = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = remaining.map_or(slice, |remaining| remaining.min(slice));
        let outcome = py.detach(|| {
            let future = &mut future;
            facade::block_on(async move { Ok(tokio::time::timeout(slice, future).await.ok()) })
        });
        match outcome {
            Ok(Some(Ok(value))) => return Ok(Some(value)),
            Ok(Some(Err(error))) | Err(error) => return Err(errors::to_py_err(py, &error)),
            Ok(None) => py.check_signals()?,
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(None);
        }
    }
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    Ok(threading.call_method0("main_thread")?.is(&threading.call_method0("current_thread")?))
}
