//! Options as plain values: durations are numbers of seconds, and enum values are strings.

use std::time::Duration;

use crate::{
    ApiKeyVia, Backfill, Client, ClientBuilder, Error, OnServerDisconnect, Overflow, ReconnectPolicy, Transports,
};

/// Names of the event kinds that [`FacadeClient::events`](super::FacadeClient::events) accepts.
pub const KIND_NAMES: [&str; 10] = [
    "moderation_update",
    "stats_update",
    "rule_update",
    "system_notification",
    "user_activity",
    "server_error",
    "unknown_event",
    "malformed_event",
    "gap",
    "lagged",
];

/// Options of a client. Durations are in seconds, and `None` stands for the default of [`ClientBuilder`].
#[derive(Clone, Default)]
#[allow(missing_docs)] // fields have the names and meanings of `ClientBuilder`'s methods
pub struct ClientOptions {
    pub url: String,
    /// URLs to pass to [`ClientBuilder::fallback_url`], in the order in which they are tried.
    pub fallback_urls: Vec<String>,
    pub api_key: Option<String>,
    pub api_key_via: Option<String>,
    pub session: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub transports: Option<String>,
    /// Reconnection policy. `Some(None)` disables reconnecting.
    pub reconnect: Option<Option<ReconnectOptions>>,
    pub retry_first_connect: Option<bool>,
    pub on_server_disconnect: Option<String>,
    pub connect_timeout: Option<f64>,
    pub join_timeout: Option<f64>,
    pub ack_timeout: Option<f64>,
    pub request_timeout: Option<f64>,
    /// Interval between heartbeats. `Some(None)` disables heartbeats.
    pub heartbeat_interval: Option<Option<f64>>,
    pub event_buffer: Option<i64>,
    pub overflow: Option<String>,
    /// Maximum number of outbound events per minute. `Some(None)` removes the limit.
    pub rate_limit: Option<Option<i64>>,
    pub backfill: Option<String>,
    /// Interval at which the client polls for reviews. `Some(None)` disables polling.
    pub review_poll: Option<Option<f64>>,
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub proxy: Option<String>,
    pub extra_ca: Vec<Vec<u8>>,
    pub client_certificate: Option<(Vec<u8>, String)>,
    pub danger_accept_invalid_certs: Option<bool>,
}

/// [`ReconnectPolicy`] as plain values. Durations are in seconds. `None` stands for the default.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // fields have the names and meanings of `ReconnectPolicy`
pub struct ReconnectOptions {
    pub delay: Option<f64>,
    pub factor: Option<f64>,
    pub max_delay: Option<f64>,
    /// Maximum number of attempts. `Some(None)` removes the limit.
    pub attempts: Option<Option<i64>>,
    pub jitter: Option<f64>,
    pub stable_after: Option<f64>,
    pub max_attempts_per_minute: Option<i64>,
}

impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // URLs, headers and several other options may contain secrets, so they are not printed.
        f.debug_struct("ClientOptions").field("transports", &self.transports).finish_non_exhaustive()
    }
}

