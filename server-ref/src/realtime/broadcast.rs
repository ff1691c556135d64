//! Delivery of events to the sockets of this node.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::{BroadcastError, SocketIo};

use super::rooms::project_room_name;
use crate::metrics::Metrics;

/// An event as sockets receive it.
#[derive(Debug)]
pub(super) struct BroadcastEvent {
    name: Cow<'static, str>,
    data: Arc<RawValue>,
}

/// Names of the documented events that are sent to projects' rooms. They are static, so events with these names need no copy of the name.
const DOCUMENTED_EVENT_NAMES: [&str; 5] =
    ["moderation_update", "user_activity", "rule_update", "system_notification", "stats_update"];

impl BroadcastEvent {
    /// Creates an event that this node committed.
    pub(super) fn from_local_commit(name: &'static str, data: Arc<RawValue>) -> Self {
        Self { name: name.into(), data }
    }

    /// Creates an event from another node's message or from the log.
    pub(super) fn from_other_node_or_log(name: String, data: Box<RawValue>) -> Self {
        let known = DOCUMENTED_EVENT_NAMES.into_iter().find(|known| *known == name);
        Self { name: known.map_or(Cow::Owned(name), Cow::Borrowed), data: data.into() }
    }

    /// Returns true if the event reports a decision, which changes the project's counts.
    pub(super) fn is_decision(&self) -> bool {
        self.name == "moderation_update"
    }
}

/// A sender of events to the rooms of this node.
pub(super) struct Broadcaster {
    pub(super) io: SocketIo,
    pub(super) metrics: Arc<Metrics>,
}

impl Broadcaster {
    pub(super) async fn publish(&self, project_id: &str, events: Vec<BroadcastEvent>) {
        for BroadcastEvent { name, data } in events {
            self.metrics.on_event_published(match &name {
                Cow::Borrowed(name) => name,
                Cow::Owned(_) => "other",
            });
            self.broadcast(project_id, &name, &*data).await;
        }
    }

    pub(super) async fn publish_statistics<T: Serialize>(&self, project_id: &str, payload: &T) {
        self.metrics.on_event_published("stats_update");
        self.broadcast(project_id, "stats_update", payload).await;
    }

    async fn broadcast<T: Serialize + ?Sized>(&self, project_id: &str, event: &str, payload: &T) {
        let Some(namespace) = self.io.of("/") else {
            return;
        };
        match namespace.within(project_room_name(project_id)).emit(event, payload).await {
            Ok(()) => {}
            // Some sockets are closing, or their send buffers are full.
            Err(BroadcastError::Socket(errors)) => {
                tracing::debug!(event, sockets = errors.len(), "an event did not reach all sockets");
            }
            Err(error) => tracing::error!(event, %error, "an event could not be published"),
        }
    }

    /// Returns the names of the rooms that contain a socket of this node.
    pub(super) async fn occupied_room_names(&self) -> HashSet<String> {
        let Some(namespace) = self.io.of("/") else {
            return HashSet::new();
        };
        let rooms = namespace.rooms().await.unwrap_or_default();
        rooms.into_iter().map(Cow::into_owned).collect()
    }
}
