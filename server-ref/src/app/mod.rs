//! The state of a running server, which all parts above share, and the actions that several of them offer.

mod access;
mod invalidation;
mod notify;
mod peers;
mod rules;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use invalidation::run as exchange_invalidations;
pub(crate) use peers::PeerNodes;

use crate::auth::{AccountThrottle, AddressThrottle, Auth, SigningSecret};
use crate::metrics::Metrics;
use crate::moderation::{AiOptions, Moderation};
use crate::options::{EventLog, Limits};
use crate::realtime::Realtime;
use crate::store::{Store, Writer};

/// The state of a running server.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) auth: Arc<Auth>,
    pub(crate) moderation: Arc<Moderation>,
    pub(crate) realtime: Arc<Realtime>,
    /// The name of this node among those that share the database.
    pub(crate) node: String,
    pub(crate) peers: PeerNodes,
    pub(crate) logins: AddressThrottle,
    pub(crate) account_logins: AccountThrottle,
    /// Signs the cookies of known browsers.
    pub(crate) browser_secret: SigningSecret,
    /// Signs the tokens of login forms.
    pub(crate) login_secret: SigningSecret,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: Settings,
    /// Cancelled when balancers should send no new clients, before the server begins to stop.
    pub(crate) retiring: CancellationToken,
    /// Cancelled when the server begins to stop.
    pub(crate) draining: CancellationToken,
    /// Cancelled when everything that was answered is published: requests that wait for events no longer wait.
    pub(crate) leaving: CancellationToken,
    /// Holds a token per request that is being answered; long polls don't count.
    pub(crate) in_flight: TaskTracker,
    /// Notified when a project was deleted and its rows still exist.
    pub(crate) deletions: Notify,
}

/// The settings of a server; see [`ServerBuilder`](crate::ServerBuilder).
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
    /// The address of a separate listener for `/metrics`.
    pub(crate) metrics_listen: Option<String>,
    pub(crate) ai: AiOptions,
}
