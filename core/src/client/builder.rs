//! The options of a client.

use std::{sync::Arc, time::Duration};

#[cfg(doc)]
use super::Client;
use crate::{
    ApiKeyVia, Backfill, Credentials, CredentialsReason, OnServerDisconnect, Overflow, ProviderError, ReconnectPolicy,
    Transports,
    delivery::STREAM_BYTES_MAX,
    driver::{Authenticator, Dialer, Environment, Provider, TlsOptions},
    events::Secret,
    session::SessionConfig,
};

/// Makes a dialer that takes the place of the network's.
pub(crate) type MakeDialer = Arc<dyn Fn(Arc<Environment>, Arc<Authenticator>) -> Arc<dyn Dialer> + Send + Sync>;

/// Describes a client. Every option has a default; what can't be used is refused by [`build`](Self::build) and
/// [`connect`](Self::connect) with `invalid_argument`, naming the option.
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
    /// The bytes that a stream buffers at most.
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
            self.conflict = Some("credentials: give one of session, password and a provider");
        }
        self.credentials = credentials;
        self
    }

    /// Another address of the same server, or of another one on the same database. Several are tried in the order in
    /// which they were given.
    ///
    /// When a connection is lost, or an attempt fails, the next address is tried, after the last one the first; one that
    /// works is kept until it fails. Each waits shortly for its first attempt in an outage, at most
    /// [`jitter`](ReconnectPolicy::jitter) times [`delay`](ReconnectPolicy::delay); when all have failed, the pauses
    /// grow as with one address. The limit of attempts per minute is for all together. The first connection fails when
    /// all have failed once. REST calls go to the address in use.
    ///
    /// Projects and cursors stay as they are: nothing is lost or comes twice if all lead to the same event log.
    /// Another log is told as a [`Gap`](crate::Gap). API keys, session cookies, headers and the password are shown
    /// to all of them; what a login has given only to the one that gave it. One that refuses credentials which another
    /// one has accepted is not tried again.
    ///
    /// ```
    /// # use automoderate::Client;
    /// let client = Client::builder("https://a.example").fallback_url("https://b.example").api_key("am_…").build()?;
    /// assert_eq!(client.url(), "https://a.example");
    /// # Ok::<(), automoderate::Error>(())
    /// ```
    #[must_use]
    pub fn fallback_url(mut self, url: impl Into<String>) -> Self {
        self.fallback_urls.push(url.into());
        self
    }

    /// A project's API key. Never part of a log, an error or a `Debug` text.
    ///
    /// Next to a session or a password it serves the REST calls, and opens the socket where an address refuses the session
    /// or the login: deployed servers take a web session on the socket and a key for REST, documented ones a key for both.
    /// An address that has accepted one of them gets that one until it refuses it. The client ends when an address has
    /// refused both. Next to a provider the key serves the REST calls only.
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

    /// Where the API key goes. Default [`ApiKeyVia::Query`], as documented; the others stay out of proxies' logs.
    #[must_use]
    pub fn api_key_via(mut self, via: ApiKeyVia) -> Self {
        self.via = via;
        self
    }

    /// The value of the web session's cookie.
    #[must_use]
    pub fn session(self, cookie: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Session(cookie.into()))
    }

    /// Logs in through the web form, and again when the session has died. Needs the feature `rest`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn password(self, email: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.credentials(Credentials::Password { email: email.into(), password: password.into() })
    }

    /// Asks for credentials before every attempt, saying why. After a refusal it is asked once more, with
    /// [`CredentialsReason::Rejected`]; if that is refused as well, the client ends.
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

    /// How a lost connection is made again. Default: forever, see [`ReconnectPolicy`].
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.session.reconnect = Some(policy);
        self
    }

    /// Ends the client when the connection is lost.
    #[must_use]
    pub fn no_reconnect(mut self) -> Self {
        self.session.reconnect = None;
        self
    }

    /// Whether the first connection is tried again as the reconnect policy says. Default: no, the first failure is
    /// returned by [`connect`](Self::connect).
    #[must_use]
    pub fn retry_first_connect(mut self, retry: bool) -> Self {
        self.session.retry_first_connect = retry;
        self
    }

    /// What to do when the server ends the connection on purpose. Default: connect again.
    #[must_use]
    pub fn on_server_disconnect(mut self, what: OnServerDisconnect) -> Self {
        self.session.on_server_disconnect = what;
        self
    }

    /// One deadline from the credentials to the namespace acknowledgement. Default 20 s, more than 0.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.session.connect_timeout = timeout;
        self
    }

    /// How long the server may take to confirm a join. Default 10 s, more than 0.
    #[must_use]
    pub fn join_timeout(mut self, timeout: Duration) -> Self {
        self.session.join_timeout = timeout;
        self
    }

    /// How long [`emit_with_ack`](Client::emit_with_ack) waits. Default 10 s, more than 0.
    #[must_use]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.session.ack_timeout = timeout;
        self
    }

    /// How long a REST call may take, a login that it needs included. Default 60 s, more than 0. Rules that ask models
    /// take long to decide a submission. Needs the feature `rest`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// The pause between two documented `heartbeat` events; `None` sends none. Default 30 s, at least 1 s. Whether the
    /// server lives is told by Engine.IO's pings, not by this.
    #[must_use]
    pub fn heartbeat_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.session.heartbeat_interval = interval.into();
        self
    }

    /// The number of events that each stream buffers for its reader. Default 1024, at least 1. A stream buffers at most
    /// 8 MiB as well. Both bound memory; on a server with an event log they never bound what arrives.
    #[must_use]
    pub fn event_buffer(mut self, events: usize) -> Self {
        self.event_buffer = events;
        self
    }

    /// What a stream does when its buffer is full. Default [`Overflow::Replay`]: nothing is lost on servers with an
    /// event log; elsewhere the oldest event is dropped, and a [`Lagged`](crate::Lagged) says so.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// How many events per minute the client sends at most, on each connection; `None` lifts the limit. Default 100,
    /// as servers allow; at least 10. A fifth of it is reserved for joins, leaves and replays, which wait for room; an
    /// [`emit`](Client::emit) that finds no room in the rest fails with `rate_limited`.
    #[must_use]
    pub fn rate_limit(mut self, per_minute: impl Into<Option<u32>>) -> Self {
        self.session.rate_limit = per_minute.into();
        self
    }

    /// What to do about the events of an interruption. Default [`Backfill::Auto`].
    #[must_use]
    pub fn backfill(mut self, backfill: Backfill) -> Self {
        self.session.backfill = backfill;
        self
    }

    /// How often REST is asked which flagged contents were reviewed, on servers without an event log, which send no
    /// events for reviews; they come as [`ModerationUpdate`](crate::ModerationUpdate) with
    /// [`Origin::Backfill`](crate::Origin::Backfill). Default `None`: never; at least 1 s. Needs an API key
    /// and the feature `rest`.
    #[cfg(feature = "rest")]
    #[must_use]
    pub fn review_poll(mut self, pause: impl Into<Option<Duration>>) -> Self {
        self.session.review_poll = pause.into();
        self
    }

    /// The bytes that a stream buffers at most.
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
        // Only what can hold no secret.
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
