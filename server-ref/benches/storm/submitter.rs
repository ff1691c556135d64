//! Submits items at a steady rate, including while the server is down.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

/// Returns the current time in microseconds since 1970.
pub(crate) fn unix_micros() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// Parses an item's text: its number, and the time at which it was sent, in microseconds since 1970.
pub(crate) fn parse_item(text: &str) -> (usize, u64) {
    let (number, sent) = text.split_once(' ').unwrap();
    (number.parse().unwrap(), sent.parse().unwrap())
}

pub(crate) struct Submitter {
    stop: watch::Sender<bool>,
    task: JoinHandle<Vec<Vec<usize>>>,
}

impl Submitter {
    /// Starts submitting items to the projects in turn. Each project is given by its id and an API key.
    pub(crate) fn start(url: &str, projects: &[(String, String)], per_second: u32) -> Self {
        let (stop, stopped) = watch::channel(false);
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let url = format!("{url}/api/moderate");
        let keys: Vec<String> = projects.iter().map(|(_, key)| key.clone()).collect();
        let task = tokio::spawn(async move {
            let mut ticks = interval(Duration::from_secs(1) / per_second);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let (mut requests, mut number) = (JoinSet::new(), 0);
            while !*stopped.borrow() {
                ticks.tick().await;
                let project = number % keys.len();
                let body = json!({"content": format!("{number} {}", unix_micros())});
                let request = http.post(&url).header("x-api-key", &keys[project]).json(&body);
                requests.spawn(async move {
                    let is_stored = request.send().await.is_ok_and(|answer| answer.status().is_success());
                    is_stored.then_some((project, number))
                });
                number += 1;
            }
            let mut acknowledged = vec![Vec::new(); keys.len()];
            for (project, number) in requests.join_all().await.into_iter().flatten() {
                acknowledged[project].push(number);
            }
            acknowledged
        });
        Self { stop, task }
    }

    /// Stops submitting, and waits for the pending answers. Returns, for each project, the numbers of its acknowledged items.
    pub(crate) async fn stop(self) -> Vec<Vec<usize>> {
        self.stop.send_replace(true);
        self.task.await.unwrap()
    }
}
