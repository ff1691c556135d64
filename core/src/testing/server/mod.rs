//! Loopback server for testing programs in any language.

mod contents;
mod projects;
mod rest;
mod socket;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use tokio::{net::TcpListener, sync::watch, task::AbortHandle};

use self::projects::ServerProjects;
use super::Emitted;

/// Maximum number of client events that are kept for [`Server::received`].
const RECEIVED_EVENTS_MAX: usize = 10_000;

/// Server on a free loopback port. A test can use it to produce events, interruptions and refusals.
///
/// Over WebSocket, the server behaves like servers that follow the published documentation or, if it was started
/// [without an event log](Self::start_without_log), like deployed servers. It accepts all credentials unless the test
/// [refuses](Self::refuse_credentials) them, and approves every submission. The server stops when this value is
/// dropped.
///
/// REST calls return the content items that were submitted, [stored](Self::store), or contained in a
/// [published](Self::publish) `moderation_update`. An API key that equals the id of a project belongs to that project.
/// Every other key belongs to the project that the test or a client named first.
///
/// ```
/// use automoderate::{Client, Event, testing::Server};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::start().await?;
/// let client = Client::builder(server.url()).api_key("any").connect().await?;
/// let project = client.join("proj_1").await?;
/// let mut events = project.events();
///
/// server.publish("proj_1", "moderation_update", &json!({"content_id": "c1", "status": "approved"}));
/// server.cut();
/// server.publish("proj_1", "moderation_update", &json!({"content_id": "c2", "status": "rejected"}));
/// for expected in ["c1", "c2"] {
///     let Some(Ok(Event::ModerationUpdate(update))) = events.next().await else { panic!("no update") };
///     assert_eq!(update.content_id, expected);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    url: String,
    shared: Arc<Shared>,
    accept_task: AbortHandle,
}

/// State shared by the [`Server`] and its connections.
#[derive(Debug)]
struct Shared {
    state: Mutex<ServerState>,
    /// Counter that is incremented on every change that a caller may wait for.
    change_count: watch::Sender<u64>,
    /// Counter that is incremented to end all current connections.
    cut_count: watch::Sender<u64>,
}

#[derive(Debug)]
struct ServerState {
    projects: ServerProjects,
    is_offline: bool,
    refuses_credentials: bool,
    withholds_rest_responses: bool,
    open_socket_count: usize,
    received_events: Vec<Emitted>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, ServerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify_change(&self) {
        self.change_count.send_modify(|count| *count += 1);
    }

    fn record_event(&self, event: Emitted) {
        let mut state = self.state();
        if state.received_events.len() < RECEIVED_EVENTS_MAX {
            state.received_events.push(event);
        }
        drop(state);
        self.notify_change();
    }
}

