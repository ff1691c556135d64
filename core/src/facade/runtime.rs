//! One runtime per process, made on first use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::{Error, ErrorKind};

/// The runtime and the process that it belongs to: its threads don't survive a fork.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

fn runtime() -> Result<Arc<Runtime>, Error> {
    let pid = std::process::id();
    let mut current = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some((owner, runtime)) if *owner == pid => return Ok(runtime.clone()),
        _ => {}
    }
    let built = Builder::new_multi_thread()
        // Decoding is fast; what takes time is the language above.
        .worker_threads(2)
        .thread_name("automoderate")
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Closed, format!("no runtime can be made: {error}")))?;
    let built = Arc::new(built);
    if let Some(inherited) = current.replace((pid, built.clone())) {
        // After a fork: its threads are gone, and shutting it down would wait for them.
        std::mem::forget(inherited);
    }
    Ok(built)
}

/// Runs a future on the facade's runtime; the returned one may be polled by any executor, and dropped at any time
/// without stopping the work.
///
/// # Errors
/// `closed` if no runtime can be made, or if the process is ending.
pub async fn spawn<T, F>(future: F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let handle: JoinHandle<Result<T, Error>> = runtime()?.spawn(future);
    match handle.await {
        Ok(result) => result,
        Err(error) => Err(Error::new(ErrorKind::Closed, format!("the SDK's task ended early: {error}"))),
    }
}

/// Runs a future on the facade's runtime and returns at once, for languages that are told by a callback or a file.
///
/// # Errors
/// `closed` if no runtime can be made.
pub fn start(future: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    runtime()?.spawn(future);
    Ok(())
}

/// Calls a function where timers can be made.
pub(super) fn within<T>(make: impl FnOnce() -> T) -> Result<T, Error> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    Ok(make())
}

/// Waits for a future on the calling thread. Not to be called on a thread of the runtime.
///
/// # Errors
/// Those of the future; `closed` if no runtime can be made.
pub fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    runtime()?.block_on(future)
}

/// The process in which something was made: it can't be used in a child of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home(u32);

impl Home {
    pub(super) fn here() -> Self {
        Self(std::process::id())
    }

    /// Fails in a forked child.
    pub(super) fn check(self) -> Result<(), Error> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Closed, "this client belongs to the parent process: make a new one after a fork"))
    }
}
