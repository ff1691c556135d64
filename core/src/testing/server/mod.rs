//! Server on loopback for tests of programs in any language.

mod contents;
mod rest;
mod room;
mod socket;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Map, Value};
use tokio::{net::TcpListener, sync::watch, task::AbortHandle};

use self::room::ServerRooms;
use super::Emitted;

/// Number of client events kept for [`Server::received`].
const RECEIVED_EVENTS_MAX: usize = 10_000;

/// Server on a free loopback port, with an event log per project. It produces every event and failure that a client can
/// encounter, under control of the test.
///
/// It behaves like the reference server over WebSocket, or, without an event log, like deployed servers. It checks no
/// credentials and approves every submission. It stops when it is dropped.
///
/// REST lists, looks up and counts the content of each [`publish`](Self::publish)ed `moderation_update`, of
/// submissions, and of [`store`](Self::store). An API key that equals a project's id belongs to that project; any other
/// belongs to the project named first.
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
    accepting: AbortHandle,
}

/// State shared by the connections and the handle.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Incremented on every change that a caller may wait for.
    changes: watch::Sender<u64>,
    /// Incremented to end all present connections.
    cuts: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    rooms: ServerRooms,
    offline: bool,
    refuse_credentials: bool,
    silent: bool,
    connected: usize,
    received: Vec<Emitted>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn received(&self, event: Emitted) {
        let mut state = self.state();
        if state.received.len() < RECEIVED_EVENTS_MAX {
            state.received.push(event);
        }
        drop(state);
        self.changed();
    }
}

impl Server {
    /// Listens on a free port of 127.0.0.1. Must be called within a tokio runtime, which runs the server.
    ///
    /// # Errors
    /// Fails if no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::start_server(true).await
    }

    /// Like [`start`](Self::start), but behaves like deployed servers: no event log and no event ids, so only REST
    /// recovers missed decisions. Timestamps have no `Z`, refusals have no code, and events without a handler are never
    /// acknowledged.
    ///
    /// # Errors
    /// Fails if no port is free.
    pub async fn start_without_log() -> io::Result<Self> {
        Self::start_server(false).await
    }

    async fn start_server(log: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State {
            rooms: ServerRooms::new(log.then(|| format!("log-of-{url}"))),
            offline: false,
            refuse_credentials: false,
            silent: false,
            connected: 0,
            received: Vec::new(),
        };
        let (changes, cuts) = (watch::Sender::new(0), watch::Sender::new(0));
        let shared = Arc::new(Shared { state: Mutex::new(state), changes, cuts });
        let accepting = tokio::spawn(socket::accept(listener, Arc::downgrade(&shared))).abort_handle();
        Ok(Self { url, shared, accepting })
    }

    /// Address for clients, `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Publishes an event to everyone who has joined the project, and logs it; `project_id` and `event_id` are added to
    /// its data. Returns its id; `None` for a `stats_update`, which is not logged, and on a server without an event
    /// log.
    ///
    /// # Panics
    /// Panics if the data is not a JSON object.
    pub fn publish(&self, project: &str, name: &str, data: &Value) -> Option<u64> {
        let Value::Object(data) = data else { panic!("the data of {name:?} must be a JSON object, and is {data}") };
        self.publish_object(project, name, data.clone())
    }

    pub(crate) fn publish_object(&self, project: &str, name: &str, data: Map<String, Value>) -> Option<u64> {
        self.shared.state().rooms.publish(project, name, data)
    }

    /// Creates or updates the item with this `id`, as REST lists it, without publishing an event, as deployed servers
    /// do for a review.
    ///
    /// # Panics
    /// Panics if the content is not a JSON object with a text as its `id`.
    pub fn store(&self, project: &str, content: &Value) {
        let stored = match content {
            Value::Object(fields) => self.store_object(project, fields),
            _ => false,
        };
        assert!(stored, "the content must be a JSON object with an \"id\", and is {content}");
    }

    /// Returns `true` if it was stored, because it has an id.
    pub(crate) fn store_object(&self, project: &str, fields: &Map<String, Value>) -> bool {
        let Some(id) = fields.get("id").and_then(Value::as_str) else { return false };
        self.shared.state().rooms.store(project, id, fields.clone());
        true
    }

    /// Cuts all connections: later events don't reach them. Clients may reconnect immediately.
    pub fn cut(&self) {
        self.shared.state().rooms.clear();
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// Takes the server offline or online: present connections end, and new ones get no answer while it is offline.
    pub fn set_offline(&self, offline: bool) {
        self.shared.state().offline = offline;
        if offline {
            self.cut();
        }
    }

    /// Makes the server carry out REST calls without answering, from the next one on.
    pub fn set_silent(&self, silent: bool) {
        self.shared.state().silent = silent;
    }

    /// Makes the server refuse connections and REST calls with `authentication_failed`, from the next one on.
    pub fn refuse_credentials(&self, refuse: bool) {
        self.shared.state().refuse_credentials = refuse;
    }

    /// Makes the server refuse joins of this project with a code such as `access_denied`; `None` allows them again.
    /// Clients that have joined stay.
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.shared.state().rooms.refuse(project, code);
    }

    /// Clears the project's log: clients that were away receive a `Gap` (`expired`).
    pub fn forget(&self, project: &str) {
        self.shared.state().rooms.forget(project);
    }

    /// Waits until this number of connections has joined the project. Cancel-safe.
    pub async fn joined(&self, project: &str, connections: usize) {
        self.until(|state| state.rooms.members(project) == connections).await;
    }

    /// Waits until this number of connections is open. Cancel-safe.
    pub async fn connected(&self, connections: usize) {
        self.until(|state| state.connected == connections).await;
    }

    /// Returns the first 10,000 events emitted by clients, including `heartbeat`, in order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Emitted> {
        self.shared.state().received.clone()
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        // Can't fail: `self` owns the sender.
        let _ = changes.wait_for(|_| condition(&self.shared.state())).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
