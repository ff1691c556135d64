//! Limits on the number of instructions that each benchmark executes, for `cargo xtask bench instructions`. The run
//! fails if a limit is exceeded.
//!
//! Callgrind counts the same number of instructions on every run, no matter how busy the machine is. The limits are
//! therefore tight: each limit is 5 % above the count at the time when the limit was set. The counts depend on the
//! compiler, so `setup.sh` requires a particular compiler version.

use std::{fmt::Write as _, hint::black_box};

use automoderate::{
    Event, Origin,
    events::{self, Arrival},
    sio,
    testing::fuzz,
};
use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};

#[path = "../../samples/mod.rs"]
mod samples;

/// Number of events in each run of the benchmark `session`.
const EVENTS: usize = 1000;

/// Limits a benchmark to 5 % more than the given number of instructions.
fn instruction_limit(instructions: u64) -> LibraryBenchmarkConfig {
    let limit = instructions + instructions / 20;
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(Callgrind::default().hard_limits([(EventKind::Ir, limit)]));
    config
}

fn documented_message() -> String {
    samples::socket_io_message("moderation_update", &samples::documented_update(r#","event_id":4711"#))
}

fn deployed_message() -> String {
    samples::socket_io_message("moderation_update", samples::DEPLOYED_UPDATE)
}

fn stats_message() -> String {
    samples::socket_io_message("stats_update", samples::STATS_UPDATE)
}

// Measures decoding a Socket.IO message into an event, and freeing the event. The function returns the text so that
// freeing the text is not measured.
#[library_benchmark]
#[bench::documented_message(args = [documented_message()], config = instruction_limit(7_432))]
#[bench::deployed_message(args = [deployed_message()], config = instruction_limit(8_210))]
#[bench::stats_message(args = [stats_message()], config = instruction_limit(6_739))]
fn decode(message: String) -> String {
    let packet = sio::decode(black_box(&message)).expect("a packet");
    let (name, arguments) = sio::split_event(packet.data).expect("an event");
    let event = events::decode(&name, arguments, Arrival { origin: Origin::Live, at: jiff::Timestamp::UNIX_EPOCH });
    assert!(!matches!(event, Event::UnknownEvent(_) | Event::MalformedEvent(_)));
    drop(black_box(event));
    message
}

/// Returns the frames that a server with an event log sends: the confirmation of a join, and then the events.
fn session_script() -> String {
    let mut script = r#"42["joined_project",{"project_id":"p","replay":true,"event_id":0,"log":"l"}]"#.to_owned();
    for id in 1..=EVENTS {
        let update = samples::documented_update(&format!(r#","event_id":{id}"#)).replace("proj_abc123", "p");
        write!(script, "\n4{}", samples::socket_io_message("moderation_update", &update))
            .expect("writing to a String cannot fail");
    }
    script
}

// Measures a session that processes the frames of a thousand events. The measurement includes checking that no event id
// is missing, and freeing the events.
#[library_benchmark]
#[bench::thousand(args = [session_script()], config = instruction_limit(13_252_405))]
fn session(script: String) -> String {
    assert_eq!(fuzz::run_session_script(black_box(&script).as_bytes()), EVENTS);
    script
}

library_benchmark_group!(name = receiving, benchmarks = [decode, session]);
main!(library_benchmark_groups = receiving);
