//! The cost of many connections: tens of thousands of light sockets in many projects, on one machine that runs one or
//! several nodes.
//!
//! `cargo xtask bench capacity -- --connections 20000 --nodes 2` prints the figures that `docs/capacity.md` explains. The
//! sockets bind to 127.0.0.2, 127.0.0.3 and so on, because one address has too few ports. The benchmark needs Linux,
//! and permission to open 512 more files than connections (`ulimit -n`).
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]
#![allow(clippy::cast_precision_loss, reason = "printed figures need no full precision")]

mod client;
mod fleet;
mod latency;
mod process;
mod test_bed;
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::time::sleep;

use fleet::Fleet;
use latency::LatencyHistogram;
use process::{ProcessUsage, SystemUsage};
use test_bed::TestBed;

/// Measures the cost of many connections.
#[derive(Debug, Parser)]
struct CapacityOptions {
    /// Number of sockets, distributed over the nodes. Each joins one project.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Number of projects, over which the sockets are distributed.
    #[arg(long, default_value_t = 1_000)]
    projects: usize,
    /// Number of items submitted per second, distributed over the projects.
    #[arg(long, default_value_t = 200)]
    rate: usize,
    /// Duration of each phase in seconds: first the sockets are idle, then items are submitted.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Number of nodes. More than one needs PostgreSQL, which `cargo xtask bench capacity` starts together with Redis.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Flag that cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let options = CapacityOptions::parse();
    process::raise_open_file_limit(options.connections as u64 + 512);
    let test_bed = TestBed::start(options.nodes, options.projects).await;
    println!("{options:?}\n");
    let (latency, seconds) = (Arc::new(LatencyHistogram::default()), Duration::from_secs(options.seconds));

    let (before, started) = (test_bed.usage(), Instant::now());
    let fleet = Fleet::connect(&test_bed, options.connections, latency.clone()).await;
    let elapsed = started.elapsed();
    // Give the nodes time to free the buffers of the handshakes.
    sleep(Duration::from_secs(2)).await;
    let after = test_bed.usage();
    let memory = after.nodes.resident_bytes.saturating_sub(before.nodes.resident_bytes) as f64
        / options.connections as f64
        / 1024.0;
    println!("connecting and joining: {:.0} per second", options.connections as f64 / elapsed.as_secs_f64());
    println!("  node memory per connection: {memory:.1} KiB ({:.0} MiB at first)", mib(before.nodes.resident_bytes));
    print_cost("  per connection", &before, &after, options.connections as f64, "connection");

    let before = test_bed.usage();
    sleep(seconds).await;
    println!("\nidle, {} s:", options.seconds);
    print_cost("  per second", &before, &test_bed.usage(), seconds.as_secs_f64(), "s");

    let (before, counters) = (test_bed.usage(), test_bed.service_counters().await);
    let result = traffic::submit_steadily(&test_bed, options.rate, seconds).await;
    fleet.wait_until_quiet().await;
    let (after, counters) = (test_bed.usage(), test_bed.service_counters().await.since(&counters));
    println!(
        "\ntraffic, {} items in {:.1} s ({} refused):",
        result.accepted,
        result.elapsed.as_secs_f64(),
        result.refused_or_failed
    );
    println!("  answered within: {}", result.latency.summary());
    println!(
        "  delivered: {} updates, {:.0} per second, within: {}",
        latency.count(),
        latency.count() as f64 / result.elapsed.as_secs_f64(),
        latency.summary()
    );
    println!(
        "  due: {}; connections lost: {}",
        fleet.expected_updates(result.accepted, options.projects),
        fleet.lost_connections()
    );
    print_cost("  per content", &before, &after, result.accepted as f64, "content");
    println!(
        "  PostgreSQL: {:.2} commits per content; Redis: {:.2} messages in, {:.0} bytes out per content",
        counters.postgres_commits as f64 / result.accepted as f64,
        counters.redis_commands as f64 / result.accepted as f64,
        counters.redis_bytes_out as f64 / result.accepted as f64
    );
    println!(
        "  memory at the end: nodes {:.0} MiB, PostgreSQL {:.0} MiB, Redis {:.0} MiB",
        mib(after.nodes.resident_bytes),
        mib(after.postgres.resident_bytes),
        mib(after.redis.resident_bytes)
    );
    test_bed.stop().await;
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn print_cost(phase: &str, before: &SystemUsage, after: &SystemUsage, count: f64, unit: &str) {
    let cpu =
        |before: &ProcessUsage, after: &ProcessUsage| after.cpu.saturating_sub(before.cpu).as_secs_f64() * 1e6 / count;
    println!(
        "{phase}: nodes {:.1} µs of CPU/{unit}, PostgreSQL {:.1} µs, Redis {:.1} µs",
        cpu(&before.nodes, &after.nodes),
        cpu(&before.postgres, &after.postgres),
        cpu(&before.redis, &after.redis)
    );
}
