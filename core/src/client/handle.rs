//! The client.

use std::sync::Arc;

use super::{ClientBuilder, EventStream, JoinBuilder, Project, Shared, TypedStream};
use crate::{
    Cursor, Error, Metrics, State,
    delivery::{Scope, StateChanges},
    events::{EventKind, EventKinds, ProjectId},
};

/// A connection to an AutoModerate server that mends itself.
///
/// Cheap to clone: all clones and their projects and streams are one client, which lives as long as any of them. Call
/// [`close`](Self::close) to say goodbye; a client that is merely dropped cuts the connection.
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
    /// Starts to describe a client for the server at `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Joins a project. Resolves when the server has confirmed it; from then on the project stays joined across
    /// interruptions, until it is left.
    ///
    /// # Errors
    /// `access_denied`, `project_not_found`, `room_limit`, `rate_limited`, `join_timeout`, `authentication_failed`,
    /// `closed`; `invalid_argument` for an empty id.
    ///
    /// # Cancel safety
    /// The project is joined also if the future is dropped.
    pub async fn join(&self, project: impl Into<ProjectId>) -> Result<Project, Error> {
        self.join_with(project).await
    }

    /// Joins a project and goes on behind a cursor: its first stream starts with what came after it, or with a
    /// [`Gap`](crate::Gap) that tells what can't be had any more. A decimal `event_id` is accepted as a cursor.
    ///
    /// # Errors
    /// As [`join`](Self::join); `invalid_argument` also if `after` is no cursor, or if the project is joined already.
    ///
    /// # Cancel safety
    /// The project is joined also if the future is dropped.
    pub async fn join_after<C>(&self, project: impl Into<ProjectId>, after: C) -> Result<Project, Error>
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.join_with(project).after(after).await
    }

    /// Describes a join: its cursor, and streams that all begin there. Await the description to join.
    pub fn join_with(&self, project: impl Into<ProjectId>) -> JoinBuilder {
        JoinBuilder::new(self.shared.clone(), project.into())
    }

    /// A project that this client has joined; `None` if its first join is not confirmed yet, or if it was left or refused
    /// since. Interruptions change nothing.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<Project> {
        self.shared.hub.has_joined(id).then(|| Project::new(id.into(), self.shared.clone()))
    }

    /// The projects that this client has joined, sorted by their ids.
    #[must_use]
    pub fn projects(&self) -> Vec<Project> {
        let mut joined = self.shared.hub.joined();
        joined.sort();
        joined.into_iter().map(|id| Project::new(id, self.shared.clone())).collect()
    }

    /// The events of all projects, and those that belong to none. The stream starts now.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.shared.clone(), &Scope::Client, kinds)
    }

    /// The events of these kinds, of all projects, and notices of losses. The stream starts now.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// The events of one kind, of all projects.
    #[must_use]
    pub fn events_of<T: EventKind>(&self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    /// What the client is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.states.latest()
    }

    /// The present state and all changes from now on.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        self.shared.states.changes()
    }

    /// The address that the client is connected to, or tries next: one of those that it was made with.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.addresses.socket().target.address()
    }

    /// What the client has counted.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        *self.shared.metrics.borrow()
    }

    /// Tells the client that the network has changed: it does not wait for a pause to end, starts an attempt again that is
    /// under way, and asks the server on an open connection for a sign of life. Never exceeds
    /// [`max_attempts_per_minute`](crate::ReconnectPolicy::max_attempts_per_minute). A computer that wakes up from sleep has
    /// the same effect without this call.
    pub fn network_changed(&self) {
        self.shared.network_changed.notify_one();
    }
}
