//! Submission and receipt of items, with records of both.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use automoderate::{Client, Event, EventStream};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Delay between the end of one submission and the start of the next.
const ITEM_INTERVAL: Duration = Duration::from_millis(5);
const TIMEOUT: Duration = Duration::from_secs(60);

/// A task that submits items directly to the server until the task is stopped.
pub(crate) struct ItemSubmitter {
    /// Command to the task: submit, pause, or end.
    command: watch::Sender<SubmitterCommand>,
    task: JoinHandle<Vec<bool>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SubmitterCommand {
    Submit,
    Pause,
    End,
}

impl ItemSubmitter {
    pub(crate) fn start(ready: &Value) -> Self {
        let (url, key) = (ready["base_url"].as_str().unwrap(), ready["api_key"].as_str().unwrap());
        let client = Client::builder(url).api_key(key).build().unwrap();
        let (command, mut commands) = watch::channel(SubmitterCommand::Submit);
        let task = tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let command = *commands.wait_for(|command| *command != SubmitterCommand::Pause).await.unwrap();
                if command == SubmitterCommand::End {
                    return acknowledged;
                }
                // An item whose request was not answered may have been stored. If it arrives, it must arrive only once.
                acknowledged.push(client.moderate(acknowledged.len().to_string()).await.is_ok());
                sleep(ITEM_INTERVAL).await;
            }
        });
        Self { command, task }
    }

    pub(crate) fn pause(&self) {
        self.command.send_replace(SubmitterCommand::Pause);
    }

    pub(crate) fn resume(&self) {
        self.command.send_replace(SubmitterCommand::Submit);
    }

    /// Ends the task, and returns whether each item was acknowledged, in the order of the items' numbers.
    pub(crate) async fn stop(self) -> Vec<bool> {
        self.command.send_replace(SubmitterCommand::End);
        self.task.await.unwrap()
    }
}

/// A task that receives items and counts the arrivals of each item.
pub(crate) struct ItemReader {
    task: JoinHandle<()>,
    /// Number of arrivals of each item, indexed by the item's number.
    counts: Arc<Mutex<Vec<u8>>>,
    received: watch::Receiver<u64>,
}

impl ItemReader {
    pub(crate) fn start(mut events: EventStream) -> Self {
        let (received_sender, received) = watch::channel(0);
        let counts = Arc::new(Mutex::new(Vec::new()));
        let counted = counts.clone();
        let task = tokio::spawn(async move {
            let mut last = None;
            while let Some(event) = events.next().await {
                match event.unwrap() {
                    Event::ModerationUpdate(update) => {
                        let id = update.meta.event_id.unwrap();
                        assert_eq!(id, last.map_or(id, |last| last + 1), "ids must be consecutive");
                        last = Some(id);
                        let number: usize = update.content_preview.parse().unwrap();
                        let mut counts = counted.lock().unwrap();
                        let known = counts.len().max(number + 1);
                        counts.resize(known, 0);
                        counts[number] += 1;
                        received_sender.send_modify(|received| *received += 1);
                    }
                    Event::StatsUpdate(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        });
        Self { task, counts, received }
    }

    /// Waits until this many items have arrived, and checks that every acknowledged item arrived exactly once.
    pub(crate) async fn expect_all(mut self, stored: u64, acknowledged: &[bool]) {
        let all = timeout(TIMEOUT, self.received.wait_for(|received| *received >= stored)).await;
        assert!(all.is_ok_and(|seen| seen.is_ok()), "not all of {stored} items arrived");
        self.task.abort();
        let counts = self.counts.lock().unwrap();
        let arrived: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        assert_eq!(arrived, stored, "every stored item must arrive");
        assert!(counts.iter().all(|count| *count <= 1), "no item may arrive twice");
        let lost = acknowledged.iter().enumerate().filter(|(n, yes)| **yes && counts.get(*n) != Some(&1)).count();
        assert_eq!(lost, 0, "no acknowledged item may be lost");
    }
}
