//! The builder of a server.

use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::app::Settings;
use crate::client_address::parse_network;
use crate::moderation::AiOptions;
use crate::options::{EventLog, Limits};

/// The entry point for running a server in this process; see [`Server::builder`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Server;

impl Server {
    /// Returns a builder with the documented defaults, for a server on a free port at 127.0.0.1 with a temporary database.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            listen: "127.0.0.1:0".into(),
            database: None,
            redis: None,
            demo: false,
            migrate: true,
            settings: Settings {
                limits: Limits::default(),
                event_log: EventLog::default(),
                audit_max_age: Duration::from_secs(365 * 24 * 60 * 60),
                ping_interval: Duration::from_secs(25),
                ping_timeout: Duration::from_secs(20),
                request_timeout: Duration::from_secs(30),
                lame_duck_time: Duration::ZERO,
                allowed_origins: Vec::new(),
                secure_cookies: false,
                trusted_proxies: Vec::new(),
                review_queue_warning: 100,
                metrics_listen: None,
                ai: AiOptions::default(),
            },
        }
    }
}

/// Settings of a server that is not running yet.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until the server is started"]
pub struct ServerBuilder {
    pub(super) listen: String,
    pub(super) database: Option<String>,
    pub(super) redis: Option<String>,
    pub(super) demo: bool,
    pub(super) migrate: bool,
    pub(super) settings: Settings,
}

impl ServerBuilder {
    /// Sets the address to listen on, as `host:port`. Port 0 picks a free port. Default `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Serves `/metrics` on a separate listener at `host:port`. Port 0 picks a free port; see
    /// [`RunningServer::metrics_address`](crate::RunningServer::metrics_address). By default, the main listener serves `/metrics`.
    pub fn metrics_listen(mut self, address: impl Into<String>) -> Self {
        self.settings.metrics_listen = Some(address.into());
        self
    }

    /// Sets the database URL: `sqlite://automoderate.db`, a file that is created if it is missing, or
    /// `postgres://user:password@host/name`, a database that must exist. By default, the server uses a temporary SQLite file,
    /// which is deleted when the server ends.
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// Sets the URL of the Redis server through which the nodes that share a PostgreSQL database announce their commits to one another:
    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. By default, the nodes poll the database at short intervals
    /// instead.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// Uses the SQLite file at this path as the database; see [`database`](Self::database).
    pub fn database_file(self, path: impl AsRef<Path>) -> Self {
        let url = format!("sqlite://{}", path.as_ref().display());
        self.database(url)
    }

    /// Sets whether the server creates a user, a project with sample rules, and an API key, unless they already exist; see
    /// [`DemoCredentials`](crate::DemoCredentials). Default `false`.
    pub fn demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// Sets whether the server updates outdated tables when it starts. With `false`, outdated tables are an error. Default `true`.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Sets the limits that protect the server from abuse. Default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets how many events are kept for replay, and for how long. Default 100,000 per project and 7 days.
    pub fn event_log(mut self, event_log: EventLog) -> Self {
        self.settings.event_log = event_log;
        self
    }

    /// Sets the age at which an audit log entry is deleted; zero keeps entries forever. Default 365 days.
    pub fn audit_max_age(mut self, age: Duration) -> Self {
        self.settings.audit_max_age = age;
        self
    }

    /// Sets the interval between Engine.IO's pings, and the time to wait for each answer. Default 25 s and 20 s.
    pub fn ping(mut self, interval: Duration, timeout: Duration) -> Self {
        self.settings.ping_interval = interval;
        self.settings.ping_timeout = timeout;
        self
    }

    /// Sets the time limit for a REST request, from the end of its headers to its response. A request that takes longer is
    /// answered with 408. Default 30 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// Sets how long the server keeps serving after a shutdown has started. During this time, `/ready` returns 503, so that load balancers
    /// send new clients elsewhere. Default 0 s.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.settings.lame_duck_time = time;
        self
    }

    /// Allows pages of these origins, such as `https://app.example`, to use the REST interface and the session cookie, like the server's
    /// own pages. Default: none.
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Sets whether cookies are marked `Secure` and browsers are instructed to use only TLS, for servers behind a TLS proxy. Default
    /// `false`.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = secure;
        self
    }

    /// Trusts the `X-Forwarded-For` header from these proxies, given as addresses or as networks such as `10.0.0.0/8`. Limits per address
    /// then apply to the clients' addresses instead of the proxies', except the limit on HTTP connections, from which these proxies are
    /// exempt. Default: none.
    ///
    /// # Errors
    /// Returns an error if a proxy is neither an address nor a network.
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Error> {
        let networks = proxies.into_iter().map(|proxy| parse_network(proxy.as_ref()));
        self.settings.trusted_proxies = networks.collect::<Result<_, _>>().map_err(Error::ProxyAddress)?;
        Ok(self)
    }

    /// Sets the length of the review queue above which a project receives a warning. The project receives one warning each time its queue
    /// grows beyond this length. 0 disables the warning. Default 100.
    pub fn review_queue_warning(mut self, contents: u32) -> Self {
        self.settings.review_queue_warning = contents;
        self
    }

    /// Sets the endpoint that evaluates `ai_prompt` rules. Default: none.
    pub fn ai(mut self, options: AiOptions) -> Self {
        self.settings.ai = options;
        self
    }
}
