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
    /// `host:port` to listen on (`127.0.0.1:0`); port 0 picks a free one.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// `host:port` of a separate listener for `/metrics` (none: the main listener serves it); port 0 picks a free one. See
    /// [`RunningServer::metrics_address`](crate::RunningServer::metrics_address).
    pub fn metrics_listen(mut self, address: impl Into<String>) -> Self {
        self.settings.metrics_listen = Some(address.into());
        self
    }

    /// The URL of the database: `sqlite://automoderate.db`, a file that is created if it is missing, or
    /// `postgres://user:password@host/name`, which must exist (a temporary SQLite file, deleted with the server).
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS: the Redis through which the servers on one
    /// PostgreSQL announce their commits to each other (none: they read the database at short intervals).
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// The path of an SQLite file; see [`database`](Self::database).
    pub fn database_file(self, path: impl AsRef<Path>) -> Self {
        let url = format!("sqlite://{}", path.as_ref().display());
        self.database(url)
    }

    /// Creates a user, a project with sample rules, and an API key (false); see [`Demo`](crate::Demo).
    pub fn demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// Updates the tables of an older database at the start (true); with `false`, an older database is an error.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Limits against abuse (the documented ones).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// The events kept for replay (100,000 per project, 7 days).
    pub fn event_log(mut self, event_log: EventLog) -> Self {
        self.settings.event_log = event_log;
        self
    }

    /// The age at which an entry of the audit log is deleted (a year); zero keeps entries for good.
    pub fn audit_max_age(mut self, age: Duration) -> Self {
        self.settings.audit_max_age = age;
        self
    }

    /// The interval of Engine.IO's pings (25 s), and the time for the answer (20 s).
    pub fn ping(mut self, interval: Duration, timeout: Duration) -> Self {
        self.settings.ping_interval = interval;
        self.settings.ping_timeout = timeout;
        self
    }

    /// The time for a REST request, from the end of its head to the answer (30 s), after which the answer is 408.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// The time for which a shutdown serves as before while `/ready` is 503, so that balancers send new clients elsewhere (0 s).
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.settings.lame_duck = time;
        self
    }

    /// Origins such as `https://app.example` whose pages may use the REST interface and a session cookie, besides the server's own
    /// (none).
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Lets browsers send cookies over TLS only (false); for servers behind a TLS proxy.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = secure;
        self
    }

    /// Proxies whose `X-Forwarded-For` is believed (none): addresses, and networks such as `10.0.0.0/8`. Limits per address then
    /// count the clients' addresses, not the proxy's.
    ///
    /// # Errors
    /// When one is neither an address nor a network.
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self, Error> {
        let networks = proxies.into_iter().map(|proxy| parse_network(proxy.as_ref()));
        self.settings.trusted_proxies = networks.collect::<Result<_, _>>().map_err(Error::Address)?;
        Ok(self)
    }

    /// The number of items that may wait for a review before the project is warned (100), once each time it is exceeded. 0: never.
    pub fn review_queue_warning(mut self, contents: u32) -> Self {
        self.settings.review_queue_warning = contents;
        self
    }

    /// The endpoint that answers `ai_prompt` rules (none).
    pub fn ai(mut self, options: AiOptions) -> Self {
        self.settings.ai = options;
        self
    }
}
