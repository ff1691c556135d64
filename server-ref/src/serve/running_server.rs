//! A running server, and its shutdown.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use socketioxide::{SocketIo, TransportType};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use super::DemoCredentials;
use super::accept_loop::StopConditions;
use crate::Error;
use crate::app::App;
use crate::moderation::NewRule;
use crate::store::{Actor, EventDraft, Invalidation, KeyDraft, Mutation, ProjectChange, Role, Scope};
use crate::time::now;

/// Maximum time that a drain waits for the requests in progress.
const REQUEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum time for each of the other steps of a drain.
const DRAIN_STEP_TIMEOUT: Duration = Duration::from_secs(1);
/// Interval between checks for open WebSockets.
const OPEN_WEBSOCKETS_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// A server that accepts connections until it is shut down or dropped. Dropping it cuts the connections and abandons the requests in
/// progress.
pub struct RunningServer {
    app: Arc<App>,
    io: SocketIo,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    demo: Option<DemoCredentials>,
    setup_token: Option<String>,
    connections: TaskTracker,
    stop: StopConditions,
    /// Folder of a temporary database, declared last so that it is deleted last.
    _temporary_folder: Option<TempDir>,
}

impl RunningServer {
    pub(super) fn new(
        app: Arc<App>,
        io: SocketIo,
        (address, metrics_address): (SocketAddr, Option<SocketAddr>),
        (demo, setup_token): (Option<DemoCredentials>, Option<String>),
        connections: TaskTracker,
        stop: StopConditions,
        temporary_folder: Option<TempDir>,
    ) -> Self {
        Self {
            app,
            io,
            address,
            metrics_address,
            demo,
            setup_token,
            connections,
            stop,
            _temporary_folder: temporary_folder,
        }
    }

    /// Returns the address that the server listens on, with the actual port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the separate listener for `/metrics`, with the actual port. Returns `None` if
    /// [`metrics_listen`](crate::ServerBuilder::metrics_listen) was not called; the main listener then serves `/metrics`.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Returns the base URL, such as `http://127.0.0.1:6217`. If the server listens on all addresses, the URL contains the
    /// loopback address.
    #[must_use]
    pub fn base_url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// Returns the credentials of the demonstration, or `None` if [`demo`](crate::ServerBuilder::demo) was not set to `true`.
    #[must_use]
    pub fn demo(&self) -> Option<&DemoCredentials> {
        self.demo.as_ref()
    }

    /// Returns the URL of the page that creates the first administrator, or `None` if a user already existed when the server started. The
    /// page works until the first user exists, or until a server on the same database starts more than 30 days later. Until then, anyone
    /// who knows the URL can become the administrator.
    #[must_use]
    pub fn setup_url(&self) -> Option<String> {
        let token = self.setup_token.as_ref()?;
        Some(format!("{}/auth/setup?token={token}", self.base_url()))
    }

    /// Adds a rule to a project, publishes a `rule_update` event, and returns the rule's id. When the call returns, the rule is in force on
    /// this node.
    ///
    /// # Errors
    /// Returns an error if the rule is invalid or too large, the project does not exist, or the database fails.
    pub async fn add_rule(&self, project_id: &str, rule: NewRule) -> Result<String, Error> {
        self.app.add_rule(project_id, rule, &Actor::system()).await
    }

    /// Logs and publishes an event such as `system_notification` or `user_activity`, and returns once the event is durable. The server
    /// adds `project_id` and `event_id` to the payload.
    ///
    /// # Errors
    /// Returns an error if the project does not exist or the database fails.
    pub async fn publish(
        &self,
        project_id: &str,
        event: &'static str,
        mut payload: Map<String, Value>,
    ) -> Result<(), Error> {
        payload.remove("event_id");
        payload.insert("project_id".into(), project_id.into());
        let payload = serde_json::to_string(&payload).map_err(|e| Error::Internal(e.to_string()))?;
        let draft = EventDraft { name: event, payload };
        let event = Some(draft);
        let change = ProjectChange {
            project_id: project_id.into(),
            at: now(),
            mutation: Mutation::Nothing,
            event,
            audit: None,
            idempotency: None,
        };
        self.app.writer.submit(change).await
    }

    /// Creates a project without members, and returns its id.
    ///
    /// # Errors
    /// Returns an error if the name contains U+0000 or the database fails.
    pub async fn create_project(&self, name: &str) -> Result<String, Error> {
        self.app.store.create_project(name, None, &Actor::system()).await
    }

    /// Creates an API key for a project, with the scopes [`Scope::Read`] and [`Scope::Submit`], and returns the key. The key itself is not
    /// stored.
    ///
    /// # Errors
    /// Returns an error if the name contains U+0000, the project does not exist, or the database fails.
    pub async fn create_api_key(&self, project_id: &str, name: &str) -> Result<String, Error> {
        self.create_api_key_with(project_id, name, &[Scope::Read, Scope::Submit]).await
    }

