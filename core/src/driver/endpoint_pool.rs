//! Configured endpoints, and the ones currently in use.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::Endpoint;

/// Endpoints, in the order in which they are tried. The machine decides which endpoint the socket uses. REST calls
/// start with the endpoint that was reached most recently, by the socket or by another call, and try the next one only
/// if an endpoint is unreachable.
pub(crate) struct EndpointPool {
    all: Vec<Arc<Endpoint>>,
    socket_index: AtomicUsize,
    rest_index: AtomicUsize,
}

impl EndpointPool {
    /// Creates a pool of at least one endpoint.
    pub(crate) fn new(first: Endpoint, others: Vec<Endpoint>) -> Self {
        let all = std::iter::once(first).chain(others).map(Arc::new).collect();
        Self { all, socket_index: AtomicUsize::new(0), rest_index: AtomicUsize::new(0) }
    }

    pub(crate) fn all(&self) -> &[Arc<Endpoint>] {
        &self.all
    }

    /// Returns the endpoint that the socket is connected to or tries next.
    pub(crate) fn socket_endpoint(&self) -> &Arc<Endpoint> {
        &self.all[self.socket_index.load(Ordering::Relaxed)]
    }

    /// Sets the endpoint that the socket is connected to or tries next.
    pub(crate) fn set_socket_index(&self, index: usize) {
        self.socket_index.store(index, Ordering::Relaxed);
    }

    /// Returns all endpoints with their indices, starting with the endpoint that REST calls try first.
    pub(crate) fn in_rest_order(&self) -> impl Iterator<Item = (usize, &Arc<Endpoint>)> {
        let first = self.rest_index.load(Ordering::Relaxed);
        let places = (0..self.all.len()).map(move |step| (first + step) % self.all.len());
        places.map(|at| (at, &self.all[at]))
    }

    /// Sets the endpoint that REST calls try first. The caller has found it to be reachable.
    pub(crate) fn prefer_for_rest(&self, index: usize) {
        self.rest_index.store(index, Ordering::Relaxed);
    }
}

impl fmt::Debug for EndpointPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|endpoint| &endpoint.base_url)).finish()
    }
}
