//! A joined project.

use std::sync::Arc;

use super::{EventStream, Shared, TypedStream};
use crate::{
    Cursor, Error,
    delivery::Scope,
    driver::Request,
    events::{EventKind, EventKinds, ProjectId},
};

/// A joined project. Cheap to clone; dropping it does not leave the project.
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    client: Arc<Shared>,
}

impl Project {
    pub(super) fn new(id: ProjectId, client: Arc<Shared>) -> Self {
        Self { id, client }
    }

    /// The project's id.
    #[must_use]
    pub fn id(&self) -> &ProjectId {
        &self.id
    }

    /// The project's events. The first stream taken from a project, of whatever kinds, begins at the join; later ones begin
    /// when they are made. To have several streams begin at the join, or at a cursor, take them from
    /// [`Client::join_with`](crate::Client::join_with) instead; then all streams taken here begin when they are made.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.client.clone(), &Scope::Project(self.id.clone()), kinds)
    }

    /// The project's events of these kinds, and notices of losses. Begins as [`events`](Self::events) does.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// The project's events of one kind. Begins as [`events`](Self::events) does. Losses are counted in
    /// [`TypedStream::losses`].
    ///
    /// ```no_run
    /// # async fn example(project: automoderate::Project) -> Result<(), automoderate::Error> {
    /// use automoderate::StatsUpdate;
    ///
    /// let mut stats = project.events_of::<StatsUpdate>();
    /// while let Some(update) = stats.next().await {
    ///     println!("{} decided", update?.total_content);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn events_of<T: EventKind>(&self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    /// Where the slowest reader of this project's events stands: everything up to here has been handed out. To be sure
    /// that an event was also processed, store its own [`Meta::cursor`](crate::Meta::cursor) when that is done.
    ///
    /// Store its text and pass it to [`Client::join_after`](crate::Client::join_after) to go on later, in another
    /// process too. `None` on servers without an event log.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.client.progress.cursor(&self.id)
    }

    /// Leaves the project. Its streams end behind what they hold, at once.
    ///
    /// # Errors
    /// None that matter: without a connection there is nothing to leave, and the project is forgotten all the same.
    ///
    /// # Cancel safety
    /// The project is left also if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.client.ask(Request::Leave { project: self.id.clone() }).await.map(|_| ())
    }
}
