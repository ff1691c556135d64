//! The parts of the server that connections use.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use socketioxide::SocketIo;
use tokio_util::sync::CancellationToken;

use super::publisher_handle::PublisherHandle;
use crate::auth::Auth;
use crate::metrics::Metrics;
use crate::store::Store;

/// The real-time interface: what all of its connections share.
#[derive(Debug)]
pub(crate) struct Realtime {
    pub(super) auth: Arc<Auth>,
    pub(super) store: Store,
    pub(super) publisher: PublisherHandle,
    pub(super) metrics: Arc<Metrics>,
    pub(super) options: RealtimeOptions,
    /// Cancelled when the server begins to stop: it accepts no connection any more.
    pub(super) draining: CancellationToken,
    /// Set once the endpoint exists. The sockets hold `Realtime`, too: closing them ends the circle.
    pub(super) io: OnceLock<SocketIo>,
}

/// The settings of connections.
#[derive(Debug, Clone)]
pub(crate) struct RealtimeOptions {
    /// Projects joined at once on one connection; 0: any number.
    pub(crate) rooms_max: usize,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    /// Origins whose pages may connect with a session cookie, besides the server's own.
    pub(crate) allowed_origins: Vec<String>,
}

impl Realtime {
    /// The parts of a server whose endpoint does not exist yet; see [`socket_io`](super::socket_io).
    pub(crate) fn new(
        auth: Arc<Auth>,
        store: Store,
        publisher: PublisherHandle,
        metrics: Arc<Metrics>,
        options: RealtimeOptions,
        draining: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self { auth, store, publisher, metrics, options, draining, io: OnceLock::new() })
    }
}