    /// Creates an API key for a project, with the given scopes, and returns the key. The key itself is not stored.
    ///
    /// # Errors
    /// Returns an error if the name contains U+0000, the project does not exist, or the database fails.
    pub async fn create_api_key_with(&self, project_id: &str, name: &str, scopes: &[Scope]) -> Result<String, Error> {
        let scopes = scopes.iter().copied().collect();
        let draft = KeyDraft { name: name.into(), scopes, ..KeyDraft::default() };
        Ok(self.app.create_key(project_id, draft, &Actor::system()).await?.1)
    }

    /// Creates a user who can sign in.
    ///
    /// # Errors
    /// Returns an error if the e-mail address contains U+0000, another user already has this address, too many passwords are waiting to be
    /// hashed, or the database fails.
    pub async fn create_user(&self, email: &str, password: &str) -> Result<(), Error> {
        let hash = self.app.auth.hash_password(password).await?;
        self.app.store.create_user(email, &hash, false, &Actor::system()).await?;
        Ok(())
    }

    /// Adds a user to a project as a member.
    ///
    /// # Errors
    /// Returns an error if the project or the user does not exist, or the database fails.
    pub async fn add_member(&self, project_id: &str, email: &str) -> Result<(), Error> {
        self.add_member_as(project_id, email, Role::Member).await
    }

    /// Adds a user to a project with the given role. Does nothing if the user is already a member.
    ///
    /// # Errors
    /// Returns an error if the project or the user does not exist, or the database fails.
    pub async fn add_member_as(&self, project_id: &str, email: &str, role: Role) -> Result<(), Error> {
        let user = self.app.store.user_credentials(email).await?;
        let user = user.ok_or(Error::NotFound("User"))?;
        self.app.store.add_member(project_id, &user.id, role, &Actor::system()).await?;
        Ok(())
    }

    /// Immediately deletes the events that exceed the event log's limits, and returns their number. Without this call, they are
    /// deleted within a minute.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn prune_log(&self) -> Result<u64, Error> {
        self.app.store.prune_events().await
    }

    /// Immediately deletes the expired entries of the audit log, and returns their number. Without this call, they are deleted within
    /// a minute.
    ///
    /// # Errors
    /// Returns an error if the database fails.
    pub async fn prune_audit(&self) -> Result<u64, Error> {
        self.app.store.prune_audit(self.app.settings.audit_max_age).await
    }

    /// Drains and stops the server. It accepts no new connections, gives the requests in progress two seconds to finish, stores and
    /// publishes their results, and closes the sockets and the database. WebSockets are closed with code 1001 and long polls are answered
    /// with 503, so that clients reconnect, if possible to another node. Draining takes at most about nine seconds.
    ///
    /// Before it drains, the server keeps serving requests for the time set by [`lame_duck`](crate::ServerBuilder::lame_duck), while
    /// `/ready` returns 503.
    pub async fn shutdown(self) {
        self.app.lame_duck_started.cancel();
        sleep(self.app.settings.lame_duck_time).await;
        self.app.drain_started.cancel();
        self.app.in_flight.close();
        if timeout(REQUEST_DRAIN_TIMEOUT, self.app.in_flight.wait()).await.is_err() {
            tracing::warn!("some requests were not finished in time");
        }
        // The results of finished requests are published before the sockets are closed.
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.writer.flush()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.auth.record_key_uses()).await;
        self.app.ending_polls.cancel();
        let leaving = Invalidation::NodeLeaving { node: self.app.node_name.clone() };
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.store.announce_to_nodes(&leaving)).await;
        if timeout(DRAIN_STEP_TIMEOUT, self.connections.wait()).await.is_err() {
            tracing::debug!("some connections were cut");
        }
        self.stop.kill.cancel();
        self.stop.hang_up.cancel();
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.wait_until_websockets_closed()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.io.close()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.store.close()).await;
    }

    async fn wait_until_websockets_closed(&self) {
        while self.io.of("/").is_some_and(|namespace| {
            namespace.sockets().iter().any(|socket| socket.transport_type() == TransportType::Websocket)
        }) {
            sleep(OPEN_WEBSOCKETS_CHECK_INTERVAL).await;
        }
    }
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.app.drain_started.cancel();
        self.stop.kill.cancel();
        // Sockets run in separate tasks, which outlive this value unless the sockets are closed.
        if let Ok(runtime) = Handle::try_current() {
            let io = self.io.clone();
            runtime.spawn(async move { io.close().await });
        }
    }
}
