//! Receives ten million events through one client and one connection, and fails if the memory of this process keeps
//! growing.

use automoderate::{Client, Event};

use crate::{EventLog, usage};

const TOTAL_EVENTS: usize = 10_000_000;
/// Number of events between two measurements of memory.
const EVENTS_PER_SAMPLE: usize = 1_000_000;
/// Maximum growth of the process's memory after the first measurement, in bytes. It amounts to less than a quarter of a
/// byte per event.
const MAX_GROWTH_BYTES: u64 = 2 * 1024 * 1024;

/// Runs the benchmark. `turn` is the number of events that the sender sends after the join and after each `again`.
pub(crate) fn run(port: u16, turn: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let builder = Client::builder(format!("http://127.0.0.1:{port}")).rate_limit(None);
        let client = builder.connect().await.expect("a connection");
        let project = client.join(EventLog::Absent.project_id()).await.expect("a project");
        let mut stream = project.events();
        let mut sizes = Vec::new();
        println!("| events | resident memory, KiB |\n|--:|--:|");
        for seen in 1..=TOTAL_EVENTS {
            let event = stream.next().await.expect("the stream continues").expect("no error");
            assert!(matches!(event, Event::ModerationUpdate(_)), "{event:?} after {seen} events");
            if seen % turn == 0 && seen < TOTAL_EVENTS {
                client.emit("again", ()).await.expect("sent");
            }
            if seen % EVENTS_PER_SAMPLE == 0 {
                sizes.push(usage::resident_bytes());
                println!("| {seen} | {} |", usage::resident_bytes() / 1024);
            }
        }
        client.close().await;
        let grown = sizes[sizes.len() - 1].saturating_sub(sizes[0]);
        assert!(grown <= MAX_GROWTH_BYTES, "memory grew by {grown} bytes after the first million events");
    });
}
