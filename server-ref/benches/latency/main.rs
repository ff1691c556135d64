//! The time from `POST /api/moderate` until the event reaches a user's program, in each language, at 10, 1,000 and
//! 10,000 items a second.
//!
//! The server and the user's program are separate processes on the same machine. Run this with `cargo xtask bench
//! latency`. To run the benchmark without that command, set `LATENCY_PYTHON` and `LATENCY_NODE` to interpreters that
//! can load the bindings, and `LATENCY_SWIFT` to the command that `bindings-swift/bench.sh --latency` prints; a
//! language whose variable is not set is skipped. The benchmark prints rows for `docs/benchmarks.md`, and writes the
//! raw results and the plot to `docs/plots`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]
#![allow(clippy::cast_precision_loss, reason = "printed figures need no full precision")]

mod child;
mod clock;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod demo_server;
#[path = "../reference/http.rs"]
mod http;
mod load;
#[path = "../storm/projects.rs"]
mod projects;
#[path = "../report/mod.rs"]
mod report;
mod subscriber;

use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;

use child::MeasuredServer;
use demo_server::DemoServer;
use report::chart::Chart;
use subscriber::{Language, Subscriber};

/// Items submitted per second, and the duration in seconds, of each run.
const RATES_AND_SECONDS: [(usize, usize); 3] = [(10, 30), (1000, 15), (10_000, 10)];

/// Measures the time from a submission until its event reaches a user's program.
#[derive(Debug, Parser)]
struct LatencyOptions {
    /// Redraws the plot of the last run without new measurements.
    #[arg(long)]
    plot: bool,
    /// Flag that cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Results for one language and rate.
#[derive(Debug, Serialize, Deserialize)]
struct LatencyRun {
    language: String,
    /// Items submitted per second.
    per_second: usize,
    /// Answers per second.
    reached: f64,
    /// Latency in milliseconds at each permille, from 0 (the lowest) to 1,000 (the highest).
    permilles: Vec<f64>,
}

#[tokio::main]
async fn main() {
    if subscriber::run_if_requested().await {
        return;
    }
    if !LatencyOptions::parse().plot {
        let _ = rustls::crypto::ring::default_provider().install_default();
        println!("{}\n", report::machine_and_load());
        println!("| items/s | reached | language | p50 ms | p99 ms | p99.9 ms | max |\n|--:|--:|---|--:|--:|--:|--:|");
        let (languages, mut runs) = (subscriber::languages(), Vec::new());
        for (per_second, seconds) in RATES_AND_SECONDS {
            for language in &languages {
                let run = measure(language, per_second, seconds).await;
                print_row(&run);
                runs.push(run);
            }
        }
        report::save_results("latency", &json!(runs));
    }
    draw_charts(&serde_json::from_value::<Vec<LatencyRun>>(report::load_results("latency").unwrap()).unwrap());
}

async fn measure((language, command): &Language, per_second: usize, seconds: usize) -> LatencyRun {
    let folder = tempfile::tempdir().unwrap();
    let project = projects::create_projects(folder.path(), 1).await.remove(0);
    let mut server_process = DemoServer::start(folder.path(), 0, ["25", "20"]).await;
    let url = format!("http://127.0.0.1:{}", server_process.port);
    let count = per_second * seconds;
    let subscriber = Subscriber::start(command, &url, &project, count).await;
    let server = MeasuredServer { port: server_process.port, key: project.1.clone() };
    let reached = load::submit(&server, count, per_second).await;
    let mut latencies = subscriber.latencies().await;
    server_process.stop("KILL").await;
    assert!(
        latencies.len() == count && latencies.iter().all(|latency| *latency >= 0),
        "an event is missing, was delivered twice, or arrived before its submission"
    );
    // The first second is a warm-up.
    latencies.drain(..per_second);
    latencies.sort_unstable();
    let at = |permille: usize| latencies[(latencies.len() - 1) * permille / 1000] as f64 / 1000.0;
    LatencyRun { language: (*language).into(), per_second, reached, permilles: (0..=1000).map(at).collect() }
}

fn print_row(run: &LatencyRun) {
    let at = |permille: usize| run.permilles[permille];
    println!(
        "| {} | {:.0} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
        run.per_second,
        run.reached,
        run.language,
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

fn draw_charts(runs: &[LatencyRun]) {
    let chart = |(per_second, _)| {
        let lines = runs.iter().filter(|run| run.per_second == per_second).map(|run| {
            // The x axis is "one event in …": from 2 (half of the events) to 1,000 (one in a thousand).
            let point = |permille: usize| (1000.0 / (1000 - permille) as f64, run.permilles[permille]);
            (run.language.clone(), (500..1000).map(point).collect())
        });
        Chart {
            title: format!("From POST to callback, {per_second} items per second"),
            x_label: "one event in so many takes longer",
            y_label: "ms",
            log_x: true,
            lines: lines.collect(),
        }
    };
    report::draw_charts("latency", &RATES_AND_SECONDS.map(chart));
}
