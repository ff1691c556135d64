//! Handle to a joined project.

use std::sync::Arc;

use super::{ClientShared, EventStream, TypedStream};
use crate::{
    Cursor, Error,
    delivery::StreamScope,
    driver::RequestFromHandle,
    events::{EventKind, EventKinds, ProjectId},
};

/// Project that the client has joined.
///
/// A project is cheap to clone. Dropping it does not leave the project; call [`leave`](Self::leave).
#[derive(Debug, Clone)]
pub struct Project {
    id: ProjectId,
    client: Arc<ClientShared>,
}

impl Project {
    pub(super) fn new(id: ProjectId, client: Arc<ClientShared>) -> Self {
        Self { id, client }
    }

    /// Returns the project's id.
    #[must_use]
    pub fn id(&self) -> &ProjectId {
        &self.id
    }

    /// Returns a stream of all of the project's events. The stream also yields system notifications, server errors and
    /// malformed events that name no project.
    ///
    /// The first stream created from a project starts at the join, whichever method creates it. Later streams start
    /// when they are created.
    ///
    /// To start several streams at the join or after a cursor, create them with
    /// [`Client::join_with`](crate::Client::join_with). In that case, every stream created from the project itself
    /// starts when it is created.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.client.clone(), &StreamScope::Project(self.id.clone()), kinds)
    }

    /// Returns a stream of the project's events of the given kinds. [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged)
    /// are always yielded. The same rules as for [`events`](Self::events) determine where the stream starts.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Returns a stream of the project's events of type `T`. Losses are counted in [`TypedStream::losses`]. The same
    /// rules as for [`events`](Self::events) determine where the stream starts.
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

    /// Returns the position that the slowest stream has reached in this project's event log, or `None` on servers
    /// without an event log. Streams limited to some kinds of events are considered only if no stream receives all
    /// kinds. The cursor stays before any loss that a replay could still repair. Without a stream, it is the last known
    /// position.
    ///
    /// To resume later, even in another process, store the cursor as text and pass it to
    /// [`Client::join_after`](crate::Client::join_after).
    ///
    /// The cursor covers events as soon as the streams have yielded them, even if the program has not processed them
    /// yet. To resume after the last processed event, store that event's [`Meta::cursor`](crate::Meta::cursor) instead.
    #[must_use]
    pub fn cursor(&self) -> Option<Cursor> {
        self.client.cursors.cursor(&self.id)
    }

    /// Fetches the project's statistics, rules and review queue, all as of the same position in its event log.
    ///
    /// [`live_view`](Self::live_view) keeps this state up to date. After a restart, a program that has stored the
    /// snapshot can pass the snapshot's cursor to [`Client::join_after`](crate::Client::join_after).
    ///
    /// # Errors
    /// Returns `api` with status 404 on servers without snapshots, and otherwise the same errors as
    /// [`Client::statistics`](crate::Client::statistics).
    #[cfg(feature = "rest")]
    pub async fn snapshot(&self) -> Result<crate::Snapshot, Error> {
        self.client.api.snapshot(&self.id).await
    }

    /// Opens a view of the project's counters, rules and review queue that follows the project's events.
    ///
    /// ```no_run
    /// # async fn example(project: automoderate::Project) -> Result<(), automoderate::Error> {
    /// let mut view = project.live_view().await?;
    /// println!("{} items await review", view.state().counts.flagged);
    /// while let Some(event) = view.next().await {
    ///     println!("{}: {} items await review", event?.name(), view.state().counts.flagged);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The view uses a stream as [`events`](Self::events) returns it, even if the call fails. The project's first stream is
    /// then used up.
    ///
    /// # Errors
    /// Returns the same errors as [`snapshot`](Self::snapshot).
    #[cfg(feature = "rest")]
    pub async fn live_view(&self) -> Result<super::LiveView, Error> {
        super::LiveView::open(self.clone()).await
    }

    #[cfg(feature = "rest")]
    pub(super) async fn live_state_after(&self, delay: std::time::Duration) -> Result<crate::rest::LiveState, Error> {
        self.client.api.live_state_after(delay, &self.id).await
    }

    /// Leaves the project. Its streams end after their buffered events.
    ///
    /// # Errors
    /// Returns `closed` if the client's runtime has been shut down. Otherwise, leaving always succeeds; without a
    /// connection, the client simply forgets the project.
    ///
    /// # Cancel safety
    /// Once the request has been queued, which normally happens on the first poll, the project is left even if the
    /// future is dropped.
    pub async fn leave(&self) -> Result<(), Error> {
        self.client.send_request(RequestFromHandle::Leave { project: self.id.clone() }).await.map(|_| ())
    }
}