impl ClientOptions {
    /// Converts the options to a builder without a credentials provider.
    ///
    /// # Errors
    /// Returns `invalid_argument` if a value can't be converted, or if only one of `email` and `password` is set. The
    /// message names the option. [`ClientBuilder::build`] checks everything else.
    pub fn into_builder(self) -> Result<ClientBuilder, Error> {
        let mut builder = self.apply_credentials(Client::builder(&self.url))?;
        for url in self.fallback_urls {
            builder = builder.fallback_url(url);
        }
        if let Some(word) = &self.transports {
            let all =
                [("auto", Transports::Auto), ("websocket", Transports::WebSocket), ("polling", Transports::Polling)];
            builder = builder.transports(parse_word("transports", word, &all)?);
        }
        builder = match self.reconnect {
            None => builder,
            Some(None) => builder.no_reconnect(),
            Some(Some(options)) => builder.reconnect(options.into_policy()?),
        };
        if let Some(retry) = self.retry_first_connect {
            builder = builder.retry_first_connect(retry);
        }
        if let Some(word) = &self.on_server_disconnect {
            let all = [("reconnect", OnServerDisconnect::Reconnect), ("stop", OnServerDisconnect::Stop)];
            builder = builder.on_server_disconnect(parse_word("on_server_disconnect", word, &all)?);
        }
        if let Some(value) = self.connect_timeout {
            builder = builder.connect_timeout(parse_seconds("connect_timeout", value)?);
        }
        if let Some(value) = self.join_timeout {
            builder = builder.join_timeout(parse_seconds("join_timeout", value)?);
        }
        if let Some(value) = self.ack_timeout {
            builder = builder.ack_timeout(parse_seconds("ack_timeout", value)?);
        }
        if let Some(value) = self.request_timeout {
            builder = builder.request_timeout(parse_seconds("request_timeout", value)?);
        }
        if let Some(value) = self.heartbeat_interval {
            builder =
                builder.heartbeat_interval(value.map(|value| parse_seconds("heartbeat_interval", value)).transpose()?);
        }
        if let Some(value) = self.event_buffer {
            builder = builder.event_buffer(parse_count("event_buffer", value)?);
        }
        if let Some(word) = &self.overflow {
            let all = [
                ("replay", Overflow::Replay),
                ("drop_oldest", Overflow::DropOldest),
                ("drop_newest", Overflow::DropNewest),
                ("close", Overflow::Close),
            ];
            builder = builder.overflow(parse_word("overflow", word, &all)?);
        }
        if let Some(value) = self.rate_limit {
            builder = builder.rate_limit(value.map(|value| parse_count("rate_limit", value)).transpose()?);
        }
        if let Some(word) = &self.backfill {
            let all = [("auto", Backfill::Auto), ("replay", Backfill::Replay), ("off", Backfill::Off)];
            builder = builder.backfill(parse_word("backfill", word, &all)?);
        }
        if let Some(value) = self.review_poll {
            builder = builder.review_poll(value.map(|value| parse_seconds("review_poll", value)).transpose()?);
        }
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        for (name, value) in self.query {
            builder = builder.query(name, value);
        }
        if let Some(proxy) = self.proxy {
            builder = builder.proxy(proxy);
        }
        for pem in self.extra_ca {
            builder = builder.extra_ca(pem);
        }
        if let Some((chain, key)) = self.client_certificate {
            builder = builder.client_certificate(chain, key);
        }
        if let Some(accept) = self.danger_accept_invalid_certs {
            builder = builder.danger_accept_invalid_certs(accept);
        }
        Ok(builder)
    }

    fn apply_credentials(&self, mut builder: ClientBuilder) -> Result<ClientBuilder, Error> {
        if let Some(key) = &self.api_key {
            builder = builder.api_key(key.as_str());
        }
        if let Some(word) = &self.api_key_via {
            let all = [("query", ApiKeyVia::Query), ("auth", ApiKeyVia::Auth), ("header", ApiKeyVia::Header)];
            builder = builder.api_key_via(parse_word("api_key_via", word, &all)?);
        }
        if let Some(cookie) = &self.session {
            builder = builder.session(cookie.as_str());
        }
        match (&self.email, &self.password) {
            (Some(email), Some(password)) => Ok(builder.password(email, password.as_str())),
            (None, None) => Ok(builder),
            (Some(_), None) => Err(Error::invalid_argument("password: required if there is an email")),
            (None, Some(_)) => Err(Error::invalid_argument("email: required if there is a password")),
        }
    }
}

impl ReconnectOptions {
    fn into_policy(self) -> Result<ReconnectPolicy, Error> {
        let mut policy = ReconnectPolicy::default();
        if let Some(value) = self.delay {
            policy.delay = parse_seconds("reconnect.delay", value)?;
        }
        if let Some(value) = self.factor {
            policy.factor = value;
        }
        match self.max_delay {
            Some(value) => policy.max_delay = parse_seconds("reconnect.max_delay", value)?,
            // If the first delay is longer than the default maximum, the first delay becomes the maximum.
            None => policy.max_delay = policy.max_delay.max(policy.delay),
        }
        if let Some(value) = self.attempts {
            policy.attempts = value.map(|value| parse_count("reconnect.attempts", value)).transpose()?;
        }
        if let Some(value) = self.jitter {
            policy.jitter = value;
        }
        if let Some(value) = self.stable_after {
            policy.stable_after = parse_seconds("reconnect.stable_after", value)?;
        }
        if let Some(value) = self.max_attempts_per_minute {
            policy.max_attempts_per_minute = parse_count("reconnect.max_attempts_per_minute", value)?;
        }
        Ok(policy)
    }
}

/// Converts a number of seconds to a duration.
///
/// # Errors
/// Returns `invalid_argument` if the number is negative, not finite or too large.
pub(super) fn parse_seconds(name: &str, value: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| Error::invalid_argument(format!("{name}: {value} is not a valid number of seconds")))
}

fn parse_count<T: TryFrom<i64>>(name: &str, value: i64) -> Result<T, Error> {
    value.try_into().map_err(|_| Error::invalid_argument(format!("{name}: {value} is out of range")))
}

fn parse_word<T: Copy>(name: &str, word: &str, all: &[(&str, T)]) -> Result<T, Error> {
    all.iter().find(|(known, _)| *known == word).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|(known, _)| *known).collect();
        Error::invalid_argument(format!("{name}: {word:?} is not one of {}", words.join(", ")))
    })
}
