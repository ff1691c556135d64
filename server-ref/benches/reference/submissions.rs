//! The rate, cost and latency of `POST /api/moderate` from 32 connections that submit as fast as possible: with few rules,
//! with few rules and an idempotency key for each request, and, except on PostgreSQL, with as many rules as a project may
//! have.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::child::MeasuredServer;
use crate::http::Submitter;
use crate::report::{self, Spread};
use crate::{BenchOptions, reference_server};

const CONNECTIONS: usize = 32;

/// Name of the runs with few rules.
const FEW_RULES: &str = "50 keyword and 20 regex";

/// A server, its connections, and the results of its rounds.
struct SubmissionRun {
    name: &'static str,
    server: MeasuredServer,
    connections: Vec<Submitter>,
    /// Submissions per second in each round.
    submission_rates: Vec<f64>,
    /// CPU time per submission in each round, in microseconds.
    submission_costs: Vec<f64>,
    /// 99th percentile of the answers' latency in each round, in milliseconds.
    p99_latencies: Vec<f64>,
}

pub(crate) async fn measure(options: BenchOptions) {
    let time = Duration::from_secs(if options.quick { 2 } else { 5 });
    let is_postgres = reference_server::postgres_url().is_some();
    let database = if is_postgres { "PostgreSQL" } else { "SQLite" };
    println!("\nSubmissions: {database} with a sync before each answer, {CONNECTIONS} connections\n");
    let few_rules = reference_server::FEW_RULES_ROLE;
    let mut runs = vec![
        SubmissionRun::start(FEW_RULES, few_rules, false).await,
        SubmissionRun::start("the same, with idempotency keys", few_rules, true).await,
    ];
    // On PostgreSQL, all servers share the database, and thus the demo project and its rules.
    if !is_postgres {
        let many_rules = reference_server::MANY_RULES_ROLE;
        runs.push(SubmissionRun::start("1,000 keyword and 1,000 regex", many_rules, false).await);
    }
    for round in 0..=options.rounds {
        for run in &mut runs {
            run.run_round(time, round > 0).await;
        }
    }
    println!("| rules | submissions/s | CPU µs each | p99 of the answer, ms |");
    println!("|---|--:|--:|--:|");
    let mut medians = Vec::new();
    for SubmissionRun { name, submission_rates, submission_costs, p99_latencies, .. } in runs {
        let (rates, costs) = (Spread::of(submission_rates), Spread::of(submission_costs));
        let latencies = Spread::of(p99_latencies);
        println!("| {name} | {} | {} | {} |", rates.format(0), costs.format(0), latencies.format(1));
        medians.push((rates.median, costs.median));
    }
    let (rate, cost) = medians[0];
    report::append_result("Server, durable submissions", database, "SQLite", Some(rate), Some(cost));
    println!("\nWith idempotency keys: {:.2} of the submissions without.", medians[1].0 / rate);
    if let Some((many, _)) = medians.get(2) {
        println!("\nWith 2,000 rules: {:.2} of the submissions with 70 rules.", many / rate);
    }
}

impl SubmissionRun {
    async fn start(name: &'static str, role: &str, has_idempotency_keys: bool) -> Self {
        let server = MeasuredServer::start(role).await;
        let mut connections = join_all((0..CONNECTIONS).map(|_| Submitter::connect(&server))).await;
        if has_idempotency_keys {
            // On PostgreSQL, the database may already contain the keys of an earlier run.
            let keyed = |(number, connection): (usize, Submitter)| {
                connection.with_idempotency_keys(format!("{}-{number}", std::process::id()))
            };
            connections = connections.into_iter().enumerate().map(keyed).collect();
        }
        // Check that the rules are applied: if they exceeded a project's limits, some of them would be skipped, and
        // submissions would seem faster than they are.
        for (text, status) in [("a garden", "approved"), ("forbidden7word3", "rejected")] {
            connections[0].submit(text).await;
            let answer = String::from_utf8_lossy(&connections[0].answer_buffer);
            assert!(answer.contains(&format!("\"status\":\"{status}\"")), "{name}: {answer}");
        }
        let (submission_rates, submission_costs, p99_latencies) = (vec![], vec![], vec![]);
        Self { name, server, connections, submission_rates, submission_costs, p99_latencies }
    }

    /// Submits items for the given time. The first round is a warm-up, so it is not measured.
    async fn run_round(&mut self, time: Duration, is_measured: bool) {
        let (started, cpu) = (Instant::now(), self.server.cpu_time().await);
        let submit = async |(n, connection): (usize, &mut Submitter)| {
            let mut latencies = Vec::new();
            while started.elapsed() < time {
                let before = Instant::now();
                connection.submit(&comment(n, latencies.len())).await;
                latencies.push(before.elapsed());
            }
            latencies
        };
        let all = join_all(self.connections.iter_mut().enumerate().map(submit)).await;
        let mut latencies: Vec<Duration> = all.into_iter().flatten().collect();
        let (elapsed, cpu) = (started.elapsed(), self.server.cpu_time().await - cpu);
        latencies.sort();
        if is_measured {
            self.submission_rates.push(latencies.len() as f64 / elapsed.as_secs_f64());
            self.submission_costs.push(cpu.as_secs_f64() * 1e6 / latencies.len() as f64);
            self.p99_latencies.push(latencies[latencies.len() * 99 / 100].as_secs_f64() * 1e3);
        }
    }
}

/// Returns the text of an item, about 200 characters long. One in ten contains a forbidden word.
fn comment(connection: usize, n: usize) -> String {
    let forbidden = if n.is_multiple_of(10) { "forbidden7word3" } else { "welcome" };
    format!(
        "Comment {n} of {connection}: this is what people write below an article about gardens, with some remarks on the \
         weather, a question about roses, and {forbidden} words that somebody may not like to read."
    )
}
