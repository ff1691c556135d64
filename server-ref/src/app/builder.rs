//! How a server is set up and started.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept_loop::{StopSignals, accept_loop};
use super::admission::{admit, cors, until_leaving};
use super::peers::PeerNodes;
use super::{App, RunningServer, Settings, demo, invalidation, maintenance};
use crate::Error;
use crate::address::parse_network;
use crate::auth::{AccountThrottle, Auth, Throttle};
use crate::http::{BrowserSecret, LoginSecret};
use crate::ids::random_id;
use crate::metrics::Metrics;
use crate::moderation::{Ai, AiOptions, FairPool, RuleCache};
use crate::nodes::{Link, NodeSecret};
use crate::options::{EventLog, Limits};
use crate::realtime::{
    PublisherHandle, PublisherInputs, PythonPolling, SocketSlots, limit_polling_posts, limit_python_polls, socket_io,
    spawn_publisher,
};
use crate::store::{Opening, Store, Writer};

/// One processor stays for everything else.
fn matching_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |processors| processors.get() - 1).max(1)
}

async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

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
    listen: String,
    database: Option<String>,
    redis: Option<String>,
    demo: bool,
    migrate: bool,
    settings: Settings,
}

impl ServerBuilder {
    /// `host:port` to listen on (`127.0.0.1:0`); port 0 picks a free one.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// `host:port` of a listener of its own for `/metrics`, which the other one then does not serve (none: `/metrics` is one of its routes);
    /// port 0 picks a free one. See [`RunningServer::metrics_address`].
    pub fn metrics_listen(mut self, address: impl Into<String>) -> Self {
        self.settings.metrics_listen = Some(address.into());
        self
    }

    /// A database URL such as `sqlite://automoderate.db`, a file that is made when it does not exist, or
    /// `postgres://user:password@host/name`, which exists (a temporary file, deleted with the server).
    pub fn database(mut self, url: impl Into<String>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS, by which the servers on one PostgreSQL tell each other
    /// what they commit (none: they look into the database).
    pub fn redis(mut self, url: impl Into<String>) -> Self {
        self.redis = Some(url.into());
        self
    }

    /// The same for a path of an SQLite file.
    pub fn database_file(self, path: impl AsRef<Path>) -> Self {
        let url = format!("sqlite://{}", path.as_ref().display());
        self.database(url)
    }

    /// Whether to make a user, a project with sample rules, and an API key (no).
    pub fn demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// `false`: an older database is an error at the start; its tables are not brought up to date (true).
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Limits against abuse (the documented ones).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// How much is kept for replay (100,000 events per project, 7 days).
    pub fn event_log(mut self, event_log: EventLog) -> Self {
        self.settings.event_log = event_log;
        self
    }

    /// The age at which an entry of the audit log is deleted (a year); zero keeps entries for good.
    pub fn audit_max_age(mut self, age: Duration) -> Self {
        self.settings.audit_max_age = age;
        self
    }

    /// How often Engine.IO pings (25 s), and how long it waits for the answer (20 s).
    pub fn ping(mut self, interval: Duration, timeout: Duration) -> Self {
        self.settings.ping_interval = interval;
        self.settings.ping_timeout = timeout;
        self
    }

    /// How long a REST request may take, from its head over its body to the answer (30 s). Then it is answered with a 408.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.settings.request_timeout = timeout;
        self
    }

    /// The time for which a shutdown serves as before while `/ready` is 503, so that balancers send new clients elsewhere (0 s).
    pub fn lame_duck(mut self, time: Duration) -> Self {
        self.settings.lame_duck = time;
        self
    }

