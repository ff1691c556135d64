//! What is forgotten in the background: events beyond the log's bounds, sessions that expired.

use std::sync::Arc;
use std::time::Duration;

use super::App;

const INTERVAL: Duration = Duration::from_secs(60);

pub(super) async fn run(app: Arc<App>) {
    loop {
        tokio::select! {
            () = app.draining.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        for (what, result) in
            [("events", app.store.prune_events().await), ("sessions", app.store.prune_sessions().await)]
        {
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