impl Server {
    /// Starts a server with an event log for each project, on a free port of 127.0.0.1.
    ///
    /// The server runs on the current Tokio runtime.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::start_server(true).await
    }

    /// Starts a server that behaves like deployed servers, on a free port of 127.0.0.1.
    ///
    /// The server has no event log and sends no event ids, so missed decisions can be recovered only through REST. Its
    /// timestamps have no `Z`, its refusals of joins contain no code, and it never acknowledges events that it does not
    /// know.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub async fn start_without_log() -> io::Result<Self> {
        Self::start_server(false).await
    }

    async fn start_server(has_log: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = ServerState {
            projects: ServerProjects::new(has_log.then(|| format!("log-of-{url}"))),
            is_offline: false,
            refuses_credentials: false,
            withholds_rest_responses: false,
            open_socket_count: 0,
            received_events: Vec::new(),
        };
        let (change_count, cut_count) = (watch::Sender::new(0), watch::Sender::new(0));
        let shared = Arc::new(Shared { state: Mutex::new(state), change_count, cut_count });
        let accept_task = tokio::spawn(socket::accept_connections(listener, Arc::downgrade(&shared))).abort_handle();
        Ok(Self { url, shared, accept_task })
    }

    /// Returns the URL for clients, `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Logs an event and publishes it to all connections that have joined the project. Returns the id of the event.
    ///
    /// The server adds `project_id` and `event_id` to the data. A `stats_update` is not logged and has no id. On a
    /// server without an event log, no event has an id.
    ///
    /// # Panics
    /// Panics if the data is not a JSON object.
    pub fn publish(&self, project: &str, name: &str, data: &Value) -> Option<u64> {
        let Value::Object(data) = data else { panic!("the data of {name:?} must be a JSON object, but is {data}") };
        self.publish_object(project, name, data.clone())
    }

    pub(crate) fn publish_object(&self, project: &str, name: &str, data: Map<String, Value>) -> Option<u64> {
        self.shared.state().projects.publish(project, name, data)
    }

    /// Creates or updates a content item without publishing an event, as deployed servers do when an item is reviewed.
    ///
    /// `content` contains the `id` of the item and the fields to set, in the format in which REST calls return them.
    ///
    /// # Panics
    /// Panics if the content is not a JSON object with a string as its `id`.
    pub fn store(&self, project: &str, content: &Value) {
        let stored = match content {
            Value::Object(fields) => self.store_object(project, fields),
            _ => false,
        };
        assert!(stored, "the content must be a JSON object with an \"id\", but is {content}");
    }

    /// Stores a content item. Returns `false` if the item's `id` is missing or not a string.
    pub(crate) fn store_object(&self, project: &str, fields: &Map<String, Value>) -> bool {
        let Some(id) = fields.get("id").and_then(Value::as_str) else { return false };
        self.shared.state().projects.store(project, id, fields.clone());
        true
    }

    /// Cuts all connections, which then receive no further events. Clients may reconnect immediately.
    pub fn cut(&self) {
        self.shared.state().projects.remove_all_members();
        self.shared.cut_count.send_modify(|count| *count += 1);
    }

    /// Takes the server offline or brings it back online. While the server is offline, it closes all connections,
    /// including new connections.
    pub fn set_offline(&self, offline: bool) {
        self.shared.state().is_offline = offline;
        if offline {
            self.cut();
        }
    }

    /// Sets whether the server executes REST calls without sending a response.
    pub fn set_silent(&self, silent: bool) {
        self.shared.state().withholds_rest_responses = silent;
    }

    /// Sets whether the server refuses the credentials of new connections, and of REST calls other than `/api/health`.
    /// A server without an event log still accepts new connections, but refuses their joins.
    pub fn refuse_credentials(&self, refuse: bool) {
        self.shared.state().refuses_credentials = refuse;
    }

    /// Makes the server refuse every request to join this project, for the reason that `code` names, such as
    /// `access_denied`. If `code` is `None`, the server allows joins again.
    ///
    /// Clients that have already joined stay in the project until they leave it or their connection ends.
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.shared.state().projects.refuse_joins(project, code);
    }

    /// Removes all events from the project's log. Clients that missed some of these events receive a `Gap` with the
    /// reason `expired`.
    pub fn forget(&self, project: &str) {
        self.shared.state().projects.clear_log(project);
    }

    /// Waits until exactly this many connections have joined the project. The future can be dropped at any time.
    pub async fn joined(&self, project: &str, connections: usize) {
        self.wait_until(|state| state.projects.member_count(project) == connections).await;
    }

    /// Waits until exactly this many Socket.IO connections are open. The future can be dropped at any time.
    pub async fn connected(&self, connections: usize) {
        self.wait_until(|state| state.open_socket_count == connections).await;
    }

    /// Returns the first 10,000 events emitted by clients, including `heartbeat`, in order of arrival. Joins, leaves
    /// and, on a server with an event log, requests for a replay are not included.
    #[must_use]
    pub fn received(&self) -> Vec<Emitted> {
        self.shared.state().received_events.clone()
    }

    async fn wait_until(&self, condition: impl Fn(&ServerState) -> bool) {
        let mut changes = self.shared.change_count.subscribe();
        // Waiting can't fail, because `self` owns the sender.
        let _ = changes.wait_for(|_| condition(&self.shared.state())).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accept_task.abort();
        self.cut();
    }
}
