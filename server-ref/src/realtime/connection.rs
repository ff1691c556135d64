//! The state of a client's connection.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::task::AbortHandle;

use super::context::Realtime;
use super::reply::Failure;
use crate::auth::Principal;

pub(super) struct Connection {
    pub(super) realtime: Arc<Realtime>,
    pub(super) principal: Principal,
    /// Ids of the projects that the connection has joined.
    rooms: Mutex<HashSet<String>>,
    /// The task that disconnects the socket when its credentials expire.
    expiry: OnceLock<AbortHandle>,
}

impl Connection {
    pub(super) fn new(realtime: Arc<Realtime>, principal: Principal) -> Arc<Self> {
        realtime.metrics.on_socket_connected();
        Arc::new(Self { realtime, principal, rooms: Mutex::default(), expiry: OnceLock::new() })
    }

    /// Stores the task that watches the expiry of the credentials. It is aborted when the connection ends.
    pub(super) fn set_expiry(&self, watch: AbortHandle) {
        // The cell is empty, because this is called once per socket.
        let _ = self.expiry.set(watch);
    }

    pub(super) fn has_joined(&self, project_id: &str) -> bool {
        self.lock().contains(project_id)
    }

    /// Adds a project, unless the limit is reached.
    pub(super) fn add_room(&self, project_id: &str) -> Result<(), Failure> {
        let limit = self.realtime.options.rooms_max;
        let mut rooms = self.lock();
        if limit > 0 && rooms.len() >= limit && !rooms.contains(project_id) {
            return Err(Failure::new("room_limit", format!("Too many rooms (at most {limit})")));
        }
        rooms.insert(project_id.to_owned());
        Ok(())
    }

    pub(super) fn remove_room(&self, project_id: &str) {
        self.lock().remove(project_id);
    }

    /// Returns the ids of the projects that the connection has joined.
    pub(super) fn rooms(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.realtime.metrics.on_socket_disconnected();
        if let Some(watch) = self.expiry.get() {
            watch.abort();
        }
    }
}
