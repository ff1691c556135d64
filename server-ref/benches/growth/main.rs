//! Checks whether an event costs the same as everything grows. Measured in CPU time, which depends little on other
//! load.
//!
//! - *clients*: 10, 100 and 1,000 of the SDK's clients in this process, each following the same project;
//! - *projects*: 1, 10 and 50 on one client;
//! - *sizes*: events of 130 bytes to 1 MB, per byte;
//! - *log*: 1,000 to a million events and items in the server's SQLite (`--log 10000000` for more): the server's cost
//!   of a submission, and of a replay of a thousand events.
//!
//! The server is in its own process. `cargo xtask bench growth -- clients --rounds 5`; rows for `docs/benchmarks.md` go
//! to stdout, the raw results and the plot to `docs/plots`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod child;
#[path = "../reference/http.rs"]
mod http;
mod log;
mod plot;
#[path = "../capacity/process.rs"]
#[allow(dead_code, reason = "of the capacity, which uses all of it")]
mod process;
mod readers;
#[path = "../report/mod.rs"]
mod report;
#[path = "../reference/socket.rs"]
mod socket;
#[path = "../reference/usage.rs"]
#[allow(dead_code, reason = "of the reference, which uses all of it")]
mod usage;

use clap::Parser;
use serde_json::{Value, json};

use child::Server;
use readers::Readers;
use report::Spread;

#[derive(Debug, Parser)]
pub(crate) struct Plan {
    /// clients, projects, sizes, log; all of them by default.
    what: Vec<String>,
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Events in the largest log.
    #[arg(long, default_value_t = 1_000_000)]
    log: u64,
    /// Measure nothing, and redraw the plot of the last runs.
    #[arg(long)]
    plot: bool,
    /// Added by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    if let Some(role) = child::role() {
        return child::run(&role).await;
    }
    let plan = Plan::parse();
    process::allow_files(4096);
    if !plan.plot {
        println!("{}; median [range] of {} rounds", report::heading(), plan.rounds);
        let chosen = |name: &str| plan.what.is_empty() || plan.what.iter().any(|what| what == name);
        if chosen("clients") {
            report::save("growth-clients", &clients(&plan).await);
        }
        if chosen("projects") {
            report::save("growth-projects", &projects(&plan).await);
        }
        if chosen("sizes") {
            report::save("growth-sizes", &sizes(&plan).await);
        }
        if chosen("log") {
            report::save("growth-log", &logs(&plan).await);
        }
    }
    plot::draw();
}

/// One untimed round, then the others.
async fn rounds(plan: &Plan, mut round: impl AsyncFnMut() -> f64) -> Spread {
    round().await;
    let mut values = Vec::new();
    for _ in 0..plan.rounds {
        values.push(round().await);
    }
    Spread::of(values)
}

async fn clients(plan: &Plan) -> Value {
    println!(
        "\n| clients in a process | in bursts of 200: CPU µs per event and client | one by one | an idle client, KiB |\n|--:|--:|--:|--:|"
    );
    let mut rows = Vec::new();
    for count in [10, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(folder.path(), 1).await;
        let before = usage::memory();
        let mut readers = Readers::clients(&server, count).await;
        let idle = usage::memory().saturating_sub(before) as f64 / 1024.0 / count as f64;
        // The same number of deliveries, however many clients share them.
        let bursts = rounds(plan, async || readers.cost(&mut server, 200_000 / count, 200, 430, count).await).await;
        let single = rounds(plan, async || readers.cost(&mut server, 2000 / count, 1, 430, count).await).await;
        println!("| {count} | {} | {} | {idle:.0} |", bursts.show(2), single.show(2));
        rows.push(json!({"clients": count, "bursts": bursts, "one_by_one": single, "idle_kib": idle}));
        readers.close().await;
    }
    json!(rows)
}

async fn projects(plan: &Plan) -> Value {
    println!("\n| projects on a client | in bursts of 500: CPU µs per event | one by one |\n|--:|--:|--:|");
    let mut rows = Vec::new();
    for count in [1, 10, 50] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(folder.path(), count).await;
        let mut readers = Readers::projects(&server).await;
        let bursts = rounds(plan, async || readers.cost(&mut server, 20_000, 500, 430, 1).await).await;
        let single = rounds(plan, async || readers.cost(&mut server, 200, 1, 430, 1).await).await;
        println!("| {count} | {} | {} |", bursts.show(2), single.show(1));
        rows.push(json!({"projects": count, "bursts": bursts, "one_by_one": single}));
        readers.close().await;
    }
    json!(rows)
}

async fn sizes(plan: &Plan) -> Value {
    println!("\n| bytes of an event | CPU µs per event | CPU ns per byte |\n|--:|--:|--:|");
    let mut rows = Vec::new();
    for (bytes, events, burst) in [(130, 20_000, 200), (1000, 20_000, 200), (100_000, 500, 50), (1_000_000, 50, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start(folder.path(), 1).await;
        let mut readers = Readers::clients(&server, 1).await;
        let cost = rounds(plan, async || readers.cost(&mut server, events, burst, bytes, 1).await).await;
        println!("| {bytes} | {} | {:.2} |", cost.show(2), cost.median * 1e3 / bytes as f64);
        rows.push(json!({"bytes": bytes, "micros": cost}));
        readers.close().await;
    }
    json!(rows)
}

async fn logs(plan: &Plan) -> Value {
    println!(
        "\n| events in the log | a submission: CPU µs | submissions/s | 1,000 events replayed, CPU µs: the oldest | the newest | ms |"
    );
    println!("|--:|--:|--:|--:|--:|--:|");
    let (mut rows, mut events) = (Vec::new(), 1000);
    while events <= plan.log {
        let rounds = log::measure(plan, events).await;
        let spread = |of: fn(&log::Costs) -> f64| Spread::of(rounds.iter().map(of).collect());
        let (submission, rate) = (spread(|c| c.submission_micros), spread(|c| c.submissions_per_second));
        let (oldest, newest, millis) =
            (spread(|c| c.oldest_micros), spread(|c| c.newest_micros), spread(|c| c.newest_millis));
        let (rate_text, millis_text) = (rate.show(0), millis.show(1));
        println!(
            "| {events} | {} | {rate_text} | {} | {} | {millis_text} |",
            submission.show(0),
            oldest.show(0),
            newest.show(0)
        );
        rows.push(json!({"events": events, "submission": submission, "rate": rate, "oldest": oldest, "newest": newest, "millis": millis}));
        events *= 10;
    }
    json!(rows)
}
