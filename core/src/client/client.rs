//! The client.

use std::sync::Arc;

use super::{ClientBuilder, EventStream, JoinBuilder, Project, Shared, TypedStream};
use crate::{
    Cursor, Error, Metrics, State,
    delivery::{Scope, StateChanges},
    events::{EventKind, EventKinds, ProjectId},
};

/// Client of an AutoModerate server, which reconnects by itself.
///
/// Cheap to clone: all clones and their projects and streams are one client, which lives as long as any of them. Call
/// [`close`](Self::close) for a graceful end; dropping the last handle cuts the connection.
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
    /// `access_denied`, `project_not_found`, `room_limit`, `rate_limited`, `join_timeout`, `authentication_failed`,
    /// `closed`; `invalid_argument` for an empty id.
    ///
    /// # Cancel safety
    /// The project is joined even if the future is dropped.
    pub async fn join(&self, project: impl Into<ProjectId>) -> Result<Project, Error> {
        self.join_with(project).await
    }

    /// Joins a project and resumes after a cursor: its first stream starts with the events after it, or with a
    /// [`Gap`](crate::Gap) for those that are lost. A decimal `event_id` is accepted as a cursor.
    ///
    /// # Errors
    /// The errors of [`join`](Self::join), and `invalid_argument` if `after` is not a cursor or the project is already
    /// joined.
    ///
    /// # Cancel safety
    /// The project is joined even if the future is dropped.
    pub async fn join_after<C>(&self, project: impl Into<ProjectId>, after: C) -> Result<Project, Error>
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.join_with(project).after(after).await
    }

    /// Returns a builder for a join with a cursor and with streams that all start there. Await it to join.
    pub fn join_with(&self, project: impl Into<ProjectId>) -> JoinBuilder {
        JoinBuilder::new(self.shared.clone(), project.into())
    }

    /// Returns a joined project; `None` if its first join is not confirmed yet, or if it was left or refused since.
    /// Interruptions make no difference.
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

    /// Returns a stream of the events of all projects, and of those without a project, from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.shared.clone(), &Scope::Client, kinds)
    }

    /// Returns a stream of the events of these kinds in all projects, and of losses, from now on.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Returns a stream of the events of one kind in all projects.
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

    /// Returns the configured address that the client is connected to, or tries next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.endpoints.socket().base_url.as_str()
    }

    /// Returns the client's counters.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        *self.shared.metrics.borrow()
    }

    /// Notifies the client that the network has changed. It skips the current delay, restarts a connection attempt in
    /// progress, and probes an open connection. Never exceeds
    /// [`max_attempts_per_minute`](crate::ReconnectPolicy::max_attempts_per_minute). Waking up from sleep has the same
    /// effect without this call.
    pub fn network_changed(&self) {
        self.shared.network_changed.notify_one();
    }
}
