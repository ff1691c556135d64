//! Client handle: joins, streams, state and counters.

use std::sync::Arc;

use super::{ClientBuilder, ClientShared, EventStream, JoinBuilder, Project, TypedStream};
use crate::{
    Cursor, Error, Metrics, State,
    delivery::{StateChanges, StreamScope},
    events::{EventKind, EventKinds, ProjectId},
};

/// Client of an AutoModerate server. Reconnects automatically.
///
/// A client is cheap to clone. All clones share one connection, which stays open until every clone, [`Project`] and
/// event stream has been dropped. Dropping the last of them cuts the connection; call [`close`](Self::close) to close
/// it gracefully.
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
    pub(super) shared: Arc<ClientShared>,
}

impl Client {
    /// Returns a builder for a client of the server at `url`.
    ///
    /// The URL has the form `http(s)://host[:port][/prefix]`. The schemes `ws` and `wss` are equivalent to `http` and
    /// `https`.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Joins a project. Resolves once the server has confirmed the join. The project stays joined across interruptions,
    /// until the client leaves it or is closed, or the server withdraws access or permanently refuses a rejoin.
    ///
    /// # Errors
    /// - `access_denied`, `project_not_found`, `room_limit`, `rate_limited` or `invalid_argument` if the server refuses
    ///   the join
    /// - `join_timeout` if the server does not confirm the join in time
    /// - `disconnected` if [`connect`](Self::connect) has not been called
    /// - `invalid_argument` if the project id is empty or consists of white space
    /// - the error that closes the client, such as `authentication_failed` or `gave_up`, if the client closes before
    ///   the join is confirmed
    /// - `closed` if the client is already closed, or if the project is left before the join is confirmed
    ///
    /// # Cancel safety
    /// Dropping the future does not cancel the join once the request has been queued, which normally happens on the
    /// first poll.
    pub async fn join(&self, project: impl Into<ProjectId>) -> Result<Project, Error> {
        self.join_with(project).await
    }

    /// Joins a project and resumes after a cursor. The project's first stream starts with the first event after the
    /// cursor. If the server no longer has some of the events after the cursor, a [`Gap`](crate::Gap) takes their
    /// place.
    ///
    /// `after` can be a [`Cursor`], the text of a cursor, or an `event_id`.
    ///
    /// # Errors
    /// Returns the same errors as [`join`](Self::join), and `invalid_argument` if `after` is not a valid cursor, or if
    /// the project is already joined or being joined.
    ///
    /// # Cancel safety
    /// The same as for [`join`](Self::join).
    pub async fn join_after<C>(&self, project: impl Into<ProjectId>, after: C) -> Result<Project, Error>
    where
        C: TryInto<Cursor>,
        C::Error: Into<Error>,
    {
        self.join_with(project).after(after).await
    }

    /// Returns a builder for a join. The builder can set a cursor to resume after, and can create any number of streams
    /// that all start at the same position. Await the builder to join the project.
    pub fn join_with(&self, project: impl Into<ProjectId>) -> JoinBuilder {
        JoinBuilder::new(self.shared.clone(), project.into())
    }

    /// Returns the project with this id if it is joined. A project is joined from the confirmation of its join until
    /// the client leaves it or is closed, or the server withdraws access or permanently refuses a rejoin. A lost
    /// connection alone does not end the join.
    #[must_use]
    pub fn project(&self, id: &str) -> Option<Project> {
        self.shared.hub.has_joined(id).then(|| Project::new(id.into(), self.shared.clone()))
    }

    /// Returns the joined projects, sorted by id.
    #[must_use]
    pub fn projects(&self) -> Vec<Project> {
        let mut joined = self.shared.hub.joined_projects();
        joined.sort();
        joined.into_iter().map(|id| Project::new(id, self.shared.clone())).collect()
    }

    /// Returns a stream of all events from now on, including those that belong to no project.
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.stream(None)
    }

    pub(crate) fn stream(&self, kinds: Option<EventKinds>) -> EventStream {
        EventStream::new(self.shared.clone(), &StreamScope::AllProjects, kinds)
    }

    /// Returns a stream like [`events`](Self::events) that yields only events of the given kinds. [`Gap`](crate::Gap)
    /// and [`Lagged`](crate::Lagged) are always yielded.
    #[must_use]
    pub fn events_in(&self, kinds: EventKinds) -> EventStream {
        self.stream(Some(kinds))
    }

    /// Returns a stream like [`events`](Self::events) that yields only events of type `T`. Losses are counted in
    /// [`TypedStream::losses`].
    #[must_use]
    pub fn events_of<T: EventKind>(&self) -> TypedStream<T> {
        TypedStream::new(self.stream(Some(T::KIND)))
    }

    /// Returns the current state of the client.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.states.latest()
    }

    /// Returns a stream that yields the current state and then later changes. A reader that lags by more than 64
    /// changes misses the oldest ones.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        self.shared.states.subscribe()
    }

    /// Returns the URL of the server that the client is connected to, is trying to reach, or will try next.
    #[must_use]
    pub fn url(&self) -> &str {
        self.shared.endpoints.socket_endpoint().base_url.as_str()
    }

    /// Returns a snapshot of the client's counters.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        *self.shared.metrics.borrow()
    }

    /// Notifies the client that the network has changed, for example from Wi-Fi to mobile data.
    ///
    /// Depending on its state, the client ends the current reconnection delay (unless the server requested that delay
    /// or probably limits connection attempts), restarts the attempt in progress, or probes the open connection. It
    /// never exceeds [`max_attempts_per_minute`](crate::ReconnectPolicy::max_attempts_per_minute).
    ///
    /// There is no need to call this method after the system wakes from sleep, because the client detects the wake-up
    /// itself.
    pub fn network_changed(&self) {
        self.shared.network_changed.notify_one();
    }
}
