//! Background tasks that delete outdated data and the rows of deleted projects, record the use of keys, and probe the database.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;

/// Time between two deletions of old data.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// Time between two probes of the database.
const DATABASE_PROBE_INTERVAL: Duration = Duration::from_secs(5);
/// Time within which the database must answer a probe.
const DATABASE_PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Time between two writes that record the use of keys.
const KEY_USE_WRITE_INTERVAL: Duration = Duration::from_secs(1);

/// Starts the background tasks, which end when the server drains.
pub(super) fn spawn_tasks(app: &Arc<App>) {
    tokio::spawn(prune_periodically(app.clone()));
    tokio::spawn(probe_database(app.clone()));
    tokio::spawn(delete_rows_of_deleted_projects(app.clone()));
    tokio::spawn(record_key_uses(app.clone()));
}

/// Records the use of keys every second, so that the requests that use the keys don't wait for these writes.
async fn record_key_uses(app: Arc<App>) {
    let record = async {
        loop {
            tokio::time::sleep(KEY_USE_WRITE_INTERVAL).await;
            if let Err(error) = app.auth.record_key_uses().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the use of keys could not be recorded");
            }
        }
    };
    app.drain_started.run_until_cancelled(record).await;
}

/// Pause between two batches of deleted rows, so that other writes are not held up.
const PROJECT_DELETION_PAUSE: Duration = Duration::from_millis(5);
/// Delay after a failed attempt to delete a batch of rows.
const PROJECT_DELETION_RETRY_DELAY: Duration = Duration::from_secs(5);

/// Deletes the rows of deleted projects. The deletion starts immediately if this node deleted the project, and otherwise within a minute.
async fn delete_rows_of_deleted_projects(app: Arc<App>) {
    let finish = async {
        loop {
            match app.store.delete_next_project_piece().await {
                Ok(true) => tokio::time::sleep(PROJECT_DELETION_PAUSE).await,
                Ok(false) => drop(tokio::time::timeout(PRUNE_INTERVAL, app.project_deleted.notified()).await),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a project could not be deleted yet");
                    tokio::time::sleep(PROJECT_DELETION_RETRY_DELAY).await;
                }
            }
        }
    };
    app.drain_started.run_until_cancelled(finish).await;
}

/// Probes the database periodically and records the result for `/metrics`.
async fn probe_database(app: Arc<App>) {
    let watch = async {
        loop {
            let answer = tokio::time::timeout(DATABASE_PROBE_TIMEOUT, app.store.ping()).await;
            app.metrics.set_database_up(matches!(answer, Ok(Ok(()))));
            tokio::time::sleep(DATABASE_PROBE_INTERVAL).await;
        }
    };
    app.drain_started.run_until_cancelled(watch).await;
}

/// Deletes events and idempotency keys that exceed the retention limits, and expired sessions, invitations and audit log entries.
async fn prune_periodically(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.drain_started.cancelled() => return,
            () = tokio::time::sleep(PRUNE_INTERVAL) => {}
        }
        for (what, result) in [
            ("events", app.store.prune_events().await),
            ("idempotency keys", app.store.prune_idempotency_keys().await),
            ("sessions", app.store.prune_sessions().await),
            ("invitations", app.store.prune_invitations().await),
            ("audit", app.store.prune_audit(app.settings.audit_max_age).await),
        ] {
            match result {
                Ok(0) => {}
                Ok(count) => tracing::debug!(what, count, "pruned"),
                Err(error) => {
                    tracing::warn!(what, error = &error as &dyn std::error::Error, "old data could not be pruned");
                }
            }
        }
    }
}
