//! The state of a running server, and the actions that its interfaces share.

mod access_changes;
mod first_admin;
mod invalidation;
mod live_nodes;
mod notify;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use invalidation::listen_and_send_heartbeats;
pub(crate) use live_nodes::LiveNodes;
pub(crate) use notify::NotificationDraft;

use crate::auth::{AccountThrottle, AddressThrottle, Auth, SigningSecret};
use crate::metrics::Metrics;
use crate::moderation::{AiOptions, Moderation};
use crate::options::{EventLog, Limits};
use crate::realtime::Realtime;
use crate::store::{Store, Writer};

/// The state of a running server, which its tasks and request handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) auth: Arc<Auth>,
    pub(crate) moderation: Arc<Moderation>,
    pub(crate) realtime: Arc<Realtime>,
    /// Random name of this node, unique among the nodes that share the database.
    pub(crate) node_name: String,
    pub(crate) live_nodes: LiveNodes,
    pub(crate) address_throttle: AddressThrottle,
    pub(crate) account_throttle: AccountThrottle,
    /// Secret that signs the cookies of known browsers.
    pub(crate) known_browser_secret: SigningSecret,
    /// Secret that signs the tokens of login forms.
    pub(crate) login_form_secret: SigningSecret,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: Settings,
    /// Cancelled when load balancers should stop sending new clients, before the server begins to drain.
    pub(crate) lame_duck_started: CancellationToken,
    /// Cancelled when the server begins to drain.
    pub(crate) drain_started: CancellationToken,
    /// Cancelled once the results of all finished requests are published. Pending long polls are then answered.
    pub(crate) ending_polls: CancellationToken,
    /// Tracks the requests in progress to the routes of `http`, and the items that the language model is judging.
    pub(crate) in_flight: TaskTracker,
    /// Notified after a project has been deleted, to start the deletion of its rows.
    pub(crate) project_deleted: Notify,
}

/// The settings of a server; see [`ServerBuilder`](crate::ServerBuilder).
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) event_log: EventLog,
    /// Age at which an audit log entry is deleted; zero keeps entries forever.
    pub(crate) audit_max_age: Duration,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) lame_duck_time: Duration,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) secure_cookies: bool,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) review_queue_warning: u32,
    /// Address of a separate listener for `/metrics`; `None` if the main listener serves it.
    pub(crate) metrics_listen: Option<String>,
    pub(crate) ai: AiOptions,
}
