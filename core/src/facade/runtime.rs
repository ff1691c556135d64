//! The Tokio runtime shared by all of the facade's clients in the process, created on first use.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};

use crate::{Error, ErrorKind};

/// The runtime and the id of the process that created it. The runtime's threads do not exist in a forked child.
static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

fn runtime() -> Result<Arc<Runtime>, Error> {
    let pid = std::process::id();
    let mut current = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    match &*current {
        Some((owner, runtime)) if *owner == pid => return Ok(runtime.clone()),
        _ => {}
    }
    let built = Builder::new_multi_thread()
        // Two threads are enough: decoding is fast, and most of the time is spent in the host language.
        .worker_threads(2)
        .thread_name("automoderate")
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Closed, format!("the runtime could not be created: {error}")))?;
    let built = Arc::new(built);
    if let Some(inherited) = current.replace((pid, built.clone())) {
        // An inherited runtime is leaked, because its threads do not exist in this process and dropping the runtime
        // would wait for them forever.
        std::mem::forget(inherited);
    }
    Ok(built)
}

/// Runs a future on the facade's runtime and waits for its result.
///
/// Any executor may poll the returned future. Once the returned future has been polled, dropping it does not stop the
/// work.
///
/// # Errors
/// Returns the future's error, or `closed` if the runtime can't be created, the process is exiting or the future
/// panics.
#[allow(clippy::disallowed_methods)] // the facade's own runtime
pub async fn run_on_runtime<T, F>(future: F) -> Result<T, Error>
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

/// Runs a future on the facade's runtime and returns immediately.
///
/// This function suits bindings that are notified of the result through a callback or a file descriptor.
///
/// # Errors
/// Returns `closed` if the runtime can't be created.
#[allow(clippy::disallowed_methods)] // the facade's own runtime
pub fn spawn_detached(future: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    runtime()?.spawn(future);
    Ok(())
}

/// Calls a function in the context of the runtime, so that the function can create timers.
pub(super) fn with_runtime_entered<T>(function: impl FnOnce() -> T) -> Result<T, Error> {
    let runtime = runtime()?;
    let _entered = runtime.enter();
    Ok(function())
}

/// Runs a future to completion on the calling thread, which must not be one of the runtime's threads.
///
/// # Errors
/// Returns the future's error, or `closed` if the runtime can't be created.
pub fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    runtime()?.block_on(future)
}

/// Guard that prevents an object from being used in a forked child of the process that created it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessGuard(u32);

impl ProcessGuard {
    pub(super) fn current() -> Self {
        Self(std::process::id())
    }

    /// Fails with `closed` in a forked child of the process that created the guard.
    pub(super) fn check(self) -> Result<(), Error> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Closed, "this client belongs to the parent process; create a new one after a fork"))
    }
}
