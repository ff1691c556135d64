//! The time from a submission until its event arrives at a client, with submissions at a steady rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use crate::BenchOptions;
use crate::child::MeasuredServer;
use crate::http::Submitter;
use crate::socket::Socket;

/// Rate of submissions.
const SUBMISSIONS_PER_SECOND: usize = 1000;
/// Number of connections that submit items.
const CONNECTIONS: usize = 32;

pub(crate) async fn measure(options: BenchOptions) {
    let seconds = if options.quick { 3 } else { 20 };
    println!("\nLatency: from POST to the event at a client, {SUBMISSIONS_PER_SECOND}/s for {seconds} s\n");
    let server = MeasuredServer::start("ours").await;
    let mut socket = Socket::join(&server).await;
    let (submissions, queue) = mpsc::unbounded_channel::<usize>();
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..CONNECTIONS {
        let (mut connection, queue) = (Submitter::connect(&server).await, queue.clone());
        tokio::spawn(async move {
            loop {
                let next = queue.lock().await.recv().await;
                let Some(n) = next else { return };
                connection.submit(&format!("n={n} A comment that nobody minds")).await;
            }
        });
    }
    let count = SUBMISSIONS_PER_SECOND * seconds;
    let sending = tokio::spawn(async move {
        let mut ticks = interval(Duration::from_secs(1) / u32::try_from(SUBMISSIONS_PER_SECOND).unwrap());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut due_times = Vec::with_capacity(count);
        for n in 0..count {
            // The latency of a delayed submission is measured from the time at which the submission was due.
            due_times.push(ticks.tick().await.into_std());
            submissions.send(n).unwrap();
        }
        due_times
    });
    let mut arrivals = vec![None; count];
    for _ in 0..count {
        let event = socket.read_until(b"42[\"moderation_update\"", 1).await;
        let text = std::str::from_utf8(&event).unwrap();
        let (_, rest) = text.split_once("\"n=").unwrap();
        let n: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
        arrivals[n] = Some(Instant::now());
    }
    let due_times = sending.await.unwrap();
    let mut latencies: Vec<f64> =
        due_times.iter().zip(&arrivals).map(|(due, arrival)| (arrival.unwrap() - *due).as_secs_f64() * 1e3).collect();
    // The first second is a warm-up.
    latencies.drain(..SUBMISSIONS_PER_SECOND);
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    println!("| p50 ms | p99 ms | p99.9 ms | most |");
    println!("|--:|--:|--:|--:|");
    println!("| {:.2} | {:.2} | {:.2} | {:.2} |", at(0.5), at(0.99), at(0.999), at(1.0));
}
