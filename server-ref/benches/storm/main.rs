//! A thousand clients lose their server at once, while items are submitted: when has each of them caught up?
//!
//! The server is killed with `kill -9` and started again on its port and database, at once or after a while. The
//! clients are the SDK's, in their own process, once with default settings and once without jitter. `cargo xtask bench
//! storm -- --clients 1000`; rows for `docs/benchmarks.md` go to stdout, the raw results and the plot to `docs/plots`.
//! The run fails if anything is lost or comes twice, or if a client gives up.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod clients;
#[path = "../capacity/process.rs"]
#[allow(dead_code, reason = "of the capacity, which uses all of it")]
mod process;
mod projects;
#[path = "../report/mod.rs"]
mod report;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod server;
mod writer;

use std::process::Stdio;
use std::time::Duration;

use automoderate::Client;
use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use clients::{Finish, Outcome, Start};
use report::chart::{Chart, histogram};
use server::Program;
use writer::{Writer, now};

/// The time of submissions before the kill: connections count as stable after 5 s.
const BEFORE: Duration = Duration::from_secs(6);
/// The server's defaults: the interval of pings, and the timeout of their answers, in seconds.
const PINGS: [&str; 2] = ["25", "20"];
const JITTERS: [f64; 2] = [0.5, 0.0];
/// The variable that makes a process run the clients.
const ROLE: &str = "STORM_ROLE";

#[derive(Debug, Parser)]
struct Plan {
    #[arg(long, default_value_t = 1000)]
    clients: usize,
    /// Distributed over the clients.
    #[arg(long, default_value_t = 10)]
    projects: usize,
    /// Items submitted per second, to the projects in turn.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// Seconds without a server; may be repeated.
    #[arg(long, default_values_t = [0, 5])]
    away: Vec<u64>,
    /// Measure nothing, and redraw the plot of the last run.
    #[arg(long)]
    plot: bool,
    /// Added by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Run {
    away: u64,
    jitter: f64,
    clients: usize,
    /// Milliseconds from the kill until the server was back.
    returned: u64,
    /// In bytes: the killed server's, and its successor's.
    peak_before: u64,
    peak: u64,
    /// The server's CPU time until all had caught up, in seconds.
    cpu: f64,
    outcome: Outcome,
}

#[tokio::main]
async fn main() {
    if std::env::var(ROLE).is_ok() {
        return clients::run().await;
    }
    let plan = Plan::parse();
    if !plan.plot {
        process::allow_files(2 * plan.clients as u64 + 512);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut runs = Vec::new();
        println!("{}; {} clients, {} contents/s\n", report::heading(), plan.clients, plan.rate);
        println!(
            "| no server for, s | jitter | attempts | max in 100 ms | caught up after, s: p50 | p99 | last | max since last attempt, s | server's peak, MiB (before) | server's CPU, s | gave up | lost | twice |"
        );
        println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
        for away in &plan.away {
            for jitter in JITTERS {
                let run = storm(&plan, *away, jitter).await;
                show(&run);
                runs.push(run);
            }
        }
        report::save("storm", &json!(runs));
        let outcomes = || runs.iter().map(|run| &run.outcome);
        assert!(runs.iter().all(|run| run.outcome.caught_up().len() == run.clients), "all have caught up");
        assert!(outcomes().all(|outcome| (outcome.closed, outcome.lost, outcome.twice, outcome.holes) == (0, 0, 0, 0)));
    }
    draw(&serde_json::from_value::<Vec<Run>>(report::saved("storm").unwrap()).unwrap());
}

async fn storm(plan: &Plan, away: u64, jitter: f64) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let projects = projects::make(folder.path(), plan.projects).await;
    let mut server = Program::start(folder.path(), 0, PINGS).await;
    let url = server.ready["base_url"].as_str().unwrap().to_owned();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, "clients")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut input, mut answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut tell = async |line: String| input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    let mut answer = async || answers.next_line().await.unwrap().expect("the clients' process lives");
    let start = Start { url: url.clone(), projects: projects.clone(), clients: plan.clients, jitter };
    tell(serde_json::to_string(&start).unwrap()).await;
    answer().await;
    let writer = Writer::start(&url, &projects, plan.rate);
    sleep(BEFORE).await;

    let (peak_before, struck) = (process::peak(server.id()), now());
    let clock = Instant::now();
    server.stop("KILL").await;
    sleep(Duration::from_secs(away)).await;
    let mut server = Program::start(folder.path(), server.port, PINGS).await;
    let returned = u64::try_from(clock.elapsed().as_millis()).unwrap();
    tell(struck.to_string()).await;
    answer().await;
    let cpu = process::of(server.id()).cpu.as_secs_f64();
    // Events in flight arrive, too.
    let acknowledged = writer.stop().await;
    let mut stored = Vec::new();
    for (_, key) in &projects {
        let client = Client::builder(&url).api_key(key.as_str()).build().unwrap();
        stored.push(usize::try_from(client.statistics().await.unwrap().total_content).unwrap());
    }
    tell(serde_json::to_string(&Finish { acknowledged, stored }).unwrap()).await;
    let outcome: Outcome = serde_json::from_str(&answer().await).unwrap();
    let peak = process::peak(server.id());
    server.stop("KILL").await;
    Run { away, jitter, clients: plan.clients, returned, peak_before, peak, cpu, outcome }
}

fn show(run: &Run) {
    let outcome = &run.outcome;
    let (caught_up, alone) = (outcome.caught_up(), outcome.slowest());
    let at =
        |share: f64| caught_up.get((caught_up.len().saturating_sub(1) as f64 * share) as usize).unwrap_or(&f64::NAN);
    let attempts = histogram(&outcome.attempts(), 0.1, 120.0);
    let most = attempts.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    println!(
        "| {:.1} | {} | {} | {most} | {:.1} | {:.1} | {:.1} | {alone:.1} | {:.0} ({:.0}) | {:.1} | {} | {} | {} |",
        run.returned as f64 / 1000.0,
        run.jitter,
        outcome.attempts().len(),
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

fn draw(runs: &[Run]) {
    let (mut charts, mut absences) = (Vec::new(), runs.iter().map(|run| run.away).collect::<Vec<_>>());
    absences.dedup();
    for away in absences {
        let these = || runs.iter().filter(|run| run.away == away);
        let until = these().flat_map(|run| run.outcome.caught_up()).fold(0.0, f64::max).ceil();
        let jitter = |run: &Run| format!("jitter {}", run.jitter);
        let attempts = |run: &Run| (jitter(run), histogram(&run.outcome.attempts(), 0.1, until));
        let share = |run: &Run| {
            let times = run.outcome.caught_up();
            let percent = |(n, at): (usize, &f64)| (*at, (n + 1) as f64 * 100.0 / run.clients as f64);
            (jitter(run), [(0.0, 0.0)].into_iter().chain(times.iter().enumerate().map(percent)).collect())
        };
        let x = "seconds since the server was killed";
        let title = |what: &str| format!("{what}, the server away for {away} s");
        let lines = these().map(attempts).collect();
        charts.push(Chart { title: title("Attempts"), x, y: "per 100 ms", log_x: false, lines });
        let lines = these().map(share).collect();
        charts.push(Chart { title: title("Caught up"), x, y: "% of the clients", log_x: false, lines });
    }
    report::draw("storm", &charts);
}
