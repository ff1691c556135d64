//! A reader whose stream always has an event still lets other tasks run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use automoderate::{Overflow, testing::Script};

use crate::common::{client_builder, connect, decision_payload, join, let_tasks_run, next_event};

#[tokio::test(start_paused = true)]
async fn a_full_stream_yields_to_other_tasks() {
    const EVENTS: usize = 12_000;
    let script = Script::new();
    let options = client_builder(&script).event_buffer(EVENTS).overflow(Overflow::DropOldest);
    let (client, mut server) = connect(options, &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    (0..EVENTS).for_each(|n| server.emit("moderation_update", &decision_payload(&n.to_string())));
    while client.metrics().events < EVENTS as u64 {
        let_tasks_run().await;
    }

    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(std::future::poll_fn(move |cx| {
        counted.fetch_add(1, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    for _ in 0..EVENTS {
        next_event(&mut events).await;
    }
    assert!(turns.load(Ordering::Relaxed) > 0, "the reader never yielded");
    other.abort();
}
