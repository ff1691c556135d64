//! Submission of items at a steady rate, directly to the server.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Delay between two items.
const ITEM_INTERVAL: Duration = Duration::from_millis(20);

/// A task that submits items until it is stopped.
pub(crate) struct ItemSubmitter {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Vec<String>>,
}

impl ItemSubmitter {
    pub(crate) fn start(ready: &Value) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        let url = format!("{}/api/moderate", ready["base_url"].as_str().unwrap());
        let key = ready["api_key"].as_str().unwrap().to_owned();
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut ticks = interval(ITEM_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut accepted = Vec::new();
            while stopped.try_recv().is_err() {
                ticks.tick().await;
                let body = json!({"content": format!("content {}", accepted.len())});
                // An item whose request was not answered may or may not have been stored, so the item does not count.
                let Ok(response) = http.post(&url).header("x-api-key", &key).json(&body).send().await else { continue };
                if let Ok(answer) = response.json::<Value>().await
                    && let Some(id) = answer["content_id"].as_str()
                {
                    accepted.push(id.to_owned());
                }
            }
            accepted
        });
        Self { stop, task }
    }

    /// Stops the task, and returns the ids of all acknowledged items.
    pub(crate) async fn stop(self) -> Vec<String> {
        let _ = self.stop.send(());
        self.task.await.unwrap()
    }
}
