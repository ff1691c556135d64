//! Submits items at a steady rate, to the projects and the nodes in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::client::unix_micros;
use crate::latency::LatencyHistogram;
use crate::test_bed::TestBed;

const BURSTS_PER_SECOND: u32 = 50;

pub(crate) struct TrafficResult {
    pub(crate) accepted: usize,
    pub(crate) refused_or_failed: usize,
    pub(crate) elapsed: Duration,
    /// Times from each request to its answer or failure.
    pub(crate) latency: Arc<LatencyHistogram>,
}

pub(crate) async fn submit_steadily(test_bed: &TestBed, rate: usize, time: Duration) -> TrafficResult {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let latency = Arc::new(LatencyHistogram::default());
    let (started, mut ticks) = (Instant::now(), interval(Duration::from_secs(1) / BURSTS_PER_SECOND));
    let (mut requests, mut sent) = (JoinSet::new(), 0);
    while started.elapsed() < time {
        ticks.tick().await;
        let target = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        for n in sent..target {
            let (_, key) = &test_bed.projects[n % test_bed.projects.len()];
            let url = format!("http://{}/api/moderate", test_bed.node_address(n));
            let body = json!({"content": format!("content {n}"), "metadata": {"sent": unix_micros()}});
            let request = http.post(url).header("x-api-key", key).json(&body);
            let latency = latency.clone();
            requests.spawn(async move {
                let started = Instant::now();
                let is_accepted = request.send().await.is_ok_and(|answer| answer.status().is_success());
                latency.record(u64::try_from(started.elapsed().as_micros()).unwrap());
                is_accepted
            });
        }
        sent = target;
    }
    let (mut accepted, mut refused_or_failed) = (0, 0);
    while let Some(is_accepted) = requests.join_next().await {
        if is_accepted.unwrap() { accepted += 1 } else { refused_or_failed += 1 }
    }
    TrafficResult { accepted, refused_or_failed, elapsed: started.elapsed(), latency }
}
