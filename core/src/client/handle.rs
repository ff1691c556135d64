//! The client.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;
use tokio::{
    runtime::Handle,
    sync::{
        Notify,
        mpsc::{self, error::SendError},
        oneshot, watch,
    },
};

use super::{ClientBuilder, EventStream, JoinBuilder, Project, TypedStream};
use crate::{
    Cursor, Error, ErrorKind, Metrics, State,
    delivery::{Hub, Progress, Scope, StateChanges, StateFeed},
    driver::{Addresses, Answer, Request, Task},
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

/// What all handles of a client share.
pub(crate) struct Shared {
    pub(super) requests: mpsc::Sender<(Request, oneshot::Sender<Answer>)>,
    pub(super) task: Mutex<Option<Task>>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) progress: Arc<Progress>,
    pub(super) states: Arc<StateFeed>,
    pub(super) metrics: watch::Receiver<Metrics>,
    pub(super) network_changed: Arc<Notify>,
    pub(super) addresses: Arc<Addresses>,
    #[cfg(feature = "rest")]
    pub(super) api: Arc<crate::rest::Api>,
    pub(super) ack_timeout: Duration,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("servers", &self.addresses)
            .field("state", &self.states.latest().as_str())
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Asks the task, which exists from the first call of `connect` on.
    pub(super) async fn ask(&self, request: Request) -> Answer {
        if self.task.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            let error = Error::new(ErrorKind::Disconnected, "the client is not connected yet: call connect first");
            request.fail(&error);
            return Err(error);
        }
        let (reply, answer) = oneshot::channel();
        if let Err(SendError((request, _))) = self.requests.send((request, reply)).await {
            request.fail(&Error::closed());
            return Err(Error::closed());
        }
        // The task drops a request unanswered only when its runtime shuts down.
        answer.await.map_err(|_| Error::closed())?
    }
}

impl Client {
    /// Starts to describe a client for the server at `http(s)://host[:port][/prefix]`; `ws(s)://` means the same.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }

    /// Connects a client that was made by [`ClientBuilder::build`]. Resolves when the server has acknowledged the
    /// namespace and refused nothing.
    ///
    /// # Errors
    /// `authentication_failed`, `rate_limited`, `connect_timeout`, `connect_failed`; the client is closed then.
    /// `invalid_argument` if the client was connected before, or outside a tokio runtime; the client stays as it is then.
    ///
    /// # Cancel safety
    /// If the future is dropped, the client goes on connecting.
    pub async fn connect(&self) -> Result<(), Error> {
        self.start()?;
        self.shared.ask(Request::Connect).await.map(|_| ())
    }

    /// Starts the task, if no call before this one has.
    fn start(&self) -> Result<(), Error> {
        let mut task = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_none() {
            return Ok(());
        }
        let runtime = Handle::try_current()
            .map_err(|_| Error::invalid_argument("connect: it must be called within a tokio runtime"))?;
        if let Some(task) = task.take() {
            runtime.spawn(task.run());
        }
        Ok(())
    }

    /// The task of a client that is not connected yet, for whoever does its work instead.
    #[cfg(test)]
    pub(crate) fn take_task(&self) -> Option<Task> {
        self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take()
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

    /// Resolves when the client has ended, with the reason: `closed` if the user closed it. At once if it has ended
    /// already. A client that is not connected yet has not ended.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn closed(&self) -> Error {
        let mut states = self.state_changes();
        while let Some(state) = states.next().await {
            if let State::Closed { reason } = state {
                return reason;
            }
        }
        Error::closed()
    }

