//! Options of a client.

use std::{sync::Arc, time::Duration};

#[cfg(doc)]
use super::Client;
use crate::{
    ApiKeyVia, Backfill, Credentials, CredentialsReason, OnServerDisconnect, Overflow, ProviderError, ReconnectPolicy,
    Transports,
    delivery::STREAM_BYTES_MAX,
    driver::{Authenticator, Dialer, Endpoint, Provider, TlsOptions},
    events::Secret,
    session::SessionConfig,
};

/// Constructor of a dialer that replaces the network's.
pub(crate) type MakeDialer = Arc<dyn Fn(Arc<Endpoint>, Arc<Authenticator>) -> Arc<dyn Dialer> + Send + Sync>;

/// Builder of a [`Client`]. Every option has a default. [`build`](Self::build) and [`connect`](Self::connect) reject an
/// invalid option with `invalid_argument`; the message names the option.
#[derive(Clone)]
pub struct ClientBuilder {
    pub(super) url: String,
    pub(super) fallback_urls: Vec<String>,
    pub(super) credentials: Credentials,
    pub(super) api_key: Option<Secret>,
    pub(super) provider: Option<Provider>,
    pub(super) via: ApiKeyVia,
    pub(super) transports: Transports,
    pub(super) session: SessionConfig,
    pub(super) request_timeout: Duration,
    pub(super) event_buffer: usize,
    /// Largest number of bytes that a stream buffers.
    pub(super) stream_bytes: usize,
    pub(super) overflow: Overflow,
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) proxy: Option<String>,
    pub(super) tls: TlsOptions,
    pub(super) dialer: Option<MakeDialer>,
    pub(super) conflict: Option<&'static str>,
    pub(super) seed: Option<u64>,
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            fallback_urls: Vec::new(),
            credentials: Credentials::None,
            api_key: None,
            provider: None,
            via: ApiKeyVia::default(),
            transports: Transports::default(),
            session: SessionConfig::default(),
            request_timeout: Duration::from_secs(60),
            event_buffer: 1024,
            stream_bytes: STREAM_BYTES_MAX,
            overflow: Overflow::default(),
            headers: Vec::new(),
            query: Vec::new(),
            proxy: None,
            tls: TlsOptions::default(),
            dialer: None,
            conflict: None,
            seed: None,
        }
    }

    fn credentials(mut self, credentials: Credentials) -> Self {
        if self.credentials != Credentials::None || self.provider.is_some() {
            self.conflict = Some("credentials: set only one of session, password and provider");
        }
        self.credentials = credentials;
        self
    }

    /// Sets the API key of a project. It never appears in a log, an error or `Debug` output.
    ///
    /// Deployed servers require a web session on the socket and a key for REST; documented servers accept a key for
    /// both. If a session or a password is set as well, the key is therefore used for REST calls, and opens the socket
    /// only at an address that refuses the session or login. The client continues to use the credentials that an
    /// address has accepted until the address refuses them, and ends when an address has refused both. With a provider,
    /// the key is used for REST calls only.
    ///
    /// ```
    /// # use automoderate::Client;
    /// let builder = Client::builder("http://localhost:6217").api_key("am_…");
    /// assert!(!format!("{builder:?}").contains("am_"));
    /// ```
    #[must_use]
    pub fn api_key(mut self, key: impl Into<Secret>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Sets the location of the API key. Default [`ApiKeyVia::Query`], as documented. Proxies may log the query; the
    /// other locations stay out of their logs.
    #[must_use]
    pub fn api_key_via(mut self, via: ApiKeyVia) -> Self {
        self.via = via;
        self
    }

    /// Authenticates with a web session: the value of its cookie.
    #[must_use]
    pub fn session(self, cookie: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Session(cookie.into()))
    }

    /// Authenticates with a login through the web form, repeated when the session has expired. Needs the feature
    /// `rest`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn password(self, email: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Password { email: email.into(), password: password.into() })
    }

    /// Sets a function that supplies the credentials for every attempt. Its argument is the reason for the call. After
    /// a refusal it is called once more, with [`CredentialsReason::Rejected`]; if the server refuses those credentials
    /// too, the client ends.
    ///
    /// ```
    /// # use automoderate::{Client, Credentials};
    /// let builder = Client::builder("http://localhost:6217")
    ///     .credentials_provider(|_reason| async { Ok(Credentials::ApiKey("am_…".into())) });
    /// ```
    #[must_use]
    pub fn credentials_provider<F, Fut>(mut self, provide: F) -> Self
    where
        F: Fn(CredentialsReason) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Credentials, ProviderError>> + Send + 'static,
    {
        self = self.credentials(Credentials::None);
        self.provider = Some(Provider::new(provide));
        self
    }

    /// Sets the reconnection policy. Default: reconnect forever; see [`ReconnectPolicy`] for the delays.
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.session.reconnect = Some(policy);
        self
    }

    /// Disables reconnecting: the client ends when the connection is lost.
    #[must_use]
    pub fn no_reconnect(mut self) -> Self {
        self.session.reconnect = None;
        self
    }

    /// Applies the reconnect policy to the first connection as well. Default `false`: [`connect`](Self::connect)
    /// returns the first failure.
    #[must_use]
    pub fn retry_first_connect(mut self, retry: bool) -> Self {
        self.session.retry_first_connect = retry;
        self
    }

    /// Sets the reaction when the server ends the connection on purpose. Default: reconnect.
    #[must_use]
    pub fn on_server_disconnect(mut self, what: OnServerDisconnect) -> Self {
        self.session.on_server_disconnect = what;
        self
    }

    /// Sets the time limit of a connection attempt, from the request for credentials to the namespace acknowledgement.
    /// Default 20 s, more than 0.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.session.connect_timeout = timeout;
        self
    }

    /// Sets the time limit for the server to confirm a join. Default 10 s, more than 0.
    #[must_use]
    pub fn join_timeout(mut self, timeout: Duration) -> Self {
        self.session.join_timeout = timeout;
        self
    }

    /// Sets the time limit of [`emit_with_ack`](Client::emit_with_ack). Default 10 s, more than 0.
    #[must_use]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.session.ack_timeout = timeout;
        self
    }

    /// Sets the time limit of a REST call, including a login. Default 60 s, because rules that ask models take long to
    /// decide; more than 0. Needs the feature `rest`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the interval of the documented `heartbeat` event; `None` disables it. Default 30 s, at least 1 s. The
    /// client detects dead connections without it, by Engine.IO's pings.
    #[must_use]
    pub fn heartbeat_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.session.heartbeat_interval = interval.into();
        self
    }

    /// Sets the largest number of events that each stream buffers for its reader. Default 1024, at least 1. The buffer
    /// also holds at most 8 MiB. With [`Overflow::Replay`], neither limit causes a loss on servers with an event log.
    #[must_use]
    pub fn event_buffer(mut self, events: usize) -> Self {
        self.event_buffer = events;
        self
    }

    /// Sets the policy for full buffers. Default [`Overflow::Replay`]: nothing is lost on servers with an event log. On
    /// other servers the oldest event is dropped, and a [`Lagged`](crate::Lagged) reports the loss.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets the number of events per minute that the client may send on each connection; `None` removes the limit.
    /// Default 100, the servers' limit; at least 10. A fifth is reserved for joins, leaves and replays, which wait when
    /// the limit is reached. An [`emit`](Client::emit) beyond the other four fifths fails with `rate_limited`.
    #[must_use]
    pub fn rate_limit(mut self, per_minute: impl Into<Option<u32>>) -> Self {
        self.session.rate_limit = per_minute.into();
        self
    }

    /// Sets the recovery of events missed during an interruption. Default [`Backfill::Auto`].
    #[must_use]
    pub fn backfill(mut self, backfill: Backfill) -> Self {
        self.session.backfill = backfill;
        self
    }

    /// Sets the interval at which REST is polled for reviews of flagged content. Default `None`: never; at least 1 s.
    /// Needs an API key and the feature `rest`.
    ///
    /// For servers without an event log, which send no events for reviews. The reviews arrive as
    /// [`ModerationUpdate`](crate::ModerationUpdate) with [`Origin::Backfill`](crate::Origin::Backfill).
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn review_poll(mut self, pause: impl Into<Option<Duration>>) -> Self {
        self.session.review_poll = pause.into();
        self
    }

    /// Sets the largest number of bytes that a stream buffers.
    #[cfg(test)]
    pub(crate) fn stream_bytes(mut self, bytes: usize) -> Self {
        self.stream_bytes = bytes;
        self
    }

    #[cfg_attr(not(feature = "testing"), allow(dead_code))]
    pub(crate) fn dialer(mut self, make: MakeDialer, seed: u64) -> Self {
        self.dialer = Some(make);
        self.seed = Some(seed);
        self
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Only fields that can't contain secrets.
        f.debug_struct("ClientBuilder")
            .field("transports", &self.transports)
            .field("api_key_via", &self.via)
            .field("session", &self.session)
            .field("request_timeout", &self.request_timeout)
            .field("event_buffer", &self.event_buffer)
            .field("overflow", &self.overflow)
            .field("danger_accept_invalid_certs", &self.tls.accept_invalid_certs)
            .finish_non_exhaustive()
    }
}
