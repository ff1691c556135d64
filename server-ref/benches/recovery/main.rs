//! The time to detect a lost connection, and until events arrive again, with default settings.
//!
//! Each fault has its own server, relay and client, and a connection that counts as stable. `cargo xtask prove recovery
//! //! [-- cut kill]`; the table goes to stdout.
#![allow(clippy::unwrap_used, reason = "a failed unwrap ends the run")]

#[path = "../../tests/stock/faults/relay.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod relay;
#[path = "../../tests/stock/faults/server.rs"]
#[allow(dead_code, reason = "of the faults, which use all of it")]
mod server;

use std::time::Duration;

use automoderate::{Client, Event, EventStream, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use relay::{Mode, Relay};
use server::Program;

/// The server's defaults: the interval of pings, and the timeout of their answers, in seconds.
const PINGS: [&str; 2] = ["25", "20"];
const STROKES: usize = 20;
/// The number at once: where processes start, and where faults only wait.
const FEW: usize = 4;
/// A connection is stable after 5 s.
const STABLE: Duration = Duration::from_millis(5_500);
/// The pause between two items.
const PACE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Cut,
    Reset,
    Silence,
    SilenceAndHint,
    Restart,
    Kill,
    /// The address is gone, and another one works.
    Failover,
}

const ALL: [(Fault, &str); 7] = [
    (Fault::Cut, "cut"),
    (Fault::Reset, "reset"),
    (Fault::Silence, "silence"),
    (Fault::SilenceAndHint, "hint"),
    (Fault::Restart, "restart"),
    (Fault::Kill, "kill"),
    (Fault::Failover, "failover"),
];

/// Times from the fault until the client detected it, until the first event submitted after it arrived, and until the
/// server was back.
struct Times {
    noticed: Duration,
    recovered: Duration,
    away: Duration,
}

#[tokio::main]
async fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    println!("| fault | times | detected after | events again after | of that, no server for |");
    println!("|---|--:|--:|--:|--:|");
    for (fault, name) in ALL {
        if !chosen.is_empty() && !chosen.iter().any(|wanted| wanted == name) {
            continue;
        }
        let at_once = if matches!(fault, Fault::Silence | Fault::SilenceAndHint) { STROKES } else { FEW };
        let (mut running, mut times, mut started) = (JoinSet::new(), Vec::new(), 0);
        while times.len() < STROKES {
            while started < STROKES && running.len() < at_once {
                // At different moments between two pings.
                running.spawn(stroke(fault, Duration::from_millis(1_250 * started as u64)));
                started += 1;
            }
            times.push(running.join_next().await.unwrap().unwrap());
        }
        let column = |pick: fn(&Times) -> Duration| {
            let mut all: Vec<_> = times.iter().map(|times| pick(times).as_secs_f64()).collect();
            all.sort_by(f64::total_cmp);
            format!("{:.2} ({:.2})", all[all.len() / 2], all[all.len() - 1])
        };
        let (noticed, recovered) = (column(|t| t.noticed), column(|t| t.recovered));
        println!("| {name} | {STROKES} | {noticed} | {recovered} | {} |", column(|t| t.away));
    }
    println!("\nmedian (longest), in seconds");
}

async fn stroke(fault: Fault, shift: Duration) -> Times {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Program::start(folder.path(), 0, PINGS).await;
    let (relay, other) = (Relay::start(server.port).await, Relay::start(server.port).await);
    let text = |name: &str| server.ready[name].as_str().unwrap().to_owned();
    let mut builder = Client::builder(relay.url()).api_key(text("api_key"));
    if fault == Fault::Failover {
        builder = builder.fallback_url(other.url());
    }
    let client = builder.connect().await.unwrap();
    let mut events = client.join(text("project_id")).await.unwrap().events();
    let writer = Client::builder(text("base_url")).api_key(text("api_key")).build().unwrap();
    let wait_for_ping = matches!(fault, Fault::Silence);
    sleep(STABLE + if wait_for_ping { shift } else { Duration::ZERO }).await;
    // Still alive, and not in the middle of a step.
    writer.moderate("before").await.unwrap();
    next_update(&mut events).await;

    let struck = Instant::now();
    let watching = tokio::spawn({
        let client = client.clone();
        async move {
            let mut states = client.state_changes();
            while !matches!(states.next().await, Some(State::Reconnecting { .. })) {}
            struck.elapsed()
        }
    });
    let mut away = Duration::ZERO;
    match fault {
        Fault::Cut | Fault::Reset | Fault::Silence | Fault::SilenceAndHint => {
            relay.set(match fault {
                Fault::Cut => Mode::Cut,
                Fault::Reset => Mode::Reset,
                _ => Mode::Silence,
            });
            relay.has_struck().await;
            relay.set(Mode::Pass);
            if fault == Fault::SilenceAndHint {
                client.network_changed();
            }
        }
        Fault::Failover => relay.set(Mode::Cut),
        Fault::Restart | Fault::Kill => {
            let port = server.port;
            server.stop(if fault == Fault::Kill { "KILL" } else { "TERM" }).await;
            server = Program::start(folder.path(), port, PINGS).await;
            away = struck.elapsed();
        }
    }
    let writing = tokio::spawn(async move {
        loop {
            // The server may not be back yet.
            let _ = writer.moderate("after").await;
            sleep(PACE).await;
        }
    });
    loop {
        if next_update(&mut events).await == "after" {
            break;
        }
    }
    let recovered = struck.elapsed();
    writing.abort();
    let noticed = watching.await.unwrap();
    client.close().await;
    drop(server);
    Times { noticed, recovered, away }
}

/// The item of the next decision.
async fn next_update(events: &mut EventStream) -> String {
    loop {
        match events.next().await.unwrap().unwrap() {
            Event::ModerationUpdate(update) => return update.content_preview,
            Event::StatsUpdate(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
