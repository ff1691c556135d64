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

use super::Demo;
use super::accept_loop::StopSignals;
use crate::Error;
use crate::app::App;
use crate::moderation::NewRule;
use crate::store::{Actor, EventDraft, Invalidation, KeyDraft, Mutation, ProjectChange, Role, Scope};
use crate::time::now;

/// The longest time that a drain waits for requests in progress.
const REQUEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest time of each of the other steps of a drain.
const DRAIN_STEP_TIMEOUT: Duration = Duration::from_secs(1);
/// The interval of checks for sockets that are still open.
const SOCKETS_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A server that accepts connections until it is shut down or dropped. A drop cuts the connections and abandons the requests in
/// progress.
pub struct RunningServer {
    app: Arc<App>,
    io: SocketIo,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    demo: Option<Demo>,
    setup_token: Option<String>,
    connections: TaskTracker,
    stop: StopSignals,
    /// Deleted last.
    _temporary: Option<TempDir>,
}

impl RunningServer {
    pub(super) fn new(
        app: Arc<App>,
        io: SocketIo,
        (address, metrics_address): (SocketAddr, Option<SocketAddr>),
        (demo, setup_token): (Option<Demo>, Option<String>),
        connections: TaskTracker,
        stop: StopSignals,
        temporary: Option<TempDir>,
    ) -> Self {
        Self { app, io, address, metrics_address, demo, setup_token, connections, stop, _temporary: temporary }
    }

    /// The address that the server listens on, with the real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the separate listener for `/metrics`, with the real port. `None` if [`address`](Self::address) serves
    /// `/metrics`, because [`metrics_listen`](crate::ServerBuilder::metrics_listen) was not called.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// The base URL, such as `http://127.0.0.1:6217`; for a server that listens on all addresses, with the loopback address.
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

    /// The credentials of a server that was started with [`demo`](crate::ServerBuilder::demo).
    #[must_use]
    pub fn demo(&self) -> Option<&Demo> {
        self.demo.as_ref()
    }

    /// The URL of the page that creates the first administrator, which works until the first user exists. `None` if there was a
    /// user at the start. While the page works, anyone who knows the URL can become the administrator.
    #[must_use]
    pub fn setup_url(&self) -> Option<String> {
        let token = self.setup_token.as_ref()?;
        Some(format!("{}/auth/setup?token={token}", self.base_url()))
    }

    /// Adds a rule to a project, publishes a `rule_update`, and returns the rule's id. The rule is then in force.
    ///
    /// # Errors
    /// When the rule is not usable, the project does not exist, or the database fails.
    pub async fn add_rule(&self, project_id: &str, rule: NewRule) -> Result<String, Error> {
        self.app.add_rule(project_id, rule, &Actor::system()).await
    }

    /// Logs and publishes an event such as `system_notification` or `user_activity`, and returns once it is durable.
    /// `project_id` and `event_id` are added to the payload.
    ///
    /// # Errors
    /// When the project does not exist or the database fails.
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
        let change =
            ProjectChange { project_id: project_id.into(), at: now(), mutation: Mutation::Nothing, event, audit: None };
        self.app.writer.submit(change).await
    }

    /// Creates a project and returns its id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_project(&self, name: &str) -> Result<String, Error> {
        self.app.store.create_project(name, None, &Actor::system()).await
    }

    /// Creates an API key of a project, with the scopes [`Scope::Read`] and [`Scope::Submit`], and returns it. Only its hash is
    /// stored.
    ///
    /// # Errors
    /// When the project does not exist or the database fails.
    pub async fn create_api_key(&self, project_id: &str, name: &str) -> Result<String, Error> {
        self.create_api_key_with(project_id, name, &[Scope::Read, Scope::Submit]).await
    }

    /// Creates an API key of a project with these scopes, and returns it.
    ///
    /// # Errors
    /// When the project does not exist or the database fails.
    pub async fn create_api_key_with(&self, project_id: &str, name: &str, scopes: &[Scope]) -> Result<String, Error> {
        let scopes = scopes.iter().copied().collect();
        let draft = KeyDraft { name: name.into(), scopes, ..KeyDraft::default() };
        Ok(self.app.create_key(project_id, draft, &Actor::system()).await?.1)
    }

    /// Creates a user who can sign in.
    ///
    /// # Errors
    /// When the address is taken or the database fails.
    pub async fn create_user(&self, email: &str, password: &str) -> Result<(), Error> {
        let hash = self.app.auth.hash_password(password).await?;
        self.app.store.create_user(email, &hash, false, &Actor::system()).await?;
        Ok(())
    }

    /// Makes a user a member of a project.
    ///
    /// # Errors
    /// When one of them does not exist or the database fails.
    pub async fn add_member(&self, project_id: &str, email: &str) -> Result<(), Error> {
        self.add_member_as(project_id, email, Role::Member).await
    }

    /// Makes a user a member of a project in this role, unless the user is a member already.
    ///
    /// # Errors
    /// When one of them does not exist or the database fails.
    pub async fn add_member_as(&self, project_id: &str, email: &str, role: Role) -> Result<(), Error> {
        let user = self.app.store.account(email).await?;
        let user = user.ok_or(Error::NotFound("User"))?;
        self.app.store.add_member(project_id, &user.id, role, &Actor::system()).await?;
        Ok(())
    }

    /// Deletes the events beyond the event log's bounds now, instead of within a minute, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_log(&self) -> Result<u64, Error> {
        self.app.store.prune_events().await
    }

    /// Deletes the expired entries of the audit log now, instead of within a minute, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune_audit(&self) -> Result<u64, Error> {
        self.app.store.prune_audit(self.app.settings.audit_max_age).await
    }

    /// Drains: accepts no new connections, finishes the requests in progress, stores and publishes their results, and closes the
    /// sockets and the database. WebSockets are closed with 1001 and long polls answered with 503, after which clients connect to
    /// another server. Takes at most about six seconds.
    ///
    /// Before that, the server continues to serve for the time of [`lame_duck`](crate::ServerBuilder::lame_duck), while `/ready` is
    /// 503.
    pub async fn shutdown(self) {
        self.app.retiring.cancel();
        sleep(self.app.settings.lame_duck).await;
        self.app.draining.cancel();
        self.app.in_flight.close();
        if timeout(REQUEST_DRAIN_TIMEOUT, self.app.in_flight.wait()).await.is_err() {
            tracing::warn!("some requests were not finished in time");
        }
        // Everything that was answered is published before the sockets go.
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.writer.flush()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.auth.record_uses()).await;
        self.app.leaving.cancel();
        let leaving = Invalidation::NodeLeaving { node: self.app.node.clone() };
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.store.announce(&leaving)).await;
        if timeout(DRAIN_STEP_TIMEOUT, self.connections.wait()).await.is_err() {
            tracing::debug!("some connections were cut");
        }
        self.stop.kill.cancel();
        self.stop.hang_up.cancel();
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.websockets_closed()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.io.close()).await;
        let _ = timeout(DRAIN_STEP_TIMEOUT, self.app.store.close()).await;
    }

    /// Waits until all WebSockets are closed.
    async fn websockets_closed(&self) {
        while self.io.of("/").is_some_and(|namespace| {
            namespace.sockets().iter().any(|socket| socket.transport_type() == TransportType::Websocket)
        }) {
            sleep(SOCKETS_POLL_INTERVAL).await;
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
        self.app.draining.cancel();
        self.stop.kill.cancel();
        // Sockets have tasks of their own.
        if let Ok(runtime) = Handle::try_current() {
            let io = self.io.clone();
            runtime.spawn(async move { io.close().await });
        }
    }
}
