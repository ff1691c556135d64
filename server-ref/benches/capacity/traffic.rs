//! Items at a steady rate, to the projects and the nodes in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::client::now;
use crate::latency::Latency;
use crate::stage::Stage;

/// Bursts per second.
const TICKS: u32 = 50;

pub(crate) struct Tally {
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Arc<Latency>,
}

pub(crate) async fn run(stage: &Stage, rate: usize, time: Duration) -> Tally {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let latency = Arc::new(Latency::default());
    let (started, mut ticks) = (Instant::now(), interval(Duration::from_secs(1) / TICKS));
    let (mut requests, mut sent) = (JoinSet::new(), 0);
    while started.elapsed() < time {
        ticks.tick().await;
        let due = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        for n in sent..due {
            let (_, key) = &stage.projects[n % stage.projects.len()];
            let url = format!("http://{}/api/moderate", stage.address(n));
            let body = json!({"content": format!("content {n}"), "metadata": {"sent": now()}});
            let request = http.post(url).header("x-api-key", key).json(&body);
            let latency = latency.clone();
            requests.spawn(async move {
                let started = Instant::now();
                let is_accepted = request.send().await.is_ok_and(|answer| answer.status().is_success());
                latency.record(u64::try_from(started.elapsed().as_micros()).unwrap());
                is_accepted
            });
        }
        sent = due;
    }
    let (mut accepted, mut refused) = (0, 0);
    while let Some(done) = requests.join_next().await {
        if done.unwrap() { accepted += 1 } else { refused += 1 }
    }
    Tally { accepted, refused, elapsed: started.elapsed(), latency }
}
