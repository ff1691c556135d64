//! Options of a session.

use std::time::Duration;

use super::CredentialsSource;

/// Policy for reconnecting after a connection is lost.
///
/// All fields are public, so a policy can be written as a single expression. End the expression with
/// `..ReconnectPolicy::default()`, because later versions may add fields.
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
    /// Delay before the first attempt to reconnect. Defaults to 1 s.
    pub delay: Duration,
    /// Factor by which the delay grows after each failed attempt, at least 1. Defaults to 2.
    pub factor: f64,
    /// Longest delay, not counting jitter. Defaults to 10 s.
    pub max_delay: Duration,
    /// Number of attempts, since the last stable connection, after which the client gives up. Defaults to `None`: the
    /// client never gives up.
    pub attempts: Option<u32>,
    /// Amount of jitter, from 0 to 1. Each delay, except the short one before the first attempt at another address, is
    /// multiplied by a random number between `1 - jitter` and `1 + jitter`. Defaults to 0.5.
    pub jitter: f64,
    /// Time after which a connection counts as stable and the count of attempts restarts. Defaults to 5 s.
    pub stable_after: Duration,
    /// Hard limit on the number of attempts in any period of 60 s. Deployed servers lock out a client at its tenth
    /// attempt within a minute. Defaults to 9.
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

/// Reaction to a server that ends the connection on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnServerDisconnect {
    /// Reconnect, with the usual delays.
    #[default]
    Reconnect,
    /// Close the client. Its streams end with the error `disconnected`.
    Stop,
}

/// Method of recovering events that were missed during an interruption, or after the cursor that was passed to a join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Backfill {
    /// Replay the events if the server supports replay. Otherwise, read the missed decisions through REST if there is
    /// an API key, or else report a [`Gap`](crate::Gap).
    #[default]
    Auto,
    /// Replay the events if the server supports replay. Otherwise, report a [`Gap`](crate::Gap).
    Replay,
    /// Recover no events, and report a [`Gap`](crate::Gap) instead.
    Off,
}

/// Configuration of a session, fixed for the client's lifetime.
#[derive(Debug, Clone)]
pub(crate) struct SessionConfig {
    /// Number of configured addresses of the server.
    pub(crate) endpoint_count: usize,
    pub(crate) reconnect: Option<ReconnectPolicy>,
    pub(crate) retry_first_connect: bool,
    pub(crate) on_server_disconnect: OnServerDisconnect,
    pub(crate) connect_timeout: Duration,
    pub(crate) join_timeout: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) heartbeat_interval: Option<Duration>,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) backfill: Backfill,
    /// Interval at which REST is polled for reviews, on servers without an event log. `None` disables polling.
    pub(crate) review_poll: Option<Duration>,
    /// True if the REST API may be usable: the feature `rest` is enabled, and an API key is configured or the provider
    /// may return one.
    pub(crate) can_ask_rest: bool,
    pub(crate) credentials_source: CredentialsSource,
    /// True if replays and backfills wait until readers have room. False only if the machine is tested without readers.
    pub(crate) is_paced_by_readers: bool,
    /// True if an API key is the client's only credential.
    pub(crate) has_only_api_key: bool,
    /// True if an API key is configured in addition to a session or a login.
    pub(crate) has_spare_api_key: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            endpoint_count: 1,
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
            credentials_source: CredentialsSource::Fixed,
            is_paced_by_readers: false,
            has_only_api_key: false,
            has_spare_api_key: false,
        }
    }
}
