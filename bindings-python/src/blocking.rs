//! Waiting on the calling thread, with the GIL released and with Ctrl-C.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use automoderate::{Error, facade};
use pyo3::prelude::*;

use crate::errors;

/// The longest delay of Ctrl-C.
const SLICE: Duration = Duration::from_millis(50);
/// Other threads receive no signals.
const LONG: Duration = Duration::from_secs(3600);

/// Waits for a result, or until a signal handler raises an exception.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = Result<T, Error>> + Send) -> PyResult<T> {
    match wait_until(py, future, None)? {
        Some(value) => Ok(value),
        None => unreachable!("there is no deadline"),
    }
}

/// The same, at most until the deadline; then it is `None`.
pub(crate) fn wait_until<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = Result<T, Error>> + Send,
    deadline: Option<Instant>,
) -> PyResult<Option<T>> {
    let mut future = pin!(future);
    let slice = if on_main_thread(py)? { SLICE } else { LONG };
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let slice = left.map_or(slice, |left| left.min(slice));
        let outcome = py.detach(|| {
            let future = &mut future;
            facade::block_on(async move { Ok(tokio::time::timeout(slice, future).await.ok()) })
        });
        match outcome {
            Ok(Some(Ok(value))) => return Ok(Some(value)),
            Ok(Some(Err(error))) | Err(error) => return Err(errors::raise(py, &error)),
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
