//! Measures whether the cost of an event remains constant as the load grows. The cost is CPU time, which other load on
//! the machine hardly affects.
//!
//! - *clients*: 10, 100 and 1,000 of the SDK's clients in this process, all joined to the same project;
//! - *projects*: 1, 10 and 50 projects joined by one client;
//! - *sizes*: the cost per byte, for events of 130 bytes to 1 MB;
//! - *log*: the server's cost of a submission, and of a replay of a thousand events, with 1,000 to a million events and
//!   items in its SQLite database (`--log 10000000` for more).
//!
//! The server runs in its own process. `cargo xtask bench growth -- clients --rounds 5` prints rows for
//! `docs/benchmarks.md`, and writes the raw results and the plot to `docs/plots`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]
#![allow(clippy::cast_precision_loss, reason = "printed figures need no full precision")]

mod child;
#[path = "../reference/http.rs"]
mod http;
mod log;
mod plot;
#[path = "../capacity/process.rs"]
#[allow(dead_code, reason = "the capacity benchmark uses the rest")]
mod process;
mod readers;
#[path = "../report/mod.rs"]
mod report;
#[path = "../reference/socket.rs"]
mod socket;
#[path = "../reference/usage.rs"]
#[allow(dead_code, reason = "the reference benchmark uses the rest")]
mod usage;

use clap::Parser;
use serde_json::{Value, json};

use child::MeasuredServer;
use readers::Readers;
use report::Spread;

/// Measures whether the cost of an event remains constant as the load grows.
#[derive(Debug, Parser)]
pub(crate) struct GrowthOptions {
    /// Measurements to make: clients, projects, sizes, log. All of them by default.
    measurements: Vec<String>,
    /// Number of measured rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Maximum number of events in the log, which starts with 1,000 and becomes ten times as long at each step.
    #[arg(long = "log", value_name = "LOG", default_value_t = 1_000_000)]
    max_log_events: u64,
    /// Redraws the plot of the last runs without new measurements.
    #[arg(long)]
    plot: bool,
    /// Flag that cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    if let Some(role) = child::server_role() {
        return child::run_server(&role).await;
    }
    let options = GrowthOptions::parse();
    process::raise_open_file_limit(4096);
    if !options.plot {
        println!("{}; median [range] of {} rounds", report::machine_and_load(), options.rounds);
        let is_chosen =
            |name: &str| options.measurements.is_empty() || options.measurements.iter().any(|chosen| chosen == name);
        if is_chosen("clients") {
            report::save_results("growth-clients", &measure_clients(&options).await);
        }
        if is_chosen("projects") {
            report::save_results("growth-projects", &measure_projects(&options).await);
        }
        if is_chosen("sizes") {
            report::save_results("growth-sizes", &measure_sizes(&options).await);
        }
        if is_chosen("log") {
            report::save_results("growth-log", &measure_logs(&options).await);
        }
    }
    plot::draw_charts();
}

/// Runs one unmeasured round, then the measured ones.
async fn measure_rounds(options: &GrowthOptions, mut round: impl AsyncFnMut() -> f64) -> Spread {
    round().await;
    let mut values = Vec::new();
    for _ in 0..options.rounds {
        values.push(round().await);
    }
    Spread::of(values)
}

async fn measure_clients(options: &GrowthOptions) -> Value {
    println!(
        "\n| clients in a process | in bursts of 200: CPU µs per event and client | one by one | an idle client, KiB |\n|--:|--:|--:|--:|"
    );
    let mut rows = Vec::new();
    for count in [10, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = MeasuredServer::start(folder.path(), 1).await;
        let before = usage::resident_bytes();
        let mut readers = Readers::start_in_one_project(&server, count).await;
        let idle = usage::resident_bytes().saturating_sub(before) as f64 / 1024.0 / count as f64;
        // The total number of deliveries does not depend on the number of clients.
        let bursts =
            measure_rounds(options, async || readers.measure_cost(&mut server, 200_000 / count, 200, 430, count).await)
                .await;
        let single =
            measure_rounds(options, async || readers.measure_cost(&mut server, 2000 / count, 1, 430, count).await)
                .await;
        println!("| {count} | {} | {} | {idle:.0} |", bursts.format(2), single.format(2));
        rows.push(json!({"clients": count, "bursts": bursts, "one_by_one": single, "idle_kib": idle}));
        readers.close().await;
    }
    json!(rows)
}

async fn measure_projects(options: &GrowthOptions) -> Value {
    println!("\n| projects on a client | in bursts of 500: CPU µs per event | one by one |\n|--:|--:|--:|");
    let mut rows = Vec::new();
    for count in [1, 10, 50] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = MeasuredServer::start(folder.path(), count).await;
        let mut readers = Readers::start_in_all_projects(&server).await;
        let bursts =
            measure_rounds(options, async || readers.measure_cost(&mut server, 20_000, 500, 430, 1).await).await;
        let single = measure_rounds(options, async || readers.measure_cost(&mut server, 200, 1, 430, 1).await).await;
        println!("| {count} | {} | {} |", bursts.format(2), single.format(1));
        rows.push(json!({"projects": count, "bursts": bursts, "one_by_one": single}));
        readers.close().await;
    }
    json!(rows)
}

async fn measure_sizes(options: &GrowthOptions) -> Value {
    println!("\n| bytes of an event | CPU µs per event | CPU ns per byte |\n|--:|--:|--:|");
    let mut rows = Vec::new();
    for (bytes, events, burst) in [(130, 20_000, 200), (1000, 20_000, 200), (100_000, 500, 50), (1_000_000, 50, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = MeasuredServer::start(folder.path(), 1).await;
        let mut readers = Readers::start_in_one_project(&server, 1).await;
        let cost =
            measure_rounds(options, async || readers.measure_cost(&mut server, events, burst, bytes, 1).await).await;
        println!("| {bytes} | {} | {:.2} |", cost.format(2), cost.median * 1e3 / bytes as f64);
        rows.push(json!({"bytes": bytes, "micros": cost}));
        readers.close().await;
    }
    json!(rows)
}

async fn measure_logs(options: &GrowthOptions) -> Value {
    println!(
        "\n| events in the log | a submission: CPU µs | submissions/s | 1,000 events replayed, CPU µs: the oldest | the newest | ms |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    let (mut rows, mut events) = (Vec::new(), 1000);
    while events <= options.max_log_events {
        let rounds = log::measure_log(options, events).await;
        let spread = |pick: fn(&log::LogRound) -> f64| Spread::of(rounds.iter().map(pick).collect());
        let (submission, rate) = (spread(|c| c.submission_cpu_micros), spread(|c| c.submissions_per_second));
        let (oldest, newest, millis) = (
            spread(|c| c.oldest_replay_cpu_micros),
            spread(|c| c.newest_replay_cpu_micros),
            spread(|c| c.newest_replay_elapsed_millis),
        );
        let (rate_text, millis_text) = (rate.format(0), millis.format(1));
        println!(
            "| {events} | {} | {rate_text} | {} | {} | {millis_text} |",
            submission.format(0),
            oldest.format(0),
            newest.format(0)
        );
        rows.push(json!({"events": events, "submission": submission, "rate": rate, "oldest": oldest, "newest": newest, "millis": millis}));
        events *= 10;
    }
    json!(rows)
}
