//! From the SDK's threads to Node's: finished calls in a queue, and one call into JavaScript to announce them.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use automoderate::{
    Error,
    facade::{self, FacadeProject},
};
use napi::{
    Status,
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;

use crate::{errors, project::Project};

/// Calls JavaScript; does not keep the event loop running.
type Bell = ThreadsafeFunction<(), (), (), Status, false, true>;

/// A call's result.
pub(crate) enum Outcome {
    Nothing,
    Json(String),
    Project(FacadeProject),
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<serde_json::Value> for Outcome {
    fn from(value: serde_json::Value) -> Self {
        Self::Json(value.to_string())
    }
}

/// The side that the SDK's threads see.
struct Inbox {
    done: Mutex<Vec<(i64, Result<Outcome, Error>)>>,
    /// A call is already under way, so that no other is needed.
    told: AtomicBool,
    bell: Bell,
}

impl Inbox {
    fn post(&self, id: i64, outcome: Result<Outcome, Error>) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((id, outcome));
        if !self.told.swap(true, Ordering::AcqRel) {
            // It fails only if the thread's environment is ending, and nobody listens any more.
            self.bell.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// One thread's connection to the SDK: Node's main thread has one, and so does each worker.
#[napi]
pub struct Port {
    inbox: Arc<Inbox>,
}

/// A finished call.
#[napi(object, object_from_js = false)]
pub struct Done {
    /// The number of its request.
    pub id: i64,
    /// Its result, as JSON.
    pub value: Option<String>,
    /// The project that was joined.
    pub project: Option<Project>,
    /// The error, as JSON.
    pub error: Option<String>,
}

#[napi]
impl Port {
    /// `bell` is called on this thread when there are results to drain.
    #[napi(constructor)]
    pub fn new(#[napi(ts_arg_type = "() => void")] bell: Bell) -> Self {
        Self { inbox: Arc::new(Inbox { done: Mutex::default(), told: AtomicBool::new(false), bell }) }
    }

    /// The operations finished since the last call.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<Done> {
        self.inbox.told.store(false, Ordering::Release);
        let done = std::mem::take(&mut *self.inbox.done.lock().unwrap_or_else(PoisonError::into_inner));
        done.into_iter().map(|(id, outcome)| Done::new(id, outcome)).collect()
    }
}

impl Port {
    /// Runs a call of the facade; the result returns under this number.
    pub(crate) fn run<T: Into<Outcome>>(
        &self,
        id: i64,
        call: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> napi::Result<()> {
        let inbox = self.inbox.clone();
        let work = async move { inbox.post(id, call.await.map(Into::into)) };
        facade::start(work).map_err(|error| errors::raise(&error))
    }
}

impl Done {
    fn new(id: i64, outcome: Result<Outcome, Error>) -> Self {
        let mut done = Self { id, value: None, project: None, error: None };
        match outcome {
            Ok(Outcome::Nothing) => {}
            Ok(Outcome::Json(text)) => done.value = Some(text),
            Ok(Outcome::Project(project)) => done.project = Some(Project(project)),
            Err(error) => done.error = Some(errors::text(&error)),
        }
        done
    }
}
