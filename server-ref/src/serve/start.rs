//! Startup of a server. All parts of the server are created, from the bottom layer up, before the server accepts connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accept_loop::{StopConditions, accept_loop};
use super::polling_post_limits::limit_polling_posts;
use super::python_poll_limiter::{PythonPollLimiter, limit_python_polls};
use super::realtime_middleware::{admit_sessions, end_polls_at_shutdown, realtime_cors};
use super::{RunningServer, ServerBuilder, demo, maintenance};
use crate::Error;
use crate::app::{App, LiveNodes, Settings, listen_and_send_heartbeats};
use crate::auth::{AccountThrottle, AddressThrottle, Auth, SigningSecret};
use crate::ids::random_id;
use crate::metrics::Metrics;
use crate::moderation::Moderation;
use crate::nodes::{LinkEvent, NodeMessageSecret, RedisLink};
use crate::realtime::{
    PublisherChannels, PublisherHandle, Realtime, RealtimeOptions, SessionSlots, build_socket_io, spawn_publisher,
};
use crate::store::{Store, StoreOptions, Writer};

impl ServerBuilder {
    /// Opens the database and starts the server.
    ///
    /// # Errors
    /// Returns an error if an option is invalid, the database can't be opened, or the server can't listen on an address.
    pub async fn start(self) -> Result<RunningServer, Error> {
        let ServerBuilder { listen, database, redis, demo, migrate, settings } = self;
        let (url, temporary_folder) = database_url(database)?;
        let store_options = StoreOptions {
            may_migrate: migrate,
            retention: settings.event_log,
            review_warning_threshold: settings.review_queue_warning,
            ..StoreOptions::default()
        };
        let store = Store::open(&url, store_options).await?;
        let (listener, address) = open_listener_with_address(&listen).await?;
        let (metrics_listener, metrics_address) = match &settings.metrics_listen {
            Some(address) => Some(open_listener_with_address(address).await?),
            None => None,
        }
        .unzip();

        let metrics = if redis.is_some() { Metrics::new().with_redis() } else { Metrics::new() };
        let (metrics, kill, node_name) = (Arc::new(metrics), CancellationToken::new(), random_id());
        let link = spawn_redis_link(redis.as_deref(), &node_name, &store, &metrics, &kill).await?;
        let (publisher, requests) = PublisherHandle::new();
        let (writer, commits) = Writer::spawn(store.clone(), metrics.clone());
        let app = build_app(store, settings, metrics, node_name.clone(), writer, publisher).await?;
        let (realtime_routes, io) = build_socket_io(&app.realtime);
        let inputs = PublisherChannels { commits, requests, link, node_name };
        spawn_publisher(io.clone(), app.store.clone(), app.metrics.clone(), inputs, kill.clone());
        let demo = match demo {
            true => Some(demo::create_missing_parts(&app).await?),
            false => None,
        };
        demo::replace_cleartext_password(&app).await?;
        let setup_token = app.create_setup_token().await?;

        let connections = TaskTracker::new();
        let write_timeout = app.settings.ping_interval + app.settings.ping_timeout;
        let stop =
            StopConditions { drain: app.drain_started.clone(), hang_up: CancellationToken::new(), kill, write_timeout };
        let router = build_routes(&app, realtime_routes);
        let proxies = app.settings.trusted_proxies.clone().into();
        let limit = app.settings.limits.connections_per_address;
        tokio::spawn(accept_loop(listener, router, proxies, limit, connections.clone(), stop.clone()));
        if let Some(listener) = metrics_listener {
            let router = crate::http::metrics_routes(&app);
            tokio::spawn(accept_loop(listener, router, Arc::new([]), 0, connections.clone(), stop.clone()));
        }
        maintenance::spawn_tasks(&app);
        tokio::spawn(listen_and_send_heartbeats(app.clone()));
        tracing::info!(%address, metrics = metrics_address.map(tracing::field::display), "listening");
        Ok(RunningServer::new(
            app,
            io,
            (address, metrics_address),
            (demo, setup_token),
            connections,
            stop,
            temporary_folder,
        ))
    }
}

