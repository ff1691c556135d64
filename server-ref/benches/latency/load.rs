//! Submits items at a steady rate, over several connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::child::MeasuredServer;
use crate::clock;
use crate::http::Submitter;

const CONNECTIONS: usize = 64;
/// Interval at which the items that are due are queued.
const TICK_INTERVAL: Duration = Duration::from_millis(1);

/// Submits this many items and waits for their answers. Returns the number of answers per second.
pub(crate) async fn submit(server: &MeasuredServer, count: usize, per_second: usize) -> f64 {
    let (submissions, queue) = mpsc::unbounded_channel::<i64>();
    let queue = Arc::new(Mutex::new(queue));
    let mut connections = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut connection, queue) = (Submitter::connect(server).await, queue.clone());
        connections.spawn(async move {
            loop {
                let next = queue.lock().await.recv().await;
                let Some(sent) = next else { return };
                connection.submit(&format!("{sent} A comment that nobody minds")).await;
            }
        });
    }
    let (started, mut ticks, mut sent) = (Instant::now(), interval(TICK_INTERVAL), 0);
    while sent < count {
        ticks.tick().await;
        let target = (started.elapsed().as_secs_f64() * per_second as f64) as usize;
        while sent < count.min(target) {
            // The latency is measured from here, even if all connections are busy.
            submissions.send(clock::monotonic_micros()).unwrap();
            sent += 1;
        }
    }
    drop(submissions);
    connections.join_all().await;
    count as f64 / started.elapsed().as_secs_f64()
}
