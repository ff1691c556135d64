//! The state of a client's connection.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::task::AbortHandle;

use super::reply::Failure;
use super::shared_state::Realtime;
use crate::auth::Principal;

pub(super) struct Connection {
    pub(super) realtime: Arc<Realtime>,
    pub(super) principal: Principal,
    /// Ids of the projects that the connection has joined.
    joined_projects: Mutex<HashSet<String>>,
    /// The task that disconnects the socket when its credentials expire.
    expiry_task: OnceLock<AbortHandle>,
}

impl Connection {
    pub(super) fn new(realtime: Arc<Realtime>, principal: Principal) -> Arc<Self> {
        realtime.metrics.on_socket_connected();
        Arc::new(Self { realtime, principal, joined_projects: Mutex::default(), expiry_task: OnceLock::new() })
    }

    /// Stores the task that waits for the credentials to expire. The task is aborted when the connection ends.
    pub(super) fn set_expiry_task(&self, task: AbortHandle) {
        // The cell is empty, because this method is called once per socket.
        let _ = self.expiry_task.set(task);
    }

    pub(super) fn has_joined(&self, project_id: &str) -> bool {
        self.lock_projects().contains(project_id)
    }

    /// Adds a project, or returns a failure if the limit on joined projects is reached.
    pub(super) fn add_project(&self, project_id: &str) -> Result<(), Failure> {
        let limit = self.realtime.options.rooms_max;
        let mut joined = self.lock_projects();
        if limit > 0 && joined.len() >= limit && !joined.contains(project_id) {
            return Err(Failure::new("room_limit", format!("Too many rooms (at most {limit})")));
        }
        joined.insert(project_id.to_owned());
        Ok(())
    }

    pub(super) fn remove_project(&self, project_id: &str) {
        self.lock_projects().remove(project_id);
    }

    /// Returns the ids of the projects that the connection has joined.
    pub(super) fn joined_projects(&self) -> Vec<String> {
        self.lock_projects().iter().cloned().collect()
    }

    fn lock_projects(&self) -> MutexGuard<'_, HashSet<String>> {
        self.joined_projects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.realtime.metrics.on_socket_disconnected();
        if let Some(task) = self.expiry_task.get() {
            task.abort();
        }
    }
}
