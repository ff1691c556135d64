//! The sharing of read connections: a project takes several at once, but never all, so that others find one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// The most waiting reads of a project.
const WAITING_MAX: usize = 64;
/// The longest wait of a read.
const PATIENCE: Duration = Duration::from_secs(5);
/// The number of projects at which idle ones are removed.
const SWEEP: usize = 1024;

#[derive(Debug)]
pub(super) struct Shares {
    /// Connections that one project uses at once.
    each: usize,
    /// Connections that all projects use at once.
    all: Arc<Semaphore>,
    patience: Duration,
    projects: Mutex<HashMap<Box<str>, Project>>,
}

#[derive(Debug, Clone)]
struct Project {
    /// A place in the queue or at a connection.
    places: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

/// The right to use a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    _all: OwnedSemaphorePermit,
    _connection: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Shares {
    /// Of this many connections, one is never used by a project, because sign-ins and keys need it. A project gets half
    /// of the others.
    pub(super) fn of(connections: u32) -> Self {
        let all = connections.saturating_sub(1).max(1) as usize;
        let each = all.div_ceil(2);
        Self { each, all: Arc::new(Semaphore::new(all)), patience: PATIENCE, projects: Mutex::default() }
    }

    /// Waits until the project may use another connection.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many reads of the project wait already, or this one waited for too long.
    pub(super) async fn take(&self, project_id: &str) -> Result<Share, Error> {
        let Project { places, connections } = self.project(project_id);
        let place = places.try_acquire_owned().map_err(|_| Error::Busy)?;
        let wait = async {
            let connection = connections.acquire_owned().await.map_err(|_| Error::ShuttingDown)?;
            let all = self.all.clone().acquire_owned().await.map_err(|_| Error::ShuttingDown)?;
            Ok(Share { _all: all, _connection: connection, _place: place })
        };
        tokio::time::timeout(self.patience, wait).await.unwrap_or(Err(Error::Busy))
    }

    fn project(&self, id: &str) -> Project {
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(project) = projects.get(id) {
            return project.clone();
        }
        if projects.len() >= SWEEP {
            // Permits hold their semaphore.
            projects.retain(|_, project| Arc::strong_count(&project.places) > 1);
        }
        let places = Arc::new(Semaphore::new(self.each + WAITING_MAX));
        let project = Project { places, connections: Arc::new(Semaphore::new(self.each)) };
        projects.insert(id.into(), project.clone());
        project
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_project_leaves_some_to_the_others() {
        let shares = Shares { patience: Duration::from_millis(10), ..Shares::of(4) };
        let (first, second) = (shares.take("a").await.unwrap(), shares.take("a").await.unwrap());
        // It waits for its own reads, and not forever.
        assert!(matches!(shares.take("a").await, Err(Error::Busy)));
        drop(shares.take("b").await.unwrap());
        drop(first);
        drop(shares.take("a").await.unwrap());
        drop(second);
    }

    #[tokio::test]
    async fn what_waits_is_bounded() {
        let shares = Arc::new(Shares::of(2));
        let held = shares.take("a").await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let shares = shares.clone();
                tokio::spawn(async move { shares.take("a").await.map(drop) })
            })
            .collect();
        // The runtime takes a part of them at a time.
        while shares.project("a").places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(shares.take("a").now_or_never(), Some(Err(Error::Busy))));
        drop(held);
        for read in waiting {
            read.await.unwrap().unwrap();
        }
    }
}
