//! Items at a steady rate, over several connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::child::Server;
use crate::clock;
use crate::http::Submitter;

const CONNECTIONS: usize = 64;
/// The timer's resolution.
const TICK: Duration = Duration::from_millis(1);

/// Submits this many items and waits for their answers; returns the rate per second.
pub(crate) async fn submit(server: &Server, count: usize, per_second: usize) -> f64 {
    let (jobs, queue) = mpsc::unbounded_channel::<i64>();
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
    let (started, mut ticks, mut sent) = (Instant::now(), interval(TICK), 0);
    while sent < count {
        ticks.tick().await;
        let due = (started.elapsed().as_secs_f64() * per_second as f64) as usize;
        while sent < count.min(due) {
            // The time counts from here, even if all connections are busy.
            jobs.send(clock::micros()).unwrap();
            sent += 1;
        }
    }
    drop(jobs);
    connections.join_all().await;
    count as f64 / started.elapsed().as_secs_f64()
}
