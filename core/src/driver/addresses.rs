//! All addresses of the server, and which of them is in use.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::Environment;

/// In the order in which they are tried. Which one the socket is at is the machine's decision; REST calls follow it, and
/// look for another one themselves only where that fails or nothing ever connected.
pub(crate) struct Addresses {
    all: Vec<Arc<Environment>>,
    socket: AtomicUsize,
    rest: AtomicUsize,
}

impl Addresses {
    /// At least one.
    pub(crate) fn new(first: Environment, others: Vec<Environment>) -> Self {
        let all = std::iter::once(first).chain(others).map(Arc::new).collect();
        Self { all, socket: AtomicUsize::new(0), rest: AtomicUsize::new(0) }
    }

    pub(crate) fn all(&self) -> &[Arc<Environment>] {
        &self.all
    }

    /// What the socket is connected to, or tries next.
    pub(crate) fn socket(&self) -> &Arc<Environment> {
        &self.all[self.socket.load(Ordering::Relaxed)]
    }

    /// The socket is at this one, or will be tried there next.
    pub(crate) fn move_socket(&self, to: usize) {
        self.socket.store(to, Ordering::Relaxed);
    }

    /// All, beginning with the one that REST calls go to.
    pub(crate) fn for_rest(&self) -> impl Iterator<Item = (usize, &Arc<Environment>)> {
        let first = self.rest.load(Ordering::Relaxed);
        let places = (0..self.all.len()).map(move |step| (first + step) % self.all.len());
        places.map(|at| (at, &self.all[at]))
    }

    /// This one can be reached: REST calls go there.
    pub(crate) fn move_rest(&self, to: usize) {
        self.rest.store(to, Ordering::Relaxed);
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|environment| &environment.target)).finish()
    }
}
