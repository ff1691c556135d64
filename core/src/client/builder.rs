//! Builder with the options of a client.

use std::{sync::Arc, time::Duration};

#[cfg(doc)]
use super::Client;
use crate::{
    ApiKeyVia, Backfill, Credentials, CredentialsReason, OnServerDisconnect, Overflow, ProviderError, ReconnectPolicy,
    Transports,
    delivery::STREAM_BYTES_MAX,
    driver::{Authenticator, CredentialsProvider, Dialer, Endpoint, TlsOptions},
    events::Secret,
    session::SessionConfig,
};

/// Function that creates an endpoint's dialer, to replace the default dialer, which connects over the network.
pub(crate) type DialerFactory = Arc<dyn Fn(Arc<Endpoint>, Arc<Authenticator>) -> Arc<dyn Dialer> + Send + Sync>;

/// Builder for a [`Client`]. Every option has a default.
///
/// [`build`](Self::build) and [`connect`](Self::connect) return `invalid_argument` if an option is invalid. The message
/// names the option.
#[derive(Clone)]
pub struct ClientBuilder {
    pub(super) url: String,
    pub(super) fallback_urls: Vec<String>,
    pub(super) credentials: Credentials,
    pub(super) api_key: Option<Secret>,
    pub(super) provider: Option<CredentialsProvider>,
    pub(super) api_key_via: ApiKeyVia,
    pub(super) transports: Transports,
    pub(super) session_config: SessionConfig,
    pub(super) request_timeout: Duration,
    pub(super) event_buffer: usize,
    /// Maximum number of bytes that each stream buffers.
    pub(super) buffer_bytes: usize,
    pub(super) overflow: Overflow,
    pub(super) headers: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) proxy: Option<String>,
    pub(super) tls: TlsOptions,
    pub(super) dialer_factory: Option<DialerFactory>,
    pub(super) credentials_conflict_message: Option<&'static str>,
    pub(super) rng_seed: Option<u64>,
}

