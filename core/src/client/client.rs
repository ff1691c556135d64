//! The client.

use std::sync::Arc;

use super::{ClientBuilder, EventStream, JoinBuilder, Project, Shared, TypedStream};
use crate::{
    Cursor, Error, Metrics, State,
    delivery::{Scope, StateChanges},
    events::{EventKind, EventKinds, ProjectId},
};

/// Client of an AutoModerate server. Reconnects by itself.
///
/// Cheap to clone: clones share one connection, which lives until the last clone, project and stream is dropped. The
/// last drop cuts the connection; call [`close`](Self::close) to close it gracefully.
///
/// ```no_run
/// use automoderate::{Client, Event};
///
/// # async fn example() -> Result<(), automoderate::Error> {
/// let client = Client::builder("http://localhost:6217").api_key("am_…").connect().await?;
/// let project = client.join("proj_1").await?;
/// let mut events = project.events();
/// while let Some(event) = events.next().await {
///     match event? {
///         Event::ModerationUpdate(update) => println!("{}: {}", update.content_id, update.status),
///         Event::Gap(gap) => println!("events are missing: {:?}", gap.reason),
///         other => println!("{}", other.name()),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    pub(super) shared: Arc<Shared>,
}

impl Client {
    /// Returns a builder for a client of the server at `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Joins a project. Resolves once the server has confirmed the join; the project then stays joined across
    /// interruptions until it is left.
    ///
    /// # Errors
    /// - `access_denied`, `project_not_found`, `room_limit` or `rate_limited` if the server refuses the join
    /// - `join_timeout` if the server does not confirm the join in time
    /// - `disconnected` if [`connect`](Self::connect) has not been called
    /// - the error that ended the client, such as `authentication_failed`, `gave_up` or `closed`
    /// - `invalid_argument` if the id is empty
    ///
    /// # Cancel safety
    /// Once the request is queued, normally at the first poll, the join goes ahead even if the future is dropped.
    pub async fn join(&self, project: impl Into<ProjectId>) -> Result<Project, Error> {
        self.join_with(project).await
    }

    /// Joins a project and resumes after a cursor. The project's first stream starts with the events after the cursor;
    /// a [`Gap`](crate::Gap) reports those that are lost. A decimal `event_id` is accepted as a cursor.
    ///
    /// # Errors
    /// The errors of [`join`](Self::join), and `invalid_argument` if `after` is not a cursor or the project is already
    /// joined.
    ///
    /// # Cancel safety
    /// Like [`join`](Self::join).
    pub async fn join_after<C>(&self, project: impl Into<ProjectId>, after: C) -> Result<Project, Error>
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.join_with(project).after(after).await
    }

    /// Returns a builder for a join, optionally after a cursor, with any number of streams that all start there. Await
    /// the builder to join.
    pub fn join_with(&self, project: impl Into<ProjectId>) -> JoinBuilder {
        JoinBuilder::new(self.shared.clone(), project.into())
    }

    /// Returns the project if its join was confirmed and it has not been left or refused since. A lost connection does
    /// not change this.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<Project> {
        self.shared.hub.has_joined(id).then(|| Project::new(id.into(), self.shared.clone()))
    }

    /// Returns the joined projects, sorted by id.
    #[must_use]
    pub fn projects(&self) -> Vec<Project> {
        let mut joined = self.shared.hub.joined();
        joined.sort();
        joined.into_iter().map(|id| Project::new(id, self.shared.clone())).collect()
    }

    /// Returns a stream of all events from now on: those of every project, and those that belong to none.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.shared.clone(), &Scope::Client, kinds)
    }

    /// Like [`events`](Self::events), limited to these kinds. [`Gap`](crate::Gap) and [`Lagged`](crate::Lagged) always
    /// pass.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Like [`events`](Self::events), limited to one kind. Losses are counted in [`TypedStream::losses`].
    #[must_use]
    pub fn events_of<T: EventKind>(&self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.states.latest()
    }

    /// Returns a stream of the current state and all later changes.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        self.shared.states.changes()
    }

    /// Returns the URL that the client is connected to, or will try next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.endpoints.socket().base_url.as_str()
    }

    /// Returns the client's counters.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        *self.shared.metrics.borrow()
    }

    /// Notifies the client that the network has changed. The client then skips the current delay, restarts an attempt
    /// in progress and probes an open connection, but never exceeds
    /// [`max_attempts_per_minute`](crate::ReconnectPolicy::max_attempts_per_minute).
    ///
    /// No call is needed after a system sleep: the client detects it.
    pub fn network_changed(&self) {
        self.shared.network_changed.notify_one();
    }
}
