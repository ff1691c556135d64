//! Wiring: what the parts of a running server share, how it starts, and how it stops.

mod accept;
mod builder;
mod demo;
mod maintenance;
mod running;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use socketioxide::SocketIo;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use builder::{Server, ServerBuilder};
pub use demo::Demo;
pub use running::RunningServer;

use crate::Error;
use crate::auth::Auth;
use crate::moderation::{NewRule, RuleCache, rule_update};
use crate::options::{EventLog, Limits};
use crate::realtime::Slots;
use crate::store::{Change, Store, Writer};
use crate::time::now;

/// What requests of all kinds need.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) writer: Writer,
    pub(crate) auth: Auth,
    pub(crate) rules: RuleCache,
    pub(crate) slots: Arc<Slots>,
    pub(crate) settings: Settings,
    /// Set once the server is built. The sockets hold the `App`, too: closing them ends the circle.
    pub(crate) io: OnceLock<SocketIo>,
    /// Cancelled when the server begins to stop.
    pub(crate) draining: CancellationToken,
    /// Holds a token per request that is being answered; long polls don't count.
    pub(crate) in_flight: TaskTracker,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) event_log: EventLog,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) secure_cookies: bool,
}

impl App {
    /// Adds a rule, which is in force when this returns, and publishes a `rule_update`.
    pub(crate) async fn add_rule(&self, project_id: Arc<str>, rule: NewRule) -> Result<String, Error> {
        let rule = rule.into_stored()?;
        let at = now();
        let id = rule.id.clone();
        let change = Change {
            at,
            content: None,
            event: Some(rule_update(&project_id, "created", &rule, at)?),
            rule: Some(rule),
            project_id: project_id.clone(),
        };
        self.writer.submit(change).await?;
        self.rules.forget(&project_id);
        Ok(id)
    }
}