impl ClientBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            url,
            fallback_urls: Vec::new(),
            credentials: Credentials::None,
            api_key: None,
            provider: None,
            api_key_via: ApiKeyVia::default(),
            transports: Transports::default(),
            session_config: SessionConfig::default(),
            request_timeout: Duration::from_secs(60),
            event_buffer: 1024,
            buffer_bytes: STREAM_BYTES_MAX,
            overflow: Overflow::default(),
            headers: Vec::new(),
            query: Vec::new(),
            proxy: None,
            tls: TlsOptions::default(),
            dialer_factory: None,
            credentials_conflict_message: None,
            rng_seed: None,
        }
    }

    fn credentials(mut self, credentials: Credentials) -> Self {
        if self.credentials != Credentials::None || self.provider.is_some() {
            self.credentials_conflict_message = Some("credentials: set only one of session, password and provider");
        }
        self.credentials = credentials;
        self
    }

    /// Sets the project's API key. The key never appears in `Debug` output, and a key of at least six bytes is redacted
    /// in logs and errors.
    ///
    /// Deployed servers require a web session on the socket and an API key for REST. Servers that follow the published
    /// documentation accept a key for both. If a session or a password is also set, the client uses the key for REST
    /// calls. It uses the key on the socket only at an address that refuses the session or login or has no login form.
    /// Credentials that an address has accepted stay in use there until the address refuses them. Once an address has
    /// refused both kinds of credentials, the client closes, unless another address has accepted either kind. With a
    /// credentials provider, the key is used for REST calls only.
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

    /// Sets the location of the API key in connection requests. The default is [`ApiKeyVia::Query`], as in the server's
    /// documentation. Proxies may log the query, but normally log neither the `X-API-Key` header
    /// ([`ApiKeyVia::Header`]) nor the Socket.IO payload ([`ApiKeyVia::Auth`]).
    #[must_use]
    pub fn api_key_via(mut self, via: ApiKeyVia) -> Self {
        self.api_key_via = via;
        self
    }

    /// Makes the client authenticate with a web session. `cookie` is the value of the session cookie.
    #[must_use]
    pub fn session(self, cookie: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Session(cookie.into()))
    }

    /// Makes the client log in through the web form, and again when the session expires. Requires the `rest` feature.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn password(self, email: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Password { email: email.into(), password: password.into() })
    }

    /// Sets an asynchronous function that supplies the credentials for each connection attempt, and for REST calls
    /// unless an API key is set. The function's argument is the reason why credentials are needed.
    ///
    /// If the server refuses the credentials, the client calls the function once more, with
    /// [`CredentialsReason::Rejected`]. If the server refuses those credentials too, the client closes, or the REST
    /// call fails, with `authentication_failed`.
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
        self.provider = Some(CredentialsProvider::new(provide));
        self
    }

    /// Sets the reconnection policy. By default, the client reconnects indefinitely. See [`ReconnectPolicy`] for the
    /// delays.
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.session_config.reconnect = Some(policy);
        self
    }

    /// Disables reconnection, so the client closes when the connection is lost.
    #[must_use]
    pub fn no_reconnect(mut self) -> Self {
        self.session_config.reconnect = None;
        self
    }

    /// Sets whether the reconnection policy also applies to the first connection. The default is `false`:
    /// [`connect`](Self::connect) tries each address once, and again only with other credentials or after a refusal
    /// without a clear reason.
    #[must_use]
    pub fn retry_first_connect(mut self, retry: bool) -> Self {
        self.session_config.retry_first_connect = retry;
        self
    }

    /// Sets the reaction to a deliberate disconnect by the server. By default, the client reconnects.
    #[must_use]
    pub fn on_server_disconnect(mut self, what: OnServerDisconnect) -> Self {
        self.session_config.on_server_disconnect = what;
        self
    }

    /// Sets the time limit for a connection attempt, from the request for credentials to the namespace acknowledgement.
    /// The default is 20 s. Must be positive and at most one day.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.session_config.connect_timeout = timeout;
        self
    }

    /// Sets the time limit for the server to confirm a join. The default is 10 s. Must be positive and at most one day.
    #[must_use]
    pub fn join_timeout(mut self, timeout: Duration) -> Self {
        self.session_config.join_timeout = timeout;
        self
    }

    /// Sets how long [`emit_with_ack`](Client::emit_with_ack) waits for an acknowledgement. The default is 10 s. Must
    /// be positive and at most one day.
    #[must_use]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.session_config.ack_timeout = timeout;
        self
    }

    /// Sets the time limit for a REST call, including any login. The default is 60 s, because rules that query AI
    /// models may take a long time to decide. Must be positive and at most one day. Requires the `rest` feature.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// Sets the interval between `heartbeat` events. `None` disables heartbeats. The default is 30 s. Must be between
    /// 1 s and one day.
    ///
    /// The client detects dead connections even without heartbeats, by means of Engine.IO pings.
    #[must_use]
    pub fn heartbeat_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.session_config.heartbeat_interval = interval.into();
        self
    }

    /// Sets the maximum number of events that each stream buffers for its reader. The default is 1024, and the minimum
    /// is 1. Each buffer is also limited to 8 MiB.
    ///
    /// With [`Overflow::Replay`], these limits cause no loss of logged events.
    #[must_use]
    pub fn event_buffer(mut self, events: usize) -> Self {
        self.event_buffer = events;
        self
    }

    /// Sets the policy for full stream buffers. With the default, [`Overflow::Replay`], no logged event is lost. Events
    /// that are not logged, such as all events of servers without an event log, may be dropped; a
    /// [`Lagged`](crate::Lagged) then reports the loss.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// Sets the maximum number of events per minute that the client sends on each connection. `None` removes the limit.
    /// The default is 100, which is the servers' own limit. The minimum is 10.
    ///
    /// One fifth of the limit is reserved for joins, leaves, replays and heartbeats. Once the limit is reached,
    /// heartbeats are skipped, and joins, leaves and replays are delayed. An [`emit`](Client::emit) fails with
    /// `rate_limited` once events of any kind have used up the other four fifths.
    #[must_use]
    pub fn rate_limit(mut self, per_minute: impl Into<Option<u32>>) -> Self {
        self.session_config.rate_limit = per_minute.into();
        self
    }

    /// Sets how missed events are recovered after an interruption, or when a join resumes from a cursor. The default is
    /// [`Backfill::Auto`].
    #[must_use]
    pub fn backfill(mut self, backfill: Backfill) -> Self {
        self.session_config.backfill = backfill;
        self
    }

    /// Sets the interval at which the client polls REST for reviews of flagged content. The default is `None`, which
    /// disables polling. Must be between 1 s and one day. Requires an API key and the `rest` feature.
    ///
    /// Servers without an event log send no events for reviews. With this option, the client polls these servers, and
    /// each review arrives as a [`ModerationUpdate`](crate::ModerationUpdate) with
    /// [`Origin::Backfill`](crate::Origin::Backfill).
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn review_poll(mut self, pause: impl Into<Option<Duration>>) -> Self {
        self.session_config.review_poll = pause.into();
        self
    }

    /// Sets the maximum number of bytes that each stream buffers.
    #[cfg(test)]
    pub(crate) fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.buffer_bytes = bytes;
        self
    }

    #[cfg_attr(not(feature = "testing"), allow(dead_code))]
    pub(crate) fn test_dialer_and_seed(mut self, make: DialerFactory, seed: u64) -> Self {
        self.dialer_factory = Some(make);
        self.rng_seed = Some(seed);
        self
    }
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out all fields that may contain secrets.
        f.debug_struct("ClientBuilder")
            .field("transports", &self.transports)
            .field("api_key_via", &self.api_key_via)
            .field("session", &self.session_config)
            .field("request_timeout", &self.request_timeout)
            .field("event_buffer", &self.event_buffer)
            .field("overflow", &self.overflow)
            .field("danger_accept_invalid_certs", &self.tls.accept_invalid_certs)
            .finish_non_exhaustive()
    }
}