/// Returns the database URL. If no URL is given, creates a temporary folder for the database file; the folder is deleted when the
/// returned handle is dropped.
fn database_url(url: Option<String>) -> Result<(String, Option<TempDir>), Error> {
    if let Some(url) = url {
        return Ok((url, None));
    }
    let folder = tempfile::tempdir().map_err(|error| Error::DatabaseUrl(error.to_string()))?;
    let file = folder.path().join("automoderate.db");
    Ok((format!("sqlite://{}", file.display()), Some(folder)))
}

/// Maximum number of connections that wait to be accepted. The operating system may enforce a lower
/// maximum.
const ACCEPT_QUEUE_LENGTH: u32 = 4096;

/// Opens a listener with a long queue. When the queue is full, a client's operating system waits a second before it retries.
async fn open_listener(address: &str) -> io::Result<TcpListener> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in lookup_host(address).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // tokio's own listeners set this option as well. Without the option, recently closed connections would keep a restarted
        // server from using its port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(ACCEPT_QUEUE_LENGTH)) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn open_listener_with_address(address: &str) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { address: address.to_owned(), source };
    let listener = open_listener(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Starts the link to the other nodes. Returns `None` if Redis is not used.
async fn spawn_redis_link(
    redis: Option<&str>,
    node_name: &str,
    store: &Store,
    metrics: &Arc<Metrics>,
    kill: &CancellationToken,
) -> Result<Option<(RedisLink, mpsc::Receiver<LinkEvent>)>, Error> {
    let Some(url) = redis else { return Ok(None) };
    let secret = NodeMessageSecret::new(&store.get_or_create_shared_secret("node_secret").await?)?;
    RedisLink::spawn(url, node_name.to_owned(), store.database_id(), secret, metrics.clone(), kill.clone()).map(Some)
}

async fn build_app(
    store: Store,
    settings: Settings,
    metrics: Arc<Metrics>,
    node_name: String,
    writer: Writer,
    publisher: PublisherHandle,
) -> Result<Arc<App>, Error> {
    let (drain_started, in_flight) = (CancellationToken::new(), TaskTracker::new());
    let auth = Arc::new(Auth::new(store.clone()));
    let moderation =
        Moderation::new(store.clone(), writer.clone(), &settings.ai, in_flight.clone(), drain_started.clone())?;
    let options = RealtimeOptions {
        rooms_max: settings.limits.rooms,
        ping_interval: settings.ping_interval,
        ping_timeout: settings.ping_timeout,
        allowed_origins: settings.allowed_origins.clone(),
    };
    let realtime =
        Realtime::new(auth.clone(), store.clone(), publisher, metrics.clone(), options, drain_started.clone());
    Ok(Arc::new(App {
        writer,
        auth,
        moderation: Arc::new(moderation),
        realtime,
        node_name,
        live_nodes: LiveNodes::default(),
        address_throttle: AddressThrottle::new(settings.limits.failed_logins_per_minute),
        account_throttle: AccountThrottle::new(settings.limits.failed_logins_per_account),
        known_browser_secret: SigningSecret::new(store.get_or_create_shared_secret("browser_secret").await?),
        login_form_secret: SigningSecret::new(store.get_or_create_shared_secret("login_secret").await?),
        metrics,
        settings,
        lame_duck_started: CancellationToken::new(),
        drain_started,
        ending_polls: CancellationToken::new(),
        in_flight,
        project_deleted: Notify::new(),
        store,
    }))
}

/// Returns all routes of the main listener. The layers of the real-time routes limit sessions and the size of requests; the events in the
/// requests are counted later, when they are handled.
fn build_routes(app: &Arc<App>, realtime: Router) -> Router {
    let settings = &app.settings;
    let session_timeout = settings.ping_interval + settings.ping_timeout;
    let slots = SessionSlots::new(settings.limits.connections_per_ip, settings.limits.events_per_minute);
    let realtime = realtime
        .layer(from_fn_with_state(PythonPollLimiter::new(session_timeout), limit_python_polls))
        .layer(from_fn_with_state(settings.request_timeout, limit_polling_posts))
        .layer(from_fn_with_state(slots, admit_sessions))
        .layer(from_fn_with_state(app.clone(), end_polls_at_shutdown))
        .layer(realtime_cors(&settings.allowed_origins));
    realtime.merge(crate::http::routes(app))
}
