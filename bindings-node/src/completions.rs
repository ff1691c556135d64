//! Transfer of completed calls from the SDK's threads to Node's thread. Completed calls are queued, and a single
//! wake-up of Node's thread announces all of them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use automoderate::{
    Error,
    facade::{self, FacadeLiveView, FacadeProject},
};
use napi::{
    Status,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;

use crate::{errors, live_view::LiveView, project::Project};

/// JavaScript function that wakes Node's thread. It does not keep the event loop running.
type WakeFunction = ThreadsafeFunction<(), (), (), Status, false, true>;

/// Result of a successful call.
pub(crate) enum CallResult {
    Empty,
    Json(String),
    Project(FacadeProject),
    LiveView(FacadeLiveView),
}

impl From<()> for CallResult {
    fn from((): ()) -> Self {
        Self::Empty
    }
}

impl From<serde_json::Value> for CallResult {
    fn from(value: serde_json::Value) -> Self {
        Self::Json(value.to_string())
    }
}

/// Sending side of a [`CompletionQueue`], for the SDK's threads.
struct CompletionSender {
    completed: Mutex<Vec<(i64, Result<CallResult, Error>)>>,
    /// True if `wake` has been called since the last `drain` and need not be called again.
    is_wake_pending: AtomicBool,
    wake: WakeFunction,
}

impl CompletionSender {
    fn send(&self, id: i64, result: Result<CallResult, Error>) {
        self.completed.lock().unwrap_or_else(PoisonError::into_inner).push((id, result));
        if !self.is_wake_pending.swap(true, Ordering::AcqRel) {
            // The call fails only if Node's thread is shutting down. In that case, the result is no longer needed.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Queue of completed calls for one Node thread: the main thread or a worker.
#[napi]
pub struct CompletionQueue {
    sender: Arc<CompletionSender>,
}

/// Completed call.
#[napi(object, object_from_js = false)]
pub struct Completion {
    /// Id that was passed to the call.
    pub id: i64,
    /// Result as JSON, if the call returns one.
    pub value: Option<String>,
    /// Joined project, if the call was a join.
    pub project: Option<Project>,
    /// Live view, if the call opened one.
    pub live_view: Option<LiveView>,
    /// Error as JSON, if the call failed.
    pub error: Option<String>,
}

#[napi]
impl CompletionQueue {
    /// Creates a queue. `wake` is called on the current thread when there are completed calls to drain.
    #[napi(constructor)]
    pub fn new(#[napi(ts_arg_type = "() => void")] wake: WakeFunction) -> Self {
        Self {
            sender: Arc::new(CompletionSender {
                completed: Mutex::default(),
                is_wake_pending: AtomicBool::new(false),
                wake,
            }),
        }
    }

    /// Takes the calls completed since the last `drain`.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<Completion> {
        self.sender.is_wake_pending.store(false, Ordering::Release);
        let completed = std::mem::take(&mut *self.sender.completed.lock().unwrap_or_else(PoisonError::into_inner));
        completed.into_iter().map(|(id, result)| Completion::new(id, result)).collect()
    }
}

impl CompletionQueue {
    /// Starts a call to the facade. The call's completion is queued with `id`.
    pub(crate) fn run<T: Into<CallResult>>(
        &self,
        id: i64,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> napi::Result<()> {
        let sender = self.sender.clone();
        let work = async move { sender.send(id, call.await.map(Into::into)) };
        facade::spawn_detached(work).map_err(|error| errors::to_exception(&error))
    }
}

impl Completion {
    fn new(id: i64, result: Result<CallResult, Error>) -> Self {
        let mut completion = Self { id, value: None, project: None, live_view: None, error: None };
        match result {
            Ok(CallResult::Empty) => {}
            Ok(CallResult::Json(text)) => completion.value = Some(text),
            Ok(CallResult::Project(project)) => completion.project = Some(Project(project)),
            Ok(CallResult::LiveView(view)) => completion.live_view = Some(LiveView::new(view)),
            Err(error) => completion.error = Some(errors::error_to_json_text(&error)),
        }
        completion
    }
}