    /// Origins such as `https://app.example` whose pages may use the REST interface, and a session cookie, beside the server's own
    /// (none).
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.settings.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }

    /// Whether browsers must send the session cookie over TLS only (no); for servers behind a TLS proxy.
    pub fn secure_cookies(mut self, secure: bool) -> Self {
        self.settings.secure_cookies = secure;
        self
    }

    /// Proxies whose `X-Forwarded-For` is believed (none): addresses, and networks such as `10.0.0.0/8`. Limits per address then
    /// count the clients' addresses, not the proxy's.
    ///
    /// # Errors
    /// When one is neither.
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

    /// Where `ai_prompt` rules are asked (nowhere).
    pub fn ai(mut self, options: AiOptions) -> Self {
        self.settings.ai = options;
        self
    }

    /// Opens the database and listens.
    ///
    /// # Errors
    /// When the database can't be opened or an address can't be listened on.
    pub async fn start(self) -> Result<RunningServer, Error> {
        let (url, temporary) = match self.database {
            Some(url) => (url, None),
            None => {
                let folder = tempfile::tempdir().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
                let file = folder.path().join("automoderate.db");
                (format!("sqlite://{}", file.display()), Some(folder))
            }
        };
        let opening = Opening {
            migrate: self.migrate,
            retention: self.settings.event_log,
            queue_limit: self.settings.review_queue_warning,
            ..Opening::default()
        };
        let store = Store::open(&url, opening).await?;
        let (listener, address) = bind(&self.listen).await?;
        let (for_metrics, metrics_address) = match &self.settings.metrics_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        }
        .unzip();

        let metrics = if self.redis.is_some() { Metrics::new().with_redis() } else { Metrics::new() };
        let (metrics, kill, node) = (Arc::new(metrics), CancellationToken::new(), random_id());
        let link = match &self.redis {
            Some(url) => {
                let secret = NodeSecret::new(&store.shared_secret("node_secret").await?)?;
                Some(Link::spawn(url, node.clone(), store.log_id(), secret, metrics.clone(), kill.clone())?)
            }
            None => None,
        };
        let (publisher, requests) = PublisherHandle::new();
        let (writer, outgoing) = Writer::spawn(store.clone(), metrics.clone());
        let app = Arc::new(App {
            auth: Auth::new(store.clone()),
            writer,
            rules: RuleCache::new()?,
            matching: FairPool::new(matching_threads())?,
            ai: Ai::new(&self.settings.ai)?,
            publisher,
            node: node.clone(),
            peers: PeerNodes::default(),
            slots: SocketSlots::new(self.settings.limits.connections_per_ip, self.settings.limits.events_per_minute),
            logins: Throttle::new(self.settings.limits.failed_logins_per_minute),
            account_logins: AccountThrottle::new(self.settings.limits.failed_logins_per_account),
            browser_secret: BrowserSecret::new(store.shared_secret("browser_secret").await?),
            login_secret: LoginSecret::new(store.shared_secret("login_secret").await?),
            metrics,
            retiring: CancellationToken::new(),
            draining: CancellationToken::new(),
            leaving: CancellationToken::new(),
            in_flight: TaskTracker::new(),
            deletions: Notify::new(),
            settings: self.settings,
            io: OnceLock::new(),
            store,
        });
        let (realtime, io) = socket_io(&app);
        let _ = app.io.set(io.clone());
        let inputs = PublisherInputs { outgoing, requests, link, node };
        spawn_publisher(io.clone(), app.store.clone(), app.metrics.clone(), inputs, kill.clone());
        let demo = match self.demo {
            true => Some(demo::prepare(&app).await?),
            false => None,
        };
        demo::forget_clear_password(&app).await?;
        let setup_token = app.setup_token().await?;
        let patience = app.settings.ping_interval + app.settings.ping_timeout;
        let realtime = realtime
            .layer(from_fn_with_state(PythonPolling::new(patience), limit_python_polls))
            .layer(from_fn_with_state(app.settings.request_timeout, limit_polling_posts))
            .layer(from_fn_with_state(app.clone(), admit))
            .layer(from_fn_with_state(app.clone(), until_leaving))
            .layer(cors(&app.settings.allowed_origins));
        let router: Router = realtime.merge(crate::http::routes(&app));

        let connections = TaskTracker::new();
        let stop = StopSignals {
            drain: app.draining.clone(),
            hang_up: CancellationToken::new(),
            kill,
            write_timeout: patience,
        };
        let proxies = app.settings.trusted_proxies.clone().into();
        let limit = app.settings.limits.connections_per_address;
        tokio::spawn(accept_loop(listener, router, proxies, limit, connections.clone(), stop.clone()));
        if let Some(listener) = for_metrics {
            let router = crate::http::metrics_routes(&app);
            tokio::spawn(accept_loop(listener, router, Arc::new([]), 0, connections.clone(), stop.clone()));
        }
        tokio::spawn(maintenance::prune_periodically(app.clone()));
        tokio::spawn(maintenance::probe_database(app.clone()));
        tokio::spawn(maintenance::finish_deletions(app.clone()));
        tokio::spawn(maintenance::record_uses(app.clone()));
        tokio::spawn(invalidation::run(app.clone()));
        tracing::info!(%address, metrics = metrics_address.map(tracing::field::display), "listening");
        Ok(RunningServer::new(app, io, (address, metrics_address), (demo, setup_token), connections, stop, temporary))
    }
}
