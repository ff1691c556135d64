//! A database connection that is used by one caller at a time.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::Error;

/// A connection protected by a fair lock. A connection that was marked as suspect is replaced before its next use.
#[derive(Debug)]
pub(super) struct ExclusiveConnection<C> {
    slot: Mutex<ConnectionSlot<C>>,
    is_suspect: AtomicBool,
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
        Self { slot: Mutex::new(slot), is_suspect: AtomicBool::new(false) }
    }

    /// Waits for exclusive use of the connection and returns it. Opens a new connection with `open` if there is no connection, or
    /// if the existing connection is suspect.
    ///
    /// # Errors
    /// Returns [`Error::ShuttingDown`] if [`ExclusiveConnection::close`] was called, or the error from `open`.
    pub(super) async fn lock(
        &self,
        open: impl AsyncFnOnce() -> sqlx::Result<C>,
    ) -> Result<MappedMutexGuard<'_, C>, Error> {
        let mut slot = self.slot.lock().await;
        if matches!(*slot, ConnectionSlot::Open(_)) && self.is_suspect.swap(false, Ordering::Relaxed) {
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

    /// Marks the connection as suspect, so that the next caller receives a new one. Must be called while the connection is locked.
    pub(super) fn mark_suspect(&self) {
        self.is_suspect.store(true, Ordering::Relaxed);
    }

    /// Undoes [`ExclusiveConnection::mark_suspect`]. Must be called while the connection is locked.
    pub(super) fn clear_suspect(&self) {
        self.is_suspect.store(false, Ordering::Relaxed);
    }

    /// Waits until the connection is not in use, prevents further use, and returns the connection so that the caller can close it.
    pub(super) async fn close(&self) -> Option<C> {
        match std::mem::replace(&mut *self.slot.lock().await, ConnectionSlot::Closed) {
            ConnectionSlot::Open(connection) => Some(connection),
            ConnectionSlot::Empty | ConnectionSlot::Closed => None,
        }
    }
}
