//! Measures the time until a lost connection is detected, and until events arrive again, with default settings.
//!
//! Each measurement has its own server, relays and client, and its fault hits a connection that counts as stable.
//! `cargo xtask prove recovery [-- cut kill]` prints a table.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]

#[path = "../../tests/stock/faults/relay.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod relay;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "the tests of faults use the rest")]
mod server;

use std::time::Duration;

use automoderate::{Client, Event, EventStream, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use relay::{FaultRelay, RelayMode};
use server::DemoServer;

/// The server's default interval between pings, and its timeout for their answers, in seconds.
const PING_SECONDS: [&str; 2] = ["25", "20"];
/// Number of measurements of each fault.
const REPETITIONS: usize = 20;
/// Number of concurrent measurements of faults other than silences. A silence hardly uses the processor, so all
/// measurements of silences run at once.
const CONCURRENT_MEASUREMENTS: usize = 4;
/// Time after which a connection counts as stable (5 s), with a margin.
const STABLE_AFTER: Duration = Duration::from_millis(5_500);
/// Pause between two items.
const ITEM_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Cut,
    Reset,
    Silence,
    SilenceAndHint,
    Restart,
    Kill,
    /// The server's first address stops working, while the fallback address still works.
    Failover,
}

const NAMED_FAULTS: [(Fault, &str); 7] = [
    (Fault::Cut, "cut"),
    (Fault::Reset, "reset"),
    (Fault::Silence, "silence"),
    (Fault::SilenceAndHint, "hint"),
    (Fault::Restart, "restart"),
    (Fault::Kill, "kill"),
    (Fault::Failover, "failover"),
];

/// Times since the fault.
struct RecoveryTimes {
    /// Time until the client detected the loss.
    detected: Duration,
    /// Time until the arrival of the first event for an item that was submitted after the fault.
    recovered: Duration,
    /// Time until the server was back; zero if it did not stop.
    server_absence: Duration,
}

#[tokio::main]
async fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("| fault | times | detected after | events again after | of that, no server for |");
    println!("|---|--:|--:|--:|--:|");
    for (fault, name) in NAMED_FAULTS {
        if !chosen.is_empty() && !chosen.iter().any(|wanted| wanted == name) {
            continue;
        }
        let concurrent =
            if matches!(fault, Fault::Silence | Fault::SilenceAndHint) { REPETITIONS } else { CONCURRENT_MEASUREMENTS };
        let (mut running, mut results, mut started) = (JoinSet::new(), Vec::new(), 0);
        while results.len() < REPETITIONS {
            while started < REPETITIONS && running.len() < concurrent {
                // Silences without a hint start at different moments between two pings.
                running.spawn(measure_fault(fault, Duration::from_millis(1_250 * started as u64)));
                started += 1;
            }
            results.push(running.join_next().await.unwrap().unwrap());
        }
        let column = |pick: fn(&RecoveryTimes) -> Duration| {
            let mut all: Vec<_> = results.iter().map(|times| pick(times).as_secs_f64()).collect();
            all.sort_by(f64::total_cmp);
            format!("{:.2} ({:.2})", all[all.len() / 2], all[all.len() - 1])
        };
        let (detected, recovered) = (column(|t| t.detected), column(|t| t.recovered));
        println!("| {name} | {REPETITIONS} | {detected} | {recovered} | {} |", column(|t| t.server_absence));
    }
    println!("\nmedian (longest), in seconds");
}

async fn measure_fault(fault: Fault, delay: Duration) -> RecoveryTimes {
    let folder = tempfile::tempdir().unwrap();
    let mut server = DemoServer::start(folder.path(), 0, PING_SECONDS).await;
    let (relay, fallback_relay) = (FaultRelay::start(server.port).await, FaultRelay::start(server.port).await);
    let text = |name: &str| server.ready[name].as_str().unwrap().to_owned();
    let mut builder = Client::builder(relay.url()).api_key(text("api_key"));
    if fault == Fault::Failover {
        builder = builder.fallback_url(fallback_relay.url());
    }
    let client = builder.connect().await.unwrap();
    let mut events = client.join(text("project_id")).await.unwrap().events();
    let writer = Client::builder(text("base_url")).api_key(text("api_key")).build().unwrap();
    let delay = if fault == Fault::Silence { delay } else { Duration::ZERO };
    sleep(STABLE_AFTER + delay).await;
    // Checks, before the fault, that events arrive.
    writer.moderate("before").await.unwrap();
    next_decided_item(&mut events).await;

    let hit_at = Instant::now();
    let detection = tokio::spawn({
        let client = client.clone();
        async move {
            let mut states = client.state_changes();
            while !matches!(states.next().await, Some(State::Reconnecting { .. })) {}
            hit_at.elapsed()
        }
    });
    let mut server_absence = Duration::ZERO;
    match fault {
        Fault::Cut | Fault::Reset | Fault::Silence | Fault::SilenceAndHint => {
            relay.set_mode(match fault {
                Fault::Cut => RelayMode::Cut,
                Fault::Reset => RelayMode::Reset,
                _ => RelayMode::Silence,
            });
            relay.wait_until_applied().await;
            relay.set_mode(RelayMode::Pass);
            if fault == Fault::SilenceAndHint {
                client.network_changed();
            }
        }
        Fault::Failover => relay.set_mode(RelayMode::Cut),
        Fault::Restart | Fault::Kill => {
            let port = server.port;
            server.stop(if fault == Fault::Kill { "KILL" } else { "TERM" }).await;
            server = DemoServer::start(folder.path(), port, PING_SECONDS).await;
            server_absence = hit_at.elapsed();
        }
    }
    let submissions = tokio::spawn(async move {
        loop {
            // After a restart, a request may fail because the writer's idle connection to the previous process is dead.
            let _ = writer.moderate("after").await;
            sleep(ITEM_INTERVAL).await;
        }
    });
    loop {
        if next_decided_item(&mut events).await == "after" {
            break;
        }
    }
    let recovered = hit_at.elapsed();
    submissions.abort();
    let detected = detection.await.unwrap();
    client.close().await;
    drop(server);
    RecoveryTimes { detected, recovered, server_absence }
}

/// Returns the text of the next item that was decided.
async fn next_decided_item(events: &mut EventStream) -> String {
    loop {
        match events.next().await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => return update.content_preview,
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
