//! Concurrent submitters, which repeat each item with its idempotency key until it is acknowledged.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{TIMEOUT, eventually, http_client};

const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The author of every fourth item.
pub(crate) const AUTHOR: &str = "fourth";

/// The combined results of the submitters.
#[derive(Debug, Default)]
pub(crate) struct SubmissionTally {
    /// Ids of the acknowledged items.
    pub(crate) ids: Vec<String>,
    /// Number of refusals for each error code.
    pub(crate) refused: BTreeMap<String, usize>,
    /// Number of requests that received no complete answer.
    pub(crate) unanswered: usize,
}

impl AddAssign for SubmissionTally {
    fn add_assign(&mut self, other: Self) {
        self.ids.extend(other.ids);
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self.unanswered += other.unanswered;
    }
}

pub(crate) struct Load {
    workers: JoinSet<SubmissionTally>,
    url: watch::Sender<String>,
    acknowledged: Arc<AtomicUsize>,
}

impl Load {
    /// Starts to submit this many items over this many connections.
    pub(crate) fn start(base_url: &str, key: &str, item_count: usize, connections: usize) -> Self {
        // This call installs the TLS crypto provider, which the clients below need.
        let _ = http_client();
        let (url, target) = watch::channel(base_url.to_owned());
        let (next, acknowledged) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let run_id: Arc<str> = uuid::Uuid::new_v4().to_string().into();
        let mut workers = JoinSet::new();
        for _ in 0..connections {
            let (target, next, acknowledged) = (target.clone(), next.clone(), acknowledged.clone());
            let run_id = run_id.clone();
            let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap();
            let key = key.to_owned();
            workers.spawn(async move {
                let mut tally = SubmissionTally::default();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= item_count {
                        return tally;
                    }
                    submit(&client, &target, &key, &run_id, n, &mut tally).await;
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { workers, url, acknowledged }
    }

    /// Directs further requests to this address.
    pub(crate) fn set_base_url(&self, base_url: &str) {
        self.url.send_replace(base_url.to_owned());
    }

    /// Waits until this many items are acknowledged.
    pub(crate) async fn wait_until_acknowledged(&self, count: usize) {
        // The load may be slow, so this wait fails only if the load makes no progress.
        while self.acknowledged() < count {
            let (before, what) = (self.acknowledged(), format!("{count} items acknowledged"));
            eventually(&what, async || self.acknowledged() > before).await;
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(crate) async fn finish(mut self) -> SubmissionTally {
        let mut tally = SubmissionTally::default();
        while let Some(part) = self.workers.join_next().await {
            tally += part.unwrap();
        }
        tally
    }
}

async fn submit(
    client: &reqwest::Client,
    url: &watch::Receiver<String>,
    key: &str,
    run_id: &str,
    n: usize,
    tally: &mut SubmissionTally,
) {
    let mut body = json!({"content": format!("content {n}")});
    if n.is_multiple_of(4) {
        body["metadata"] = json!({"user_id": AUTHOR});
    }
    loop {
        let url = format!("{}/api/moderate", *url.borrow());
        let answer = async {
            let request = client.post(url).header("x-api-key", key).header("idempotency-key", format!("{run_id}-{n}"));
            let response = request.json(&body).send().await?;
            Ok::<_, reqwest::Error>((response.status().as_u16(), response.json::<Value>().await?))
        };
        match answer.await {
            Ok((200, answer)) => return tally.ids.push(answer["content_id"].as_str().unwrap().to_owned()),
            Ok((status, answer)) => {
                assert!([503, 507].contains(&status), "{status} {answer}");
                assert!(answer["retry_after"].is_u64(), "{answer}");
                *tally.refused.entry(answer["code"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            Err(_) => tally.unanswered += 1,
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}
