//! Records of submitted and received items.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{Client, Event, EventStream};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The pause between two items.
const PACE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(60);

/// Submits items directly to the server until it is stopped.
pub(crate) struct Writer {
    /// The mode: write, pause, or end.
    order: watch::Sender<Order>,
    task: JoinHandle<Vec<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Write,
    Pause,
    End,
}

impl Writer {
    pub(crate) fn start(ready: &Value) -> Self {
        let (url, key) = (ready["base_url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
        let client = Client::builder(url).api_key(key).build().unwrap();
        let (order, mut orders) = watch::channel(Order::Write);
        let task = tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let order = *orders.wait_for(|order| *order != Order::Pause).await.unwrap();
                if order == Order::End {
                    return acknowledged;
                }
                // An unanswered item may have been stored: it may arrive, once.
                acknowledged.push(client.moderate(acknowledged.len().to_string()).await.is_ok());
                sleep(PACE).await;
            }
        });
        Self { order, task }
    }

    pub(crate) fn pause(&self) {
        self.order.send_replace(Order::Pause);
    }

    pub(crate) fn go_on(&self) {
        self.order.send_replace(Order::Write);
    }

    /// The acknowledgement of each item, by its number.
    pub(crate) async fn stop(self) -> Vec<bool> {
        self.order.send_replace(Order::End);
        self.task.await.unwrap()
    }
}

/// Receives items.
pub(crate) struct Reader {
    task: JoinHandle<()>,
    /// The number of arrivals of each item, by its number.
    counts: Arc<Mutex<Vec<u8>>>,
    received: watch::Receiver<u64>,
}

impl Reader {
    pub(crate) fn start(mut events: EventStream) -> Self {
        let (told, received) = watch::channel(0);
        let counts = Arc::new(Mutex::new(Vec::new()));
        let counted = counts.clone();
        let task = tokio::spawn(async move {
            let mut last = None;
            while let Some(event) = events.next().await {
                match event.unwrap() {
                    Event::ModerationUpdate(update) => {
                        let id = update.meta.event_id.unwrap();
                        assert_eq!(id, last.map_or(id, |last| last + 1), "in order, without a hole");
                        last = Some(id);
                        let number: usize = update.content_preview.parse().unwrap();
                        let mut counts = counted.lock().unwrap();
                        let known = counts.len().max(number + 1);
                        counts.resize(known, 0);
                        counts[number] += 1;
                        told.send_modify(|received| *received += 1);
                    }
                    Event::StatsUpdate(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        Self { task, counts, received }
    }

    /// Waits until this many have arrived, and compares them with the acknowledged ones.
    pub(crate) async fn has_all(mut self, stored: u64, acknowledged: &[bool]) {
        let all = timeout(PATIENCE, self.received.wait_for(|received| *received >= stored)).await;
        assert!(all.is_ok_and(|seen| seen.is_ok()), "not all of {stored} have come");
        self.task.abort();
        let counts = self.counts.lock().unwrap();
        let come: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        assert_eq!(come, stored, "as many as there are");
        assert!(counts.iter().all(|count| *count <= 1), "none twice");
        let lost = acknowledged.iter().enumerate().filter(|(n, yes)| **yes && counts.get(*n) != Some(&1)).count();
        assert_eq!(lost, 0, "none that was acknowledged is lost");
    }
}
