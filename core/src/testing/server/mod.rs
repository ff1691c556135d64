//! A server on loopback for tests of programs, whatever language they are in.

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

use self::room::Rooms;
use super::Emitted;

/// How many of the clients' own events are kept for [`Server::received`].
const RECEIVED: usize = 10_000;

/// A server on a free port of the loopback address, with an event log for each project: everything a client can be told,
/// and everything that can go wrong on the way, at the test's word.
///
/// It speaks what the reference server speaks, over WebSocket, or, without an event log, what deployed servers speak. It
/// checks no credentials, and approves all that is submitted. It ends when it is dropped.
///
/// REST lists, looks up and counts the contents of each [`publish`](Self::publish)ed `moderation_update`, those that were
/// submitted, and those of [`store`](Self::store). An API key that is a project's id is for that project; any other is for
/// the project that was named first.
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

/// What the connections and the handle share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rises with everything that somebody may wait for.
    changes: watch::Sender<u64>,
    /// Rises when all present connections are to end.
    cuts: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    rooms: Rooms,
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
        if state.received.len() < RECEIVED {
            state.received.push(event);
        }
        drop(state);
        self.changed();
    }
}

impl Server {
    /// Listens on a free port of 127.0.0.1. To be called within a tokio runtime, which runs the server.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::start_server(true).await
    }

    /// As [`start`](Self::start), as deployed servers are: without an event log and event ids. What was missed can only be
    /// made up for by REST. Timestamps have no `Z`, refusals no code, and events without a handler are never acknowledged.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn start_without_log() -> io::Result<Self> {
        Self::start_server(false).await
    }

    async fn start_server(log: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = State {
            rooms: Rooms::new(log.then(|| format!("log-of-{url}"))),
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

    /// The address for clients, `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Publishes an event to everybody who has joined the project, and logs it for those who are away; `project_id` and
    /// `event_id` are added to its data. Returns its id; `None` for a `stats_update`, which is not logged, and on a server
    /// without an event log.
    ///
    /// # Panics
    /// If the data is no JSON object.
    pub fn publish(&self, project: &str, name: &str, data: &Value) -> Option<u64> {
        let Value::Object(data) = data else { panic!("the data of {name:?} must be a JSON object, and is {data}") };
        self.publish_object(project, name, data.clone())
    }

    pub(crate) fn publish_object(&self, project: &str, name: &str, data: Map<String, Value>) -> Option<u64> {
        self.shared.state().rooms.publish(project, name, data)
    }

    /// Sets fields of the content with this `id`, as REST lists it, and adds it if it is new. No event is published: so
    /// deployed servers keep a review.
    ///
    /// # Panics
    /// If the content is no JSON object with a text as its `id`.
    pub fn store(&self, project: &str, content: &Value) {
        let stored = match content {
            Value::Object(fields) => self.store_object(project, fields),
            _ => false,
        };
        assert!(stored, "the content must be a JSON object with an \"id\", and is {content}");
    }

    /// Whether it was stored: it has an id.
    pub(crate) fn store_object(&self, project: &str, fields: &Map<String, Value>) -> bool {
        let Some(id) = fields.get("id").and_then(Value::as_str) else { return false };
        self.shared.state().rooms.store(project, id, fields.clone());
        true
    }

    /// Ends all connections, without a word: what is published from now on does not reach them. Clients may come back at
    /// once.
    pub fn cut(&self) {
        self.shared.state().rooms.clear();
        self.shared.cuts.send_modify(|count| *count += 1);
    }

    /// Whether the server is away: present connections end, new ones get no answer, until it is back.
    pub fn set_offline(&self, offline: bool) {
        self.shared.state().offline = offline;
        if offline {
            self.cut();
        }
    }

    /// Whether REST calls are carried out but not answered, from the next one on.
    pub fn set_silent(&self, silent: bool) {
        self.shared.state().silent = silent;
    }

    /// Whether connections and REST calls are refused with `authentication_failed`, from the next one on.
    pub fn refuse_credentials(&self, refuse: bool) {
        self.shared.state().refuse_credentials = refuse;
    }

    /// Refuses to let anybody join this project, with a code such as `access_denied`; `None` allows it again. Who has joined
    /// it stays.
    pub fn refuse_joins(&self, project: &str, code: Option<&str>) {
        self.shared.state().rooms.refuse(project, code);
    }

    /// Forgets what the project's log holds: who was away is told of a `Gap` (`expired`).
    pub fn forget(&self, project: &str) {
        self.shared.state().rooms.forget(project);
    }

    /// Waits until so many connections have joined the project. Cancel-safe.
    pub async fn joined(&self, project: &str, connections: usize) {
        self.until(|state| state.rooms.members(project) == connections).await;
    }

    /// Waits until so many connections are open. Cancel-safe.
    pub async fn connected(&self, connections: usize) {
        self.until(|state| state.connected == connections).await;
    }

    /// The events that clients have emitted on their own, `heartbeat` among them, in the order in which they came; the
    /// first 10,000.
    #[must_use]
    pub fn received(&self) -> Vec<Emitted> {
        self.shared.state().received.clone()
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        let mut changes = self.shared.changes.subscribe();
        // It can't fail: the sender is in `self`.
        let _ = changes.wait_for(|_| condition(&self.shared.state())).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