    /// Resolves when the client is connected: at once if it is, otherwise after the next successful attempt. Does not
    /// start an attempt by itself. Without a timeout it waits until the client is connected or has ended.
    ///
    /// # Errors
    /// `connect_timeout` when the timeout has passed; otherwise the reason for which the client has ended.
    /// `invalid_argument` for a timeout outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped.
    pub async fn wait_until_connected(&self, timeout: impl Into<Option<Duration>>) -> Result<(), Error> {
        let Some(timeout) = timeout.into() else { return self.connected().await };
        Handle::try_current()
            .map_err(|_| Error::invalid_argument("timeout: it can be measured only within a tokio runtime"))?;
        tokio::time::timeout(timeout, self.connected()).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::ConnectTimeout, "the client was not connected within the timeout"))
        })
    }

    async fn connected(&self) -> Result<(), Error> {
        let mut states = self.state_changes();
        while let Some(state) = states.next().await {
            match state {
                State::Connected => return Ok(()),
                State::Closed { reason } => return Err(reason),
                _ => {}
            }
        }
        Err(Error::closed())
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

    /// Sends an event of your own. `null` is sent as no argument.
    ///
    /// # Errors
    /// `disconnected` if there is no connection: nothing is kept for later. `rate_limited`, with
    /// [`retry_in`](Error::retry_in), when the limit per minute is used up, or more waits to be sent than the connection
    /// takes. `invalid_argument` if the name is empty or reserved, or the data can't be written as JSON or is longer
    /// than the server takes.
    ///
    /// # Cancel safety
    /// The event may have been sent if the future is dropped.
    pub async fn emit(&self, name: &str, data: impl Serialize) -> Result<(), Error> {
        let request = emission(name, data, None)?;
        self.shared.ask(request).await.map(|_| ())
    }

    /// Sends an event of your own and waits for the server's acknowledgement, at most the
    /// [`ack_timeout`](ClientBuilder::ack_timeout). Returns its argument; `null` if it has none, an array if several.
    ///
    /// # Errors
    /// As [`emit`](Self::emit), and `ack_timeout`, or `disconnected` at once when the connection is lost.
    ///
    /// # Cancel safety
    /// The event may have been sent if the future is dropped.
    pub async fn emit_with_ack(&self, name: &str, data: impl Serialize) -> Result<Value, Error> {
        let request = emission(name, data, Some(self.shared.ack_timeout))?;
        let answer = self.shared.ask(request).await?;
        let unreadable = |error| Error::new(ErrorKind::Protocol, format!("the acknowledgement can't be read: {error}"));
        serde_json::from_str(answer.as_deref().unwrap_or("null")).map_err(unreadable)
    }

    /// Tells the client that the network has changed: it does not wait for a pause to end, starts an attempt again that is
    /// under way, and asks the server on an open connection for a sign of life. Never exceeds
    /// [`max_attempts_per_minute`](crate::ReconnectPolicy::max_attempts_per_minute). A computer that wakes up from sleep has
    /// the same effect without this call.
    pub fn network_changed(&self) {
        self.shared.network_changed.notify_one();
    }

    /// Says goodbye, within 2 s, and ends all streams behind what they hold. Closing a closed client does nothing.
    ///
    /// # Cancel safety
    /// The client is closed also if the future is dropped.
    pub async fn close(&self) {
        let unstarted = self.shared.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if unstarted.is_some() {
            self.shared.hub.end_all(None);
            self.shared.states.publish(State::Closed { reason: Error::closed() });
            return;
        }
        // The only failure is that the client is gone already.
        let _ = self.shared.ask(Request::Close).await;
    }
}

fn emission(name: &str, data: impl Serialize, ack: Option<Duration>) -> Result<Request, Error> {
    if name.is_empty() {
        return Err(Error::invalid_argument("name: it is empty"));
    }
    if matches!(name, "connect" | "connect_error" | "disconnect" | "disconnecting") {
        return Err(Error::invalid_argument(format!("name: {name:?} is reserved by Socket.IO")));
    }
    let data = serde_json::to_string(&data).map_err(|error| Error::invalid_argument(format!("data: {error}")))?;
    Ok(Request::Emit { name: name.to_owned(), data: Some(data).filter(|data| data != "null"), ack })
}
