//! `POST /api/moderate` as fast as 32 connections can, with few rules and with as many as a project may have.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::child::Server;
use crate::http::Submitter;
use crate::report::{self, Spread};
use crate::{Plan, ours};

const CONNECTIONS: usize = 32;

/// A server, its connections, and its figures of each round.
struct Candidate {
    rules: &'static str,
    server: Server,
    connections: Vec<Submitter>,
    rates: Vec<f64>,
    costs: Vec<f64>,
    waits: Vec<f64>,
}

pub(crate) async fn measure(plan: Plan) {
    let time = Duration::from_secs(if plan.quick { 2 } else { 5 });
    let is_postgres = ours::postgres().is_some();
    let database = if is_postgres { "PostgreSQL" } else { "SQLite" };
    println!("\nSubmissions: {database} with a sync before each answer, {CONNECTIONS} connections\n");
    let mut candidates = vec![Candidate::start("50 keyword and 20 regex", ours::FEW_RULES).await];
    // Servers on one PostgreSQL have one demonstration project.
    if !is_postgres {
        candidates.push(Candidate::start("1,000 keyword and 1,000 regex", ours::MANY_RULES).await);
    }
    for round in 0..=plan.rounds {
        for candidate in &mut candidates {
            candidate.round(time, round > 0).await;
        }
    }
    println!("| rules | submissions/s | CPU µs each | p99 of the answer, ms |");
    println!("|---|--:|--:|--:|");
    let mut medians = Vec::new();
    for Candidate { rules, rates, costs, waits, .. } in candidates {
        let (rates, costs, waits) = (Spread::of(rates), Spread::of(costs), Spread::of(waits));
        println!("| {rules} | {} | {} | {} |", rates.show(0), costs.show(0), waits.show(1));
        medians.push((rates.median, costs.median));
    }
    let (rate, cost) = medians[0];
    report::tell("Server, durable submissions", database, "SQLite", Some(rate), Some(cost));
    if let Some((many, _)) = medians.get(1) {
        println!("\nWith 2,000 rules: {:.2} of the submissions with 70 rules.", many / rate);
    }
}

impl Candidate {
    async fn start(rules: &'static str, role: &str) -> Self {
        let server = Server::start(role).await;
        let mut connections = join_all((0..CONNECTIONS).map(|_| Submitter::connect(&server))).await;
        // Rules that are beyond the limits of a project would be quick, and decide nothing.
        for (text, status) in [("a garden", "approved"), ("forbidden7word3", "rejected")] {
            connections[0].submit(text).await;
            let answer = String::from_utf8_lossy(&connections[0].answer);
            assert!(answer.contains(&format!("\"status\":\"{status}\"")), "{rules}: {answer}");
        }
        Self { rules, server, connections, rates: vec![], costs: vec![], waits: vec![] }
    }

    /// The first round warms up, and does not count.
    async fn round(&mut self, time: Duration, counts: bool) {
        let (started, cpu) = (Instant::now(), self.server.cpu().await);
        let submit = async |(n, connection): (usize, &mut Submitter)| {
            let mut times = Vec::new();
            while started.elapsed() < time {
                let before = Instant::now();
                connection.submit(&content(n, times.len())).await;
                times.push(before.elapsed());
            }
            times
        };
        let all = join_all(self.connections.iter_mut().enumerate().map(submit)).await;
        let mut times: Vec<Duration> = all.into_iter().flatten().collect();
        let (elapsed, cpu) = (started.elapsed(), self.server.cpu().await - cpu);
        times.sort();
        if counts {
            self.rates.push(times.len() as f64 / elapsed.as_secs_f64());
            self.costs.push(cpu.as_secs_f64() * 1e6 / times.len() as f64);
            self.waits.push(times[times.len() * 99 / 100].as_secs_f64() * 1e3);
        }
    }
}

/// Some 200 letters, one in ten forbidden.
fn content(connection: usize, n: usize) -> String {
    let forbidden = if n.is_multiple_of(10) { "forbidden7word3" } else { "welcome" };
    format!(
        "Comment {n} of {connection}: this is what people write below an article about gardens, with some remarks on the \
         weather, a question about roses, and {forbidden} words that somebody may not like to read."
    )
}
