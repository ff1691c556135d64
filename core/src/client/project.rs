//! Joined project.

use std::sync::Arc;

use super::{EventStream, Shared, TypedStream};
use crate::{
    Cursor, Error,
    delivery::Scope,
    driver::Request,
    events::{EventKind, EventKinds, ProjectId},
};

/// Joined project. Cheap to clone; dropping it does not leave the project.
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    client: Arc<Shared>,
}

impl Project {
    pub(super) fn new(id: ProjectId, client: Arc<Shared>) -> Self {
        Self { id, client }
    }

    /// Returns the id of the project.
    #[must_use]
    pub fn id(&self) -> &ProjectId {
        &self.id
    }

    /// Returns a stream of the project's events. The first stream taken from a project, of whatever kinds, starts at
    /// the join; later ones start when they are created. For several streams that start at the join or at a cursor, use
    /// [`Client::join_with`](crate::Client::join_with); then all streams taken here start when they are created.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.client.clone(), &Scope::Project(self.id.clone()), kinds)
    }

    /// Returns a stream of the project's events of these kinds, and of losses. Starts like [`events`](Self::events).
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Returns a stream of the project's events of one kind. Starts like [`events`](Self::events). Losses are counted
    /// in [`TypedStream::losses`].
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

    /// Returns the position of the slowest reader of this project's events: everything up to it was delivered. To be
    /// sure that an event was also processed, store its own [`Meta::cursor`](crate::Meta::cursor) afterwards instead.
    ///
    /// Store its text and pass it to [`Client::join_after`](crate::Client::join_after) to resume later, even in another
    /// process. `None` on servers without an event log.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.client.progress.cursor(&self.id)
    }

    /// Leaves the project. Its streams end after their buffered events.
    ///
    /// # Errors
    /// None in practice: without a connection there is nothing to leave, and the project is forgotten locally.
    ///
    /// # Cancel safety
    /// The project is left even if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.client.ask(Request::Leave { project: self.id.clone() }).await.map(|_| ())
    }
}
