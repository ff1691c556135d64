//! Projects as a class of the native module.

use automoderate::facade::FacadeProject;
use napi_derive::napi;

use crate::{
    completions::{CallResult, CompletionQueue},
    errors::to_exception,
    json_results,
    stream::Stream,
};

/// Wrapper around the facade's project, for `lib/project.ts`.
#[napi]
pub struct Project(pub(crate) FacadeProject);

#[napi]
impl Project {
    /// Returns the id of the project.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// Returns the cursor of the project's slowest stream. Streams of one kind of event count only if there is no
    /// stream of all events.
    #[napi(getter, catch_unwind)]
    pub fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }

    /// Returns a stream of the project's events, or of one kind of event.
    #[napi(catch_unwind)]
    pub fn events(&self, kind: Option<String>) -> napi::Result<Stream> {
        self.0.events(kind.as_deref()).map(Stream::new).map_err(|error| to_exception(&error))
    }

    /// Fetches the project's state at one position in its event log.
    #[napi(catch_unwind)]
    pub fn snapshot(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let project = self.0.clone();
        queue.run(id, async move { project.snapshot().await.map(json_results::snapshot_to_json) })
    }

    /// Opens a live view of the project.
    #[napi(catch_unwind)]
    pub fn live_view(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let project = self.0.clone();
        queue.run(id, async move { project.live_view().await.map(CallResult::LiveView) })
    }

    /// Leaves the project.
    #[napi(catch_unwind)]
    pub fn leave(&self, queue: &CompletionQueue, id: i64) -> napi::Result<()> {
        let project = self.0.clone();
        queue.run(id, async move { project.leave().await })
    }
}
