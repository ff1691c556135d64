//! Wiring: what the parts of a running server share, how it starts, and how it stops.

mod accept_loop;
mod access;
mod admission;
mod builder;
mod connection_counter;
mod demo;
mod invalidation;
mod maintenance;
mod notify;
mod peers;
mod request_pacer;
mod rules;
mod running_server;
mod setup;
mod tcp_stream;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ipnet::IpNet;
use socketioxide::SocketIo;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use builder::{Server, ServerBuilder};
pub use demo::Demo;
use peers::PeerNodes;
pub use running_server::RunningServer;
pub(crate) use tcp_stream::HangUp;

use crate::auth::{AccountThrottle, Auth, Throttle};
use crate::http::{BrowserSecret, LoginSecret};
use crate::metrics::Metrics;
use crate::moderation::{Ai, AiOptions, FairPool, RuleCache};
use crate::options::{EventLog, Limits};
use crate::realtime::{PublisherHandle, SocketSlots};
use crate::store::{Store, Writer};

/// What requests of all kinds need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) auth: Auth,
    pub(crate) rules: RuleCache,
    pub(crate) matching: FairPool,
    pub(crate) ai: Ai,
    pub(crate) publisher: PublisherHandle,
    /// This node among those that share the database.
    pub(crate) node: String,
    pub(crate) peers: PeerNodes,
    pub(crate) slots: Arc<SocketSlots>,
    pub(crate) logins: Throttle,
    pub(crate) account_logins: AccountThrottle,
    pub(crate) browser_secret: BrowserSecret,
    pub(crate) login_secret: LoginSecret,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: Settings,
    /// Set once the server is built. The sockets hold the `App`, too: closing them ends the circle.
    pub(crate) io: OnceLock<SocketIo>,
    /// Cancelled when balancers should send nothing more, before the server begins to stop.
    pub(crate) retiring: CancellationToken,
    /// Cancelled when the server begins to stop.
    pub(crate) draining: CancellationToken,
    /// Cancelled when everything that was answered is published: requests that wait for events need not wait any longer.
    pub(crate) leaving: CancellationToken,
    /// Holds a token per request that is being answered; long polls don't count.
    pub(crate) in_flight: TaskTracker,
    /// Notified when a project was deleted whose rows are still there.
    pub(crate) deletions: Notify,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) event_log: EventLog,
    /// The age at which an entry of the audit log is deleted; zero keeps entries for good.
    pub(crate) audit_max_age: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) lame_duck: Duration,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) secure_cookies: bool,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) review_queue_warning: u32,
    /// A listener of its own for `/metrics`.
    pub(crate) metrics_listen: Option<String>,
    pub(crate) ai: AiOptions,
}
