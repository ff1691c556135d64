//! The options that the machine follows.

use std::time::Duration;

use super::CredentialsSource;

/// How a lost connection is made again.
///
/// Its fields are public, so that a policy can be written as one expression. End it with `..ReconnectPolicy::default()`: a
/// later version may have more fields.
///
/// ```
/// use std::time::Duration;
/// use automoderate::ReconnectPolicy;
///
/// let policy = ReconnectPolicy { delay: Duration::from_secs(2), attempts: Some(20), ..ReconnectPolicy::default() };
/// assert_eq!(policy.factor, 2.0);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ReconnectPolicy {
    /// The first pause. Default 1 s.
    pub delay: Duration,
    /// How much longer each pause is than the one before. Default 2, at least 1.
    pub factor: f64,
    /// The longest pause, before jitter. Default 10 s.
    pub max_delay: Duration,
    /// How many attempts before giving up; `None`, the default, never gives up.
    pub attempts: Option<u32>,
    /// Each pause is drawn from `1 - jitter` to `1 + jitter` times the delay. Default 0.5, from 0 to 1.
    pub jitter: f64,
    /// The count of attempts starts again only after a connection has lasted this long. Default 5 s.
    pub stable_after: Duration,
    /// A hard limit on attempts in any 60 s, whatever the rest says: deployed servers lock out the tenth. Default 9.
    pub max_attempts_per_minute: u32,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(1),
            factor: 2.0,
            max_delay: Duration::from_secs(10),
            attempts: None,
            jitter: 0.5,
            stable_after: Duration::from_secs(5),
            max_attempts_per_minute: 9,
        }
    }
}

/// What to do when the server ends the connection on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnServerDisconnect {
    /// Connect again, with the usual pauses.
    #[default]
    Reconnect,
    /// Close the client; streams end with `disconnected`.
    Stop,
}

/// What to do about the events of an interruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Backfill {
    /// Replay where the server can; otherwise REST where there is an API key; otherwise tell the gap.
    #[default]
    Auto,
    /// Replay where the server can; otherwise tell the gap.
    Replay,
    /// Always tell the gap.
    Off,
}

/// Everything the machine must know, fixed for the client's life.
#[derive(Debug, Clone)]
pub(crate) struct SessionConfig {
    /// How many addresses the server has.
    pub(crate) servers: usize,
    pub(crate) reconnect: Option<ReconnectPolicy>,
    pub(crate) retry_first_connect: bool,
    pub(crate) on_server_disconnect: OnServerDisconnect,
    pub(crate) connect_timeout: Duration,
    pub(crate) join_timeout: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) heartbeat_interval: Option<Duration>,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) backfill: Backfill,
    /// How often REST is asked for reviews, on servers without an event log.
    pub(crate) review_poll: Option<Duration>,
    /// Whether the REST API can be asked: there is an API key.
    pub(crate) can_ask_rest: bool,
    pub(crate) credentials: CredentialsSource,
    /// Whether a page of a replay waits until its readers have room. Without readers there is nothing to wait for.
    pub(crate) paced_by_readers: bool,
    /// Whether an API key is all that the client has.
    pub(crate) has_only_key: bool,
    /// Whether there is an API key next to a session or a login.
    pub(crate) has_spare_key: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            servers: 1,
            reconnect: Some(ReconnectPolicy::default()),
            retry_first_connect: false,
            on_server_disconnect: OnServerDisconnect::default(),
            connect_timeout: Duration::from_secs(20),
            join_timeout: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(10),
            heartbeat_interval: Some(Duration::from_secs(30)),
            rate_limit: Some(100),
            backfill: Backfill::default(),
            review_poll: None,
            can_ask_rest: false,
            credentials: CredentialsSource::Fixed,
            paced_by_readers: false,
            has_only_key: false,
            has_spare_key: false,
        }
    }
}
