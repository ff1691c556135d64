//! Background work: it deletes events beyond the log's bounds, expired sessions and old entries of the audit log, and records the use of keys.

use std::sync::Arc;
use std::time::Duration;

use super::App;

const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// How often it is looked whether the database answers, and how long it may take.
const DATABASE_PROBE_INTERVAL: Duration = Duration::from_secs(5);
const DATABASE_PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause between two records of the use of keys.
const KEY_USES_INTERVAL: Duration = Duration::from_secs(1);

/// Records when keys were used, away from the requests that use them.
pub(super) async fn record_uses(app: Arc<App>) {
    let record = async {
        loop {
            tokio::time::sleep(KEY_USES_INTERVAL).await;
            if let Err(error) = app.auth.record_uses().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the use of keys could not be recorded");
            }
        }
    };
    app.draining.run_until_cancelled(record).await;
}

/// Pause between two pieces of a deleted project, and after a failure.
const DELETION_PAUSE: Duration = Duration::from_millis(5);
const DELETION_RETRY_DELAY: Duration = Duration::from_secs(5);

/// Deletes what is left of deleted projects: those that this server deleted, and once a minute those of others.
pub(super) async fn finish_deletions(app: Arc<App>) {
    let finish = async {
        loop {
            match app.store.delete_piece().await {
                Ok(true) => tokio::time::sleep(DELETION_PAUSE).await,
                Ok(false) => drop(tokio::time::timeout(PRUNE_INTERVAL, app.deletions.notified()).await),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a project could not be deleted yet");
                    tokio::time::sleep(DELETION_RETRY_DELAY).await;
                }
            }
        }
    };
    app.draining.run_until_cancelled(finish).await;
}

/// Tells `/metrics` whether the database answers.
pub(super) async fn probe_database(app: Arc<App>) {
    let watch = async {
        loop {
            let answer = tokio::time::timeout(DATABASE_PROBE_TIMEOUT, app.store.ping()).await;
            app.metrics.database(matches!(answer, Ok(Ok(()))));
            tokio::time::sleep(DATABASE_PROBE_INTERVAL).await;
        }
    };
    app.draining.run_until_cancelled(watch).await;
}

pub(super) async fn prune_periodically(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.draining.cancelled() => return,
            () = tokio::time::sleep(PRUNE_INTERVAL) => {}
        }
        for (what, result) in [
            ("events", app.store.prune_events().await),
            ("sessions", app.store.prune_sessions().await),
            ("invitations", app.store.prune_invitations().await),
            ("audit", app.store.prune_audit(app.settings.audit_max_age).await),
        ] {
            match result {
                Ok(0) => {}
                Ok(count) => tracing::debug!(what, count, "forgotten"),
                Err(error) => {
                    tracing::warn!(what, error = &error as &dyn std::error::Error, "could not be pruned");
                }
            }
        }
    }
}
