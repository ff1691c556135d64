//! Invalidations from this process and from other processes that use the same database. Most invalidations drop cached data, or withdraw
//! access from open sockets; the others report that a node is running or leaving, that the log has a new id, or that messages may have
//! been lost.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::App;
use crate::Error;
use crate::realtime::SocketGroup;
use crate::store::{Invalidation, InvalidationListener};

/// Time between two heartbeats of this node.
const NODE_HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
/// Time without a result after which the listener counts as broken. Normally, it returns a result within about 10 s: on PostgreSQL, the
/// node's own heartbeat; on SQLite, `None`.
const LISTENER_SILENCE_MAX: Duration = Duration::from_secs(30);
/// Delay before the next attempt to listen.
const LISTEN_RETRY_DELAY: Duration = Duration::from_secs(1);

impl App {
    /// Applies an invalidation without checking whether it is outdated. Must be called after each change that this process commits and
    /// that requires an invalidation.
    pub(crate) fn apply_invalidation(&self, invalidation: &Invalidation) {
        match invalidation {
            Invalidation::NodeAlive { node } => self.live_nodes.on_heartbeat(node, &self.metrics),
            Invalidation::NodeLeaving { node } => self.live_nodes.on_leaving(node, &self.metrics),
            Invalidation::MessagesMissed | Invalidation::LogReplaced => {}
            Invalidation::RulesChanged(project_id) => self.moderation.forget_rules(project_id),
            Invalidation::KeyRevoked(id) => {
                self.auth.forget_keys();
                self.realtime.disconnect_group(SocketGroup::Key(id), "The API key was revoked");
            }
            Invalidation::KeyToggled(_) => self.auth.forget_keys(),
            Invalidation::MemberRemoved { project_id, user_id } => {
                self.realtime.revoke_project_access(user_id, project_id);
            }
            Invalidation::PasswordChanged { user_id, kept_session } => {
                self.realtime.disconnect_after_password_change(user_id, kept_session.as_deref());
            }
            Invalidation::UserDeactivated(id) => {
                self.realtime.disconnect_group(SocketGroup::User(id), "The user was deactivated")
            }
            Invalidation::SessionEnded(id_hash) => {
                self.realtime.disconnect_group(SocketGroup::Session(id_hash), "The session has ended")
            }
            Invalidation::ProjectDeleted(id) => {
                self.auth.forget_keys();
                self.moderation.forget_rules(id);
                self.realtime.close_project_room(id);
                self.realtime.disconnect_group(SocketGroup::KeysOfProject(id), "The project was deleted");
            }
        }
    }

    /// Applies an announcement from any process. An announcement about a user, a member or a switched key may be outdated, because access
    /// may have been granted again in the meantime. In these cases, the current access is therefore read from the database.
    async fn apply_announced_invalidation(&self, invalidation: &Invalidation) -> Result<(), Error> {
        match invalidation {
            Invalidation::MessagesMissed => self.on_messages_missed().await,
            Invalidation::LogReplaced => self.reconnect_clients_if_log_replaced().await,
            Invalidation::UserDeactivated(user_id)
            | Invalidation::PasswordChanged { user_id, .. }
            | Invalidation::MemberRemoved { user_id, .. } => self.realtime.recheck_access_of_user(user_id).await,
            Invalidation::KeyToggled(id) => {
                self.apply_invalidation(invalidation);
                self.disconnect_if_switched_off(id).await
            }
            _ => {
                self.apply_invalidation(invalidation);
                Ok(())
            }
        }
    }

    /// Drops all cached keys and rules, and rechecks the access of all sockets, because announcements may have been lost.
    async fn on_messages_missed(&self) -> Result<(), Error> {
        self.auth.forget_keys();
        self.moderation.forget_all_rules();
        // The connection may have been lost in a failover, which can lose events; the log then needs a new id.
        self.store.replace_log_id_if_mark_lost().await?;
        self.reconnect_clients_if_log_replaced().await?;
        self.realtime.recheck_access_of_all().await
    }

    /// Reads the log's id again. If it has changed, all clients are made to reconnect. The clients then report a gap, because their cursors
    /// belong to the previous log.
    async fn reconnect_clients_if_log_replaced(&self) -> Result<(), Error> {
        if self.store.reload_log_id().await? {
            self.realtime.disconnect_all_after_log_change().await;
        }
        Ok(())
    }

    /// Disconnects the sockets of a key if the key is still switched off or no longer exists.
    pub(super) async fn disconnect_if_switched_off(&self, key_id: &str) -> Result<(), Error> {
        if self.store.key_by_id(key_id).await?.is_none_or(|key| !key.is_active) {
            self.realtime.disconnect_group(SocketGroup::Key(key_id), "The API key was switched off");
        }
        Ok(())
    }
}

/// Applies announcements and sends heartbeats until the server begins to drain.
pub(crate) async fn listen_and_send_heartbeats(app: Arc<App>) {
    let drain_started = app.drain_started.clone();
    drain_started.run_until_cancelled(async { tokio::join!(receive_announcements(&app), send_heartbeats(&app)) }).await;
}

async fn receive_announcements(app: &App) {
    loop {
        match app.store.listen().await {
            Ok(listener) => {
                let Err(error) = apply_announcements(app, listener).await;
                tracing::warn!(%error, "invalidations of other processes can't be received");
            }
            Err(error) => tracing::debug!(%error, "invalidations of other processes can't be received yet"),
        }
        sleep(LISTEN_RETRY_DELAY).await;
    }
}

async fn apply_announcements(app: &App, mut listener: InvalidationListener) -> Result<Infallible, Error> {
    // Announcements that were sent before the listener existed have been missed.
    app.on_messages_missed().await?;
    loop {
        if let Some(invalidation) =
            timeout(LISTENER_SILENCE_MAX, listener.next()).await.map_err(|_| Error::Unavailable)??
        {
            app.apply_announced_invalidation(&invalidation).await?;
        }
    }
}

async fn send_heartbeats(app: &App) {
    loop {
        if let Err(error) = app.store.announce_to_nodes(&Invalidation::NodeAlive { node: app.node_name.clone() }).await
        {
            tracing::debug!(%error, "the heartbeat could not be sent");
        }
        sleep(NODE_HEARTBEAT_INTERVAL).await;
    }
}
