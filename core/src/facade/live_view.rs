//! Live views that bindings poll.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use futures_util::Stream as _;
use tokio::sync::{Mutex as AsyncMutex, Notify};

use super::runtime::{ProcessGuard, run_on_runtime};
use crate::{Error, Event, LiveState, LiveView};

/// Live view of a project for a binding. Dropping it closes the view.
#[derive(Debug)]
pub struct FacadeLiveView {
    shared: Arc<SharedView>,
    guard: ProcessGuard,
}

/// Next event, or `None` at the end of the view.
type Received = Result<Option<Event>, Error>;

#[derive(Debug)]
struct SharedView {
    view: Mutex<View>,
    /// Result of a wait that no call of [`FacadeLiveView::next`] has returned yet.
    received: Mutex<Option<Received>>,
    closed: Notify,
    /// Lock that allows one wait at a time, because the view stores only one waker.
    wait_lock: AsyncMutex<()>,
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // only one exists per view
enum View {
    Open(LiveView),
    /// The view has been closed. Contains its last state.
    Closed(LiveState),
}

impl View {
    fn state(&self) -> &LiveState {
        match self {
            Self::Open(view) => view.state(),
            Self::Closed(state) => state,
        }
    }
}

impl SharedView {
    fn lock(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_received(&self) -> MutexGuard<'_, Option<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `received` contains a value.
    async fn receive(&self) {
        let _guard = self.wait_lock.lock().await;
        if self.lock_received().is_some() {
            return;
        }
        let event = poll_fn(|cx| match &mut *self.lock() {
            View::Open(view) => Pin::new(view).poll_next(cx),
            View::Closed(_) => Poll::Ready(None),
        });
        let event = tokio::select! {
            biased;
            () = self.closed.notified() => None,
            event = event => event,
        };
        *self.lock_received() = Some(event.transpose());
    }
}

impl FacadeLiveView {
    pub(super) fn new(view: LiveView) -> Self {
        let shared = SharedView {
            view: Mutex::new(View::Open(view)),
            received: Mutex::default(),
            closed: Notify::new(),
            wait_lock: AsyncMutex::default(),
        };
        Self { shared: Arc::new(shared), guard: ProcessGuard::current() }
    }

    /// Returns a copy of the current state or, once the view has been closed, of the last state.
    #[must_use]
    pub fn state(&self) -> LiveState {
        self.shared.lock().state().clone()
    }

    /// Waits for the next event and applies it to the state. Returns `None` once the view has ended.
    ///
    /// # Errors
    /// Returns the errors of [`LiveView::next`], and `closed` in a forked child.
    ///
    /// # Cancel safety
    /// No event is lost if the future is dropped.
    pub async fn next(&self) -> Result<Option<Event>, Error> {
        self.guard.check()?;
        loop {
            let shared = self.shared.clone();
            run_on_runtime(async move {
                shared.receive().await;
                Ok(())
            })
            .await?;
            if let Some(received) = self.shared.lock_received().take() {
                return received;
            }
        }
    }

    /// Closes the view, which ends a pending wait.
    pub fn close(&self) {
        // A forked child owns neither the stream nor the lock.
        if self.guard.check().is_err() {
            return;
        }
        let mut view = self.shared.lock();
        let state = view.state().clone();
        let closed = std::mem::replace(&mut *view, View::Closed(state));
        drop(view);
        self.shared.closed.notify_waiters();
        // Dropping a stream may wake its reader, which takes the lock.
        drop(closed);
    }
}

impl Drop for FacadeLiveView {
    fn drop(&mut self) {
        self.close();
    }
}
