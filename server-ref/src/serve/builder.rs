//! The settings of a server that is not running yet.

use std::path::Path;
use std::time::Duration;

use crate::Error;
use crate::address::parse_network;
use crate::app::Settings;
use crate::moderation::AiOptions;
use crate::options::{EventLog, Limits};

/// The server; see [`Server::builder`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Server;

impl Server {
    /// A server with the documented defaults, on a free port of 127.0.0.1 and a temporary database.
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
                lame_duck: Duration::ZERO,
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
#[must_use = "it does nothing until it is started"]
pub struct ServerBuilder {
    pub(super) listen: String,
    pub(super) database: Option<String>,
    pub(super) redis: Option<String>,
    pub(super) demo: bool,
    pub(super) migrate: bool,
    pub(super) settings: Settings,
}

impl ServerBuilder {
    /// Listens on `host:port`; port 0 picks a free port. Default `127.0.0.1:0`.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// Serves `/metrics` on a separate listener at `host:port`; port 0 picks a free port. By default the main listener serves
    /// it. See [`RunningServer::metrics_address`](crate::RunningServer::metrics_address).
    pub fn metrics_listen(mut self, address: impl Into<String>) -> Self {
        self.settings.metrics_listen = Some(address.into());
        self
    }

    /// Stores the data in a database: `sqlite://automoderate.db`, a file that is created if it is missing, or
    /// `postgres://user:password@host/name`, which must exist. By default a temporary SQLite file, which is deleted with the
    /// server.
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// Announces commits to the other servers on the same PostgreSQL through this Redis:
    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. By default the servers read the database at
    /// short intervals instead.
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// Stores the data in the SQLite file at this path; see [`database`](Self::database).
    pub fn database_file(self, path: impl AsRef<Path>) -> Self {
        let url = format!("sqlite://{}", path.as_ref().display());
        self.database(url)
    }

    /// Creates a user, a project with sample rules, and an API key; see [`Demo`](crate::Demo). Default `false`.
    pub fn demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// Updates the tables of an older database at the start; with `false`, an older database is an error. Default `true`.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Sets the limits against abuse. Default: the documented limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets the number and the age of the events kept for replay. Default 100,000 per project, and 7 days.
    pub fn event_log(mut self, event_log: EventLog) -> Self {
        self.settings.event_log = event_log;
        self
    }

    /// Sets the age at which an entry of the audit log is deleted; zero keeps entries for good. Default a year.
    pub fn audit_max_age(mut self, age: Duration) -> Self {
        self.settings.audit_max_age = age;
        self
    }

    /// Sets the interval of Engine.IO's pings, and the time for the answer. Default 25 s and 20 s.
    pub fn ping(mut self, interval: Duration, timeout: Duration) -> Self {
        self.settings.ping_interval = interval;
        self.settings.ping_timeout = timeout;
        self
    }

    /// Sets the time limit of a REST request, from the end of its head to the answer; after it the answer is 408. Default 30 s.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// Sets the time for which a server that shuts down still serves while `/ready` is 503, so that balancers send new clients
    /// elsewhere. Default 0 s.
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.settings.lame_duck = time;
        self
    }

    /// Lets the pages of these origins, such as `https://app.example`, use the REST interface and a session cookie, like the
    /// server's own pages. Default: none.
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Lets browsers send cookies over TLS only. For servers behind a TLS proxy. Default `false`.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = secure;
        self
    }

    /// Trusts the `X-Forwarded-For` of these proxies: addresses, and networks such as `10.0.0.0/8`. Limits per address then count
    /// the clients' addresses, not the proxy's. Default: none.
    ///
    /// # Errors
    /// When a proxy is neither an address nor a network.
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Error> {
        let networks = proxies.into_iter().map(|proxy| parse_network(proxy.as_ref()));
        self.settings.trusted_proxies = networks.collect::<Result<_, _>>().map_err(Error::Address)?;
        Ok(self)
    }

    /// Sets the number of items that may wait for a review. The project is warned once each time the number is exceeded; 0 never
    /// warns. Default 100.
    pub fn review_queue_warning(mut self, contents: u32) -> Self {
        self.settings.review_queue_warning = contents;
        self
    }

    /// Sets the endpoint that answers `ai_prompt` rules. Default: none.
    pub fn ai(mut self, options: AiOptions) -> Self {
        self.settings.ai = options;
        self
    }
}
