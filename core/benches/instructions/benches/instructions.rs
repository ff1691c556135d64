//! The bounds on the instructions per event: the run fails if one is exceeded. `cargo xtask bench instructions`.
//!
//! Callgrind counts the same on every run, however busy the machine is, so a bound can be close: 5 % above the count
//! when it was set. The counts depend on the compiler: `setup.sh` names its version.

use std::{fmt::Write as _, hint::black_box};

use automoderate::{
    Event, Origin,
    events::{self, Received},
    sio,
    testing::fuzz,
};
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};

#[path = "../../samples/mod.rs"]
mod samples;

/// Events in a run of the session.
const EVENTS: usize = 1000;

/// Fails beyond 5 % more than this many instructions.
fn bound(instructions: u64) -> LibraryBenchmarkConfig {
    let limit = instructions + instructions / 20;
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, limit)]));
    config
}

fn documented() -> String {
    samples::message("moderation_update", &samples::documented_update(r#","event_id":4711"#))
}

fn deployed() -> String {
    samples::message("moderation_update", samples::DEPLOYED_UPDATE)
}

fn stats() -> String {
    samples::message("stats_update", samples::STATS_UPDATE)
}

// From the text of a Socket.IO message to the event, including freeing it. The text is returned, so that freeing it
// does not count.
#[library_benchmark]
#[bench::documented(args = [documented()], config = bound(7_432))]
#[bench::deployed(args = [deployed()], config = bound(8_210))]
#[bench::stats(args = [stats()], config = bound(6_739))]
fn decode(message: String) -> String {
    let packet = sio::decode(black_box(&message)).expect("a packet");
    let (name, arguments) = sio::split_event(packet.data).expect("an event");
    let event = events::decode(&name, arguments, Received { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH });
    assert!(!matches!(event, Event::UnknownEvent(_) | Event::MalformedEvent(_)));
    drop(black_box(event));
    message
}

/// A joined project on a server with an event log, and the server's events.
fn script() -> String {
    let mut script = r#"42["joined_project",{"project_id":"p","replay":true,"event_id":0,"log":"l"}]"#.to_owned();
    for id in 1..=EVENTS {
        let update = samples::documented_update(&format!(r#","event_id":{id}"#)).replace("proj_abc123", "p");
        write!(script, "\n4{}", samples::message("moderation_update", &update)).expect("a text");
    }
    script
}

// From the frames to the events, each checked against the log, including freeing them: a thousand of them.
#[library_benchmark]
#[bench::thousand(args = [script()], config = bound(13_252_405))]
fn session(script: String) -> String {
    assert_eq!(fuzz::session(black_box(&script).as_bytes()), EVENTS);
    script
}

library_benchmark_group!(name = receiving, benchmarks = [decode, session]);
main!(library_benchmark_groups = receiving);
