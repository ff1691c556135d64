//! A joined project.

use automoderate::facade::FacadeProject;
use napi_derive::napi;

use crate::{errors::raise, port::Port, stream::Stream};

/// A joined project.
#[napi]
pub struct Project(pub(crate) FacadeProject);

#[napi]
impl Project {
    /// The project's id.
    #[napi(getter, catch_unwind)]
    pub fn id(&self) -> &str {
        self.0.id()
    }

    /// The slowest reader's position.
    #[napi(getter, catch_unwind)]
    pub fn cursor(&self) -> Option<String> {
        self.0.cursor()
    }

    /// The project's events, or one kind of them.
    #[napi(catch_unwind)]
    pub fn events(&self, kind: Option<String>) -> napi::Result<Stream> {
        self.0.events(kind.as_deref()).map(Stream::new).map_err(|error| raise(&error))
    }

    /// Leaves the project.
    #[napi(catch_unwind)]
    pub fn leave(&self, port: &Port, id: i64) -> napi::Result<()> {
        let project = self.0.clone();
        port.run(id, async move { project.leave().await })
    }
}
