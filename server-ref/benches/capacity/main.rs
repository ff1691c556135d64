//! The cost of many connections: tens of thousands of light sockets over many projects, on one node or several, on one
//! machine.
//!
//! `cargo xtask bench capacity -- --connections 20000 --nodes 2`; the table goes to stdout, and `docs/capacity.md`
//! explains it. Sockets come from 127.0.0.2, .3, …, because one address has too few ports. Needs Linux, and as many
//! open files (`ulimit -n`) as connections.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod client;
mod fleet;
mod latency;
mod process;
mod stage;
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::time::sleep;

use fleet::Fleet;
use latency::Latency;
use process::Usage;
use stage::Stage;

#[derive(Debug, Parser)]
struct Plan {
    /// Sockets, distributed over the nodes; each joins one project.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Projects, distributed over the sockets.
    #[arg(long, default_value_t = 1_000)]
    projects: usize,
    /// Items submitted per second, distributed over the projects.
    #[arg(long, default_value_t = 200)]
    rate: usize,
    /// The time that the sockets are idle, and then the time that items are submitted.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// More than one needs PostgreSQL and Redis, which `cargo xtask bench capacity` starts.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Added by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let plan = Plan::parse();
    process::allow_files(plan.connections as u64 + 512);
    let stage = Stage::set(plan.nodes, plan.projects).await;
    println!("{plan:?}\n");
    let (latency, seconds) = (Arc::new(Latency::default()), Duration::from_secs(plan.seconds));

    let (before, started) = (stage.usage(), Instant::now());
    let fleet = Fleet::connect(&stage, plan.connections, latency.clone()).await;
    let elapsed = started.elapsed();
    // The buffers of the handshakes are freed.
    sleep(Duration::from_secs(2)).await;
    let after = stage.usage();
    let memory = after.nodes.memory.saturating_sub(before.nodes.memory) as f64 / plan.connections as f64 / 1024.0;
    println!("connecting and joining: {:.0} per second", plan.connections as f64 / elapsed.as_secs_f64());
    println!("  node memory per connection: {memory:.1} KiB ({:.0} MiB at first)", mib(before.nodes.memory));
    show("  per connection", &before, &after, plan.connections as f64, "connection");

    let before = stage.usage();
    sleep(seconds).await;
    println!("\nidle, {} s:", plan.seconds);
    show("  per second", &before, &stage.usage(), seconds.as_secs_f64(), "s");

    let (before, told) = (stage.usage(), stage.told().await);
    let tally = traffic::run(&stage, plan.rate, seconds).await;
    fleet.settles().await;
    let (after, told) = (stage.usage(), stage.told().await.since(&told));
    println!(
        "\ntraffic, {} items in {:.1} s ({} refused):",
        tally.accepted,
        tally.elapsed.as_secs_f64(),
        tally.refused
    );
    println!("  answered within: {}", tally.latency.show());
    println!(
        "  delivered: {} updates, {:.0} per second, within: {}",
        latency.count(),
        latency.count() as f64 / tally.elapsed.as_secs_f64(),
        latency.show()
    );
    println!("  due: {}; connections lost: {}", fleet.due(tally.accepted, plan.projects), fleet.lost());
    show("  per content", &before, &after, tally.accepted as f64, "content");
    println!(
        "  PostgreSQL: {:.2} commits per content; Redis: {:.2} messages in, {:.0} bytes out per content",
        told.commits as f64 / tally.accepted as f64,
        told.commands as f64 / tally.accepted as f64,
        told.bytes_out as f64 / tally.accepted as f64
    );
    println!(
        "  memory at the end: nodes {:.0} MiB, PostgreSQL {:.0} MiB, Redis {:.0} MiB",
        mib(after.nodes.memory),
        mib(after.postgres.memory),
        mib(after.redis.memory)
    );
    stage.strike().await;
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn show(what: &str, before: &Usage, after: &Usage, of: f64, unit: &str) {
    let cpu =
        |before: &process::Sum, after: &process::Sum| after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / of;
    println!(
        "{what}: nodes {:.1} µs of CPU/{unit}, PostgreSQL {:.1} µs, Redis {:.1} µs",
        cpu(&before.nodes, &after.nodes),
        cpu(&before.postgres, &after.postgres),
        cpu(&before.redis, &after.redis)
    );
}
