//! `POST /api/moderate`, as fast as 32 connections can send it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::child::Server;
use crate::http::Submitter;
use crate::report::{self, Spread};
use crate::{Plan, ours};

const CONNECTIONS: usize = 32;

pub(crate) async fn measure(plan: Plan) {
    let time = Duration::from_secs(if plan.quick { 2 } else { 5 });
    let database = if ours::postgres().is_some() { "PostgreSQL" } else { "SQLite" };
    println!(
        "\nSubmissions: 50 keyword and 20 regex rules, {database} with a sync before each answer, {CONNECTIONS} \
         connections\n"
    );
    let mut server = Server::start("ours").await;
    let mut connections = join_all((0..CONNECTIONS).map(|_| Submitter::connect(&server))).await;
    let (mut rates, mut costs, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=plan.rounds {
        let (started, cpu) = (Instant::now(), server.cpu().await);
        let submit = async |(n, connection): (usize, &mut Submitter)| {
            let mut times = Vec::new();
            while started.elapsed() < time {
                let before = Instant::now();
                connection.submit(&content(n, times.len())).await;
                times.push(before.elapsed());
            }
            times
        };
        let mut times: Vec<Duration> =
            join_all(connections.iter_mut().enumerate().map(submit)).await.into_iter().flatten().collect();
        let (elapsed, cpu) = (started.elapsed(), server.cpu().await - cpu);
        times.sort();
        if round > 0 {
            rates.push(times.len() as f64 / elapsed.as_secs_f64());
            costs.push(cpu.as_secs_f64() * 1e6 / times.len() as f64);
            waits.push(times[times.len() * 99 / 100].as_secs_f64() * 1e3);
        }
    }
    let (rates, costs, waits) = (Spread::of(rates), Spread::of(costs), Spread::of(waits));
    println!("| submissions/s | CPU µs each | p99 of the answer, ms |");
    println!("|--:|--:|--:|");
    println!("| {} | {} | {} |", rates.show(0), costs.show(0), waits.show(1));
    report::tell("Server, durable submissions", database, "SQLite", Some(rates.median), Some(costs.median));
}

/// About 200 letters; one text in ten has a forbidden word.
fn content(connection: usize, n: usize) -> String {
    let forbidden = if n.is_multiple_of(10) { "forbidden7word3" } else { "welcome" };
    format!(
        "Comment {n} of {connection}: this is what people write below an article about gardens, with some remarks on the \
         weather, a question about roses, and {forbidden} words that somebody may not like to read."
    )
}
