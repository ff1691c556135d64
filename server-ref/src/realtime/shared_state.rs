//! The state that all real-time connections share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use socketioxide::SocketIo;
use tokio_util::sync::CancellationToken;

use super::publisher_handle::PublisherHandle;
use crate::auth::Auth;
use crate::metrics::Metrics;
use crate::store::Store;

/// The real-time interface: the state that all of its connections share.
#[derive(Debug)]
pub(crate) struct Realtime {
    pub(super) auth: Arc<Auth>,
    pub(super) store: Store,
    pub(super) publisher: PublisherHandle,
    pub(super) metrics: Arc<Metrics>,
    pub(super) options: RealtimeOptions,
    /// Cancelled when the server begins to drain and accepts no more connections.
    pub(super) drain_started: CancellationToken,
    /// The handle to the endpoint, set once the endpoint exists. The sockets in turn reference `Realtime`; closing them breaks this
    /// reference cycle.
    pub(super) io: OnceLock<SocketIo>,
}

/// Settings of real-time connections.
#[derive(Debug, Clone)]
pub(crate) struct RealtimeOptions {
    /// Maximum number of projects that one connection may have joined at the same time; 0 means no limit.
    pub(crate) rooms_max: usize,
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    /// Origins, in addition to the server's own, whose pages may connect with a session cookie.
    pub(crate) allowed_origins: Vec<String>,
}

impl Realtime {
    /// Creates the interface. Its endpoint does not exist until [`build_socket_io`](super::build_socket_io) is called.
    pub(crate) fn new(
        auth: Arc<Auth>,
        store: Store,
        publisher: PublisherHandle,
        metrics: Arc<Metrics>,
        options: RealtimeOptions,
        drain_started: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self { auth, store, publisher, metrics, options, drain_started, io: OnceLock::new() })
    }
}
