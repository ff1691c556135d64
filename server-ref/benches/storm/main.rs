//! Measures the time until each client has caught up, after a thousand clients have lost their server at the same time.
//!
//! The server is killed with `kill -9`, and restarted on the same port with the same database, immediately or after a few
//! seconds. The clients use the SDK, and run in a process of their own. For each delay before the restart, one run has
//! default settings and another has no jitter. `cargo xtask bench storm -- --clients 1000` prints rows for
//! `docs/benchmarks.md`, and writes the raw results and the plot to `docs/plots`. The benchmark fails if an event is
//! lost or delivered twice, or if a client gives up or does not catch up in time.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "printed figures need no full precision")]

mod clients;
#[path = "../capacity/process.rs"]
#[allow(dead_code, reason = "the capacity benchmark uses the rest")]
mod process;
mod projects;
#[path = "../report/mod.rs"]
mod report;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod server;
mod submitter;

use std::process::Stdio;
use std::time::Duration;

use automoderate::Client;
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use clients::{ConnectCommand, FinishCommand, Outcome};
use report::chart::{Chart, histogram};
use server::DemoServer;
use submitter::{Submitter, unix_micros};

/// Duration of the submissions before the kill: long enough for the connections to count as stable, which takes 5 s.
const TIME_BEFORE_KILL: Duration = Duration::from_secs(6);
/// The server's default interval between pings, and its timeout for their answers, in seconds.
const PING_SECONDS: [&str; 2] = ["25", "20"];
/// Jitter in the two runs for each delay: the default, and none.
const JITTERS: [f64; 2] = [0.5, 0.0];
/// The environment variable that makes a process run the clients.
const ROLE_VARIABLE: &str = "STORM_ROLE";

