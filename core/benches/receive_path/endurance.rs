//! Ten million events through one client and one connection: memory is the same at the end as at the beginning.

use automoderate::{Client, Event};

use crate::{Log, usage};

const ALL: usize = 10_000_000;
/// Between two looks.
const STEP: usize = 1_000_000;
/// In bytes: a fifth of a byte per event.
const GROWTH_MAX: u64 = 2 * 1024 * 1024;

/// `turn` is the number of events that the sender sends per request.
pub(crate) fn run(port: u16, turn: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let builder = Client::builder(format!("http://127.0.0.1:{port}")).rate_limit(None);
        let client = builder.connect().await.expect("a connection");
        let project = client.join(Log::None.project()).await.expect("a project");
        let mut stream = project.events();
        let mut sizes = Vec::new();
        println!("| events | resident memory, KiB |\n|--:|--:|");
        for seen in 1..=ALL {
            let event = stream.next().await.expect("the stream continues").expect("no error");
            assert!(matches!(event, Event::ModerationUpdate(_)), "{event:?} behind {seen} events");
            if seen % turn == 0 && seen < ALL {
                client.emit("again", ()).await.expect("sent");
            }
            if seen % STEP == 0 {
                sizes.push(usage::memory());
                println!("| {seen} | {} |", usage::memory() / 1024);
            }
        }
        client.close().await;
        let grown = sizes[sizes.len() - 1].saturating_sub(sizes[0]);
        assert!(grown <= GROWTH_MAX, "grown by {grown} bytes since the first million");
    });
}
