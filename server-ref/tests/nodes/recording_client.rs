//! An SDK client that records the event ids of the decisions that it receives.

use std::time::{Duration, Instant};

use automoderate::{Client, Event, ReconnectPolicy};
use tokio::task::JoinHandle;

use crate::stored_data::Access;
use crate::support::TIMEOUT;

pub(crate) struct RecordingClient {
    client: Client,
    events: JoinHandle<(Vec<u64>, Duration)>,
}

impl RecordingClient {
    /// Joins the project, and records the event ids of this many decisions and the longest time without a decision.
    pub(crate) async fn start(url: &str, access: &Access, items: usize) -> Self {
        let policy = ReconnectPolicy {
            delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(1),
            max_attempts_per_minute: 10_000,
            ..ReconnectPolicy::default()
        };
        let client = Client::builder(url).api_key(access.key.as_str()).reconnect(policy).rate_limit(None);
        let client = client.event_buffer(4 * items).connect().await.unwrap();
        let mut stream = client.join(access.project_id.as_str()).await.unwrap().events();
        let events = tokio::spawn(async move {
            let (mut ids, mut silence, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
            while ids.len() < items {
                let next = tokio::time::timeout(2 * TIMEOUT, stream.next()).await;
                let next = next.unwrap_or_else(|_| panic!("no event after {} of {items}", ids.len()));
                match next.unwrap().unwrap() {
                    Event::ModerationUpdate(update) => ids.push(update.meta.event_id.unwrap()),
                    event @ (Event::Gap(_) | Event::Lagged(_)) => panic!("{event:?}"),
                    _ => continue,
                }
                silence = silence.max(last.elapsed());
                last = Instant::now();
            }
            (ids, silence)
        });
        Self { client, events }
    }

    /// Asserts that the client received exactly these decisions, in this order. Returns the longest time without a decision.
    pub(crate) async fn expect_exactly(self, log: &[u64]) -> Duration {
        let (ids, silence) = self.events.await.unwrap();
        assert_eq!(ids, log);
        self.client.close().await;
        silence
    }
}

/// Returns the event ids of the decisions in the log.
pub(crate) async fn logged_decision_ids(access: &Access) -> Vec<u64> {
    let log = access.read_log().await.into_iter().filter(|(name, _)| name == "moderation_update");
    log.map(|(_, data)| data["event_id"].as_u64().unwrap()).collect()
}
