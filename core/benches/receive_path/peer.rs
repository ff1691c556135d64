//! A third-party client, in its own process and workspace: `core/benches/peers`.

use std::process::Command;

use crate::{Log, usage::Cost};

/// The path of its program. `make bench` builds it; without it the table has no such row.
pub(crate) fn program() -> Option<String> {
    std::env::var("PEER").ok()
}

pub(crate) fn read(port: u16, log: Log, events: usize) -> Cost {
    let program = program().expect("a program");
    let arguments = [port.to_string(), log.project().to_owned(), events.to_string()];
    let output = Command::new(&program).args(arguments).output().expect("a process");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [events_per_second, cpu_micros_per_event] = figures[..] else {
        panic!("{program} has measured nothing: {}", String::from_utf8_lossy(&output.stderr));
    };
    Cost { events_per_second, cpu_micros_per_event }
}
