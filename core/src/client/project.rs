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

    /// Returns a stream of the project's events.
    ///
    /// The first stream created here starts at the join, whatever its kinds; later ones start when they are created. To
    /// start several streams at the join or at a cursor, create them with
    /// [`Client::join_with`](crate::Client::join_with); then even the first stream created here starts when it is
    /// created.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.client.clone(), &Scope::Project(self.id.clone()), kinds)
    }

    /// Returns a stream of the project's events that are of these kinds; [`Gap`](crate::Gap) and
    /// [`Lagged`](crate::Lagged) always pass. Starts like [`events`](Self::events).
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

    /// Returns the position up to which every reader of this project has received all events; `None` on servers without
    /// an event log.
    ///
    /// To resume later, even in another process, store the cursor as text and pass it to
    /// [`Client::join_after`](crate::Client::join_after). Received is not processed: to resume after the last processed
    /// event, store that event's [`Meta::cursor`](crate::Meta::cursor) instead.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.client.progress.cursor(&self.id)
    }

    /// Leaves the project. Its streams end after their buffered events.
    ///
    /// # Errors
    /// Does not fail in practice: without a connection, the client just forgets the project.
    ///
    /// # Cancel safety
    /// Once the request is queued, normally at the first poll, the project is left even if the future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.client.ask(Request::Leave { project: self.id.clone() }).await.map(|_| ())
    }
}
