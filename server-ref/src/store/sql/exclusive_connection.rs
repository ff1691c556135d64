//! A connection with one user at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::Error;

/// One connection, which is replaced after it was distrusted. Its lock is fair: users take turns.
#[derive(Debug)]
pub(super) struct ExclusiveConnection<C> {
    slot: Mutex<ConnectionSlot<C>>,
    distrusted: AtomicBool,
}

#[derive(Debug)]
enum ConnectionSlot<C> {
    Open(C),
    Empty,
    Closed,
}

impl<C> ExclusiveConnection<C> {
    pub(super) fn new(connection: Option<C>) -> Self {
        let slot = connection.map_or(ConnectionSlot::Empty, ConnectionSlot::Open);
        Self { slot: Mutex::new(slot), distrusted: AtomicBool::new(false) }
    }

    /// Waits for the caller's turn, and returns the connection.
    pub(super) async fn take(
        &self,
        open: impl AsyncFnOnce() -> sqlx::Result<C>,
    ) -> Result<MappedMutexGuard<'_, C>, Error> {
        let mut slot = self.slot.lock().await;
        if matches!(*slot, ConnectionSlot::Open(_)) && self.distrusted.swap(false, Ordering::Relaxed) {
            *slot = ConnectionSlot::Empty;
        }
        if matches!(*slot, ConnectionSlot::Empty) {
            *slot = ConnectionSlot::Open(open().await?);
        }
        let connection = MutexGuard::try_map(slot, |slot| match slot {
            ConnectionSlot::Open(connection) => Some(connection),
            ConnectionSlot::Empty | ConnectionSlot::Closed => None,
        });
        connection.map_err(|_| Error::ShuttingDown)
    }

    /// The next user gets another connection. To be called while the connection is held.
    pub(super) fn distrust(&self) {
        self.distrusted.store(true, Ordering::Relaxed);
    }

    /// The connection works after all. To be called while it is held.
    pub(super) fn trust(&self) {
        self.distrusted.store(false, Ordering::Relaxed);
    }

    /// Ends all turns, and returns the connection to be closed.
    pub(super) async fn close(&self) -> Option<C> {
        match std::mem::replace(&mut *self.slot.lock().await, ConnectionSlot::Closed) {
            ConnectionSlot::Open(connection) => Some(connection),
            ConnectionSlot::Empty | ConnectionSlot::Closed => None,
        }
    }
}