/// Measures the time until many clients have caught up after they lost their server.
#[derive(Debug, Parser)]
struct StormOptions {
    /// Number of clients.
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// Number of projects, over which the clients are distributed.
    #[arg(long, default_value_t = 10)]
    projects: usize,
    /// Number of items submitted per second, to the projects in turn.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// Number of seconds between the kill and the restart. May be repeated.
    #[arg(long = "away", value_name = "AWAY", default_values_t = [0, 5])]
    absences: Vec<u64>,
    /// Redraws the plot of the last run without new measurements.
    #[arg(long)]
    plot: bool,
    /// Flag that cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Results of a run.
#[derive(Debug, Serialize, Deserialize)]
struct StormRun {
    /// Number of seconds between the kill and the restart.
    away: u64,
    jitter: f64,
    clients: usize,
    /// Milliseconds from the kill until the server was available again.
    returned: u64,
    /// Peak memory of the killed server, in bytes.
    peak_before: u64,
    /// Peak memory of the restarted server, in bytes.
    peak: u64,
    /// The restarted server's CPU time until all clients had caught up, in seconds.
    cpu: f64,
    outcome: Outcome,
}

#[tokio::main]
async fn main() {
    if std::env::var(ROLE_VARIABLE).is_ok() {
        return clients::run().await;
    }
    let options = StormOptions::parse();
    if !options.plot {
        process::raise_open_file_limit(2 * options.clients as u64 + 512);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut runs = Vec::new();
        println!("{}; {} clients, {} items/s\n", report::machine_and_load(), options.clients, options.rate);
        println!(
            "| no server for, s | jitter | attempts | max in 100 ms | caught up after, s: p50 | p99 | last | max since last attempt, s | server's peak, MiB (before) | server's CPU, s | gave up | lost | twice |"
        );
        println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for away in &options.absences {
            for jitter in JITTERS {
                let run = run_storm(&options, *away, jitter).await;
                print_row(&run);
                runs.push(run);
            }
        }
        report::save_results("storm", &json!(runs));
        let outcomes = || runs.iter().map(|run| &run.outcome);
        assert!(
            runs.iter().all(|run| run.outcome.catch_up_times().len() == run.clients),
            "some clients have not caught up"
        );
        assert!(outcomes().all(|outcome| (outcome.closed, outcome.lost, outcome.twice, outcome.holes) == (0, 0, 0, 0)));
    }
    draw_charts(&serde_json::from_value::<Vec<StormRun>>(report::load_results("storm").unwrap()).unwrap());
}

async fn run_storm(options: &StormOptions, away: u64, jitter: f64) -> StormRun {
    let folder = tempfile::tempdir().unwrap();
    let projects = projects::create_projects(folder.path(), options.projects).await;
    let mut server = DemoServer::start(folder.path(), 0, PING_SECONDS).await;
    let url = server.ready["base_url"].as_str().unwrap().to_owned();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(ROLE_VARIABLE, "clients")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut input, mut answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut send_command = async |line: String| input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut next_answer = async || answers.next_line().await.unwrap().expect("the clients' process has ended");
    let command = ConnectCommand { url: url.clone(), projects: projects.clone(), clients: options.clients, jitter };
    send_command(serde_json::to_string(&command).unwrap()).await;
    next_answer().await;
    let submitter = Submitter::start(&url, &projects, options.rate);
    sleep(TIME_BEFORE_KILL).await;

    let (peak_before, killed_at) = (process::peak_resident_bytes(server.process_id()), unix_micros());
    let clock = Instant::now();
    server.stop("KILL").await;
    sleep(Duration::from_secs(away)).await;
    let mut server = DemoServer::start(folder.path(), server.port, PING_SECONDS).await;
    let returned = u64::try_from(clock.elapsed().as_millis()).unwrap();
    send_command(killed_at.to_string()).await;
    next_answer().await;
    let cpu = process::process_usage(server.process_id()).cpu.as_secs_f64();
    // Waits for the answers to pending submissions.
    let acknowledged = submitter.stop().await;
    let mut stored = Vec::new();
    for (_, key) in &projects {
        let client = Client::builder(&url).api_key(key.as_str()).build().unwrap();
        stored.push(usize::try_from(client.statistics().await.unwrap().total_content).unwrap());
    }
    send_command(serde_json::to_string(&FinishCommand { acknowledged, stored }).unwrap()).await;
    let outcome: Outcome = serde_json::from_str(&next_answer().await).unwrap();
    let peak = process::peak_resident_bytes(server.process_id());
    server.stop("KILL").await;
    StormRun { away, jitter, clients: options.clients, returned, peak_before, peak, cpu, outcome }
}

fn print_row(run: &StormRun) {
    let outcome = &run.outcome;
    let (caught_up, slowest) = (outcome.catch_up_times(), outcome.slowest_catch_up());
    let at =
        |share: f64| caught_up.get((caught_up.len().saturating_sub(1) as f64 * share) as usize).unwrap_or(&f64::NAN);
    let attempts = histogram(&outcome.attempt_times(), 0.1, 120.0);
    let maximum = attempts.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    println!(
        "| {:.1} | {} | {} | {maximum} | {:.1} | {:.1} | {:.1} | {slowest:.1} | {:.0} ({:.0}) | {:.1} | {} | {} | {} |",
        run.returned as f64 / 1000.0,
        run.jitter,
        outcome.attempt_times().len(),
        at(0.5),
        at(0.99),
        at(1.0),
        mib(run.peak),
        mib(run.peak_before),
        run.cpu,
        outcome.closed,
        outcome.lost,
        outcome.twice
    );
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn draw_charts(runs: &[StormRun]) {
    let (mut charts, mut absences) = (Vec::new(), runs.iter().map(|run| run.away).collect::<Vec<_>>());
    absences.dedup();
    for away in absences {
        let runs_of_absence = || runs.iter().filter(|run| run.away == away);
        let until = runs_of_absence().flat_map(|run| run.outcome.catch_up_times()).fold(0.0, f64::max).ceil();
        let jitter = |run: &StormRun| format!("jitter {}", run.jitter);
        let attempts = |run: &StormRun| (jitter(run), histogram(&run.outcome.attempt_times(), 0.1, until));
        let share = |run: &StormRun| {
            let times = run.outcome.catch_up_times();
            let percent = |(n, at): (usize, &f64)| (*at, (n + 1) as f64 * 100.0 / run.clients as f64);
            (jitter(run), [(0.0, 0.0)].into_iter().chain(times.iter().enumerate().map(percent)).collect())
        };
        let x_label = "seconds since the server was killed";
        let title = |subject: &str| format!("{subject}, the server away for {away} s");
        let lines = runs_of_absence().map(attempts).collect();
        charts.push(Chart { title: title("Attempts"), x_label, y_label: "per 100 ms", log_x: false, lines });
        let lines = runs_of_absence().map(share).collect();
        charts.push(Chart { title: title("Caught up"), x_label, y_label: "% of the clients", log_x: false, lines });
    }
    report::draw_charts("storm", &charts);
}
