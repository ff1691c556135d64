//! From `POST /api/moderate` to the callback of a user's program, in each language, at 10, 1,000 and 10,000 items a
//! second.
//!
//! The server and the waiting program have their own processes, all on the same machine. `cargo xtask bench latency`;
//! without it, `LATENCY_PYTHON` and `LATENCY_NODE` name interpreters that find the bindings, and `LATENCY_SWIFT` is the
//! command that `bindings-swift/bench.sh --latency` prints. Rows for `docs/benchmarks.md` go to stdout, the raw results
//! and the plot to `docs/plots`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the measurement")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod child;
mod clock;
#[path = "../reference/http.rs"]
mod http;
mod load;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod program;
#[path = "../storm/projects.rs"]
mod projects;
#[path = "../report/mod.rs"]
mod report;
mod subscriber;

use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;

use child::Server;
use program::Program;
use report::chart::Chart;
use subscriber::{Language, Subscriber};

/// Items per second, and the number of seconds.
const RATES: [(usize, usize); 3] = [(10, 30), (1000, 15), (10_000, 10)];

#[derive(Debug, Parser)]
struct Plan {
    /// Measure nothing, and redraw the plot of the last run.
    #[arg(long)]
    plot: bool,
    /// Added by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Run {
    language: String,
    per_second: usize,
    /// The number of answers per second.
    reached: f64,
    /// Milliseconds per per-mille, from the lowest.
    permilles: Vec<f64>,
}

#[tokio::main]
async fn main() {
    if subscriber::run().await {
        return;
    }
    if !Plan::parse().plot {
        let _ = rustls::crypto::ring::default_provider().install_default();
        println!("{}\n", report::heading());
        println!("| items/s | reached | language | p50 ms | p99 ms | p99.9 ms | max |\n|--:|--:|---|--:|--:|--:|--:|");
        let (languages, mut runs) = (subscriber::languages(), Vec::new());
        for (per_second, seconds) in RATES {
            for language in &languages {
                let run = measure(language, per_second, seconds).await;
                show(&run);
                runs.push(run);
            }
        }
        report::save("latency", &json!(runs));
    }
    draw(&serde_json::from_value::<Vec<Run>>(report::saved("latency").unwrap()).unwrap());
}

async fn measure((language, words): &Language, per_second: usize, seconds: usize) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let project = projects::make(folder.path(), 1).await.remove(0);
    let mut program = Program::start(folder.path(), 0, ["25", "20"]).await;
    let url = format!("http://127.0.0.1:{}", program.port);
    let count = per_second * seconds;
    let subscriber = Subscriber::start(words, &url, &project, count).await;
    let server = Server { port: program.port, key: project.1.clone() };
    let reached = load::submit(&server, count, per_second).await;
    let mut times = subscriber.times().await;
    program.stop("KILL").await;
    assert!(
        times.len() == count && times.iter().all(|time| *time >= 0),
        "every event once, and after it was submitted"
    );
    // The first second warms up.
    times.drain(..per_second);
    times.sort_unstable();
    let at = |permille: usize| times[(times.len() - 1) * permille / 1000] as f64 / 1000.0;
    Run { language: (*language).into(), per_second, reached, permilles: (0..=1000).map(at).collect() }
}

fn show(run: &Run) {
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

fn draw(runs: &[Run]) {
    let chart = |(per_second, _)| {
        let lines = runs.iter().filter(|run| run.per_second == per_second).map(|run| {
            // From half of the events to one in a thousand, as "one in": 2 to 1,000.
            let point = |permille: usize| (1000.0 / (1000 - permille) as f64, run.permilles[permille]);
            (run.language.clone(), (500..1000).map(point).collect())
        });
        Chart {
            title: format!("From POST to callback, {per_second} items per second"),
            x: "one event in so many takes longer",
            y: "ms",
            log_x: true,
            lines: lines.collect(),
        }
    };
    report::draw("latency", &RATES.map(chart));
}
