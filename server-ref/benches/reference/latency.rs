//! From a submission to its event at a client, at a steady rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};
use tokio::time::{MissedTickBehavior, interval};

use crate::Plan;
use crate::child::Server;
use crate::http::Submitter;
use crate::socket::Socket;

const PER_SECOND: usize = 1000;
/// The number of connections on which submissions take turns.
const CONNECTIONS: usize = 32;

pub(crate) async fn measure(plan: Plan) {
    let seconds = if plan.quick { 3 } else { 20 };
    println!("\nLatency: from POST to the event at a client, {PER_SECOND}/s for {seconds} s\n");
    let server = Server::start("ours").await;
    let mut socket = Socket::join(&server).await;
    let (jobs, queue) = mpsc::unbounded_channel::<usize>();
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
    let count = PER_SECOND * seconds;
    let sending = tokio::spawn(async move {
        let mut ticks = interval(Duration::from_secs(1) / u32::try_from(PER_SECOND).unwrap());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut due = Vec::with_capacity(count);
        for n in 0..count {
            // The time of a submission that had to wait for its turn counts from its due time.
            due.push(ticks.tick().await.into_std());
            jobs.send(n).unwrap();
        }
        due
    });
    let mut arrived = vec![None; count];
    for _ in 0..count {
        let event = socket.until(b"42[\"moderation_update\"", 1).await;
        let text = std::str::from_utf8(&event).unwrap();
        let (_, rest) = text.split_once("\"n=").unwrap();
        let n: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
        arrived[n] = Some(Instant::now());
    }
    let due = sending.await.unwrap();
    let mut times: Vec<f64> =
        due.iter().zip(&arrived).map(|(due, arrived)| (arrived.unwrap() - *due).as_secs_f64() * 1e3).collect();
    // The first second warms up.
    times.drain(..PER_SECOND);
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("| p50 ms | p99 ms | p99.9 ms | most |");
    println!("|--:|--:|--:|--:|");
    println!("| {:.2} | {:.2} | {:.2} | {:.2} |", at(0.5), at(0.99), at(0.999), at(1.0));
}
