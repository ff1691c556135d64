//! A third-party client, in the separate workspace `core/benches/peers` and in its own process.

use std::process::Command;

use crate::{EventLog, usage::Cost};

/// Returns the path of the third-party client's program, which `make bench` builds. Without a path, the table omits the
/// client.
pub(crate) fn program_path() -> Option<String> {
    std::env::var("PEER").ok()
}

pub(crate) fn read(port: u16, log: EventLog, events: usize) -> Cost {
    let program = program_path().expect("a program");
    let arguments = [port.to_string(), log.project_id().to_owned(), events.to_string()];
    let output = Command::new(&program).args(arguments).output().expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [events_per_second, cpu_micros_per_event] = figures[..] else {
        panic!("{program} printed no measurement: {}", String::from_utf8_lossy(&output.stderr));
    };
    Cost { events_per_second, cpu_micros_per_event }
}
