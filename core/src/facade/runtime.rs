//! Tokio runtime of the process, created on first use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::{Error, ErrorKind};

/// The runtime and the process that owns it: the runtime's threads don't survive a fork.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

fn runtime() -> Result<Arc<Runtime>, Error> {
    let pid = std::process::id();
    let mut current = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some((owner, runtime)) if *owner == pid => return Ok(runtime.clone()),
        _ => {}
    }
    let built = Builder::new_multi_thread()
        // Decoding is fast; the host language takes most of the time.
        .worker_threads(2)
        .thread_name("automoderate")
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Closed, format!("the runtime could not be created: {error}")))?;
    let built = Arc::new(built);
    if let Some(inherited) = current.replace((pid, built.clone())) {
        // After a fork its threads are gone, and shutting it down would wait for them.
        std::mem::forget(inherited);
    }
    Ok(built)
}

/// Runs a future on the facade's runtime. Any executor may poll the returned future. Once that future has been polled,
/// dropping it does not stop the work.
///
/// # Errors
/// `closed` if the runtime can't be created, or the process is ending.
#[allow(clippy::disallowed_methods)] // the runtime of the bindings
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

/// Runs a future on the facade's runtime and returns immediately. For languages that a callback or a file notifies of
/// the result.
///
/// # Errors
/// `closed` if the runtime can't be created.
#[allow(clippy::disallowed_methods)] // the runtime of the bindings
pub fn start(future: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    runtime()?.spawn(future);
    Ok(())
}

/// Calls a function inside the runtime, so that it can create timers.
pub(super) fn within<T>(make: impl FnOnce() -> T) -> Result<T, Error> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    Ok(make())
}

/// Runs a future on the calling thread, which must not be one of the runtime's.
///
/// # Errors
/// The errors of the future; `closed` if the runtime can't be created.
pub fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    runtime()?.block_on(future)
}

/// Process in which an object was created: it can't be used in a forked child.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessGuard(u32);

impl ProcessGuard {
    pub(super) fn current() -> Self {
        Self(std::process::id())
    }

    /// Fails in a forked child.
    pub(super) fn check(self) -> Result<(), Error> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Closed, "this client belongs to the parent process; create a new one after a fork"))
    }
}
