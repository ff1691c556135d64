//! A reader that is too slow loses the events that the overflow policy selects, and receives a `Lagged` event that
//! counts them.

use automoderate::{
    Event, ModerationUpdate, Overflow, Project,
    testing::{Connection, Script},
};

use crate::common::{
    client_builder, connect, connected_client, decision_payload, join, let_tasks_run, next_event, next_item,
};

async fn joined_client_with_overflow(overflow: Overflow) -> (automoderate::Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).event_buffer(8).overflow(overflow), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    (client, project, server)
}

fn content_ids_and_losses(events: &[Event]) -> Vec<String> {
    let show = |event: &Event| match event {
        Event::ModerationUpdate(update) => update.content_id.clone(),
        Event::Lagged(lagged) => format!("lagged {}", lagged.missed),
        other => panic!("{other:?}"),
    };
    events.iter().map(show).collect()
}

async fn publish(server: &Connection, from: usize, to: usize) {
    (from..=to).for_each(|n| server.emit("moderation_update", &decision_payload(&n.to_string())));
    let_tasks_run().await;
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_keeps_the_newest_events() {
    let (_client, project, server) = joined_client_with_overflow(Overflow::DropOldest).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    let batch = events.next_batch(100).await.unwrap();
    assert_eq!(content_ids_and_losses(&batch), ["lagged 12", "13", "14", "15", "16", "17", "18", "19", "20"]);
    publish(&server, 21, 22).await;
    assert_eq!(
        content_ids_and_losses(&events.next_batch(100).await.unwrap()),
        ["21", "22"],
        "the loss is reported once"
    );
}

#[tokio::test(start_paused = true)]
async fn drop_newest_keeps_the_oldest_events() {
    let (_client, project, server) = joined_client_with_overflow(Overflow::DropNewest).await;
    let mut events = project.events();
    publish(&server, 1, 20).await;
    let batch = events.next_batch(100).await.unwrap();
    assert_eq!(
        content_ids_and_losses(&batch),
        ["1", "2", "3", "4", "5", "6", "7", "8", "lagged 12"],
        "the loss is reported without waiting for another event"
    );
    publish(&server, 21, 22).await;
    assert_eq!(content_ids_and_losses(&events.next_batch(100).await.unwrap()), ["21", "22"]);
}

#[tokio::test(start_paused = true)]
async fn losses_are_reported_at_the_end_of_the_stream() {
    for (overflow, wanted) in [
        (Overflow::DropOldest, "lagged 12, 13, 14, 15, 16, 17, 18, 19, 20"),
        (Overflow::DropNewest, "1, 2, 3, 4, 5, 6, 7, 8, lagged 12"),
    ] {
        let (client, project, server) = joined_client_with_overflow(overflow).await;
        let mut events = project.events();
        publish(&server, 1, 20).await;
        client.close().await;
        let mut all = Vec::new();
        while let Some(event) = next_item(&mut events).await {
            all.push(event.unwrap());
        }
        assert_eq!(content_ids_and_losses(&all).join(", "), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_affect_a_fast_one() {
    let (_client, project, server) = joined_client_with_overflow(Overflow::DropOldest).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for n in 1..=100 {
        publish(&server, n, n).await;
        assert_eq!(content_ids_and_losses(&[next_event(&mut quick).await]), [n.to_string()]);
    }
    assert_eq!(content_ids_and_losses(&[next_event(&mut slow).await]), ["lagged 92"]);
}

#[tokio::test(start_paused = true)]
async fn lost_and_read_events_add_up_to_all_events() {
    let (client, project, server) = joined_client_with_overflow(Overflow::DropOldest).await;
    let mut events = project.events();
    let mut typed = project.events_of::<ModerationUpdate>();
    let (mut read, mut missed, mut sent) = (0, 0, 0);
    for round in 0..50 {
        let count = (round * 7) % 23;
        publish(&server, sent + 1, sent + count).await;
        sent += count;
        for event in if count == 0 { Vec::new() } else { events.next_batch(3 + round % 9).await.unwrap() } {
            match event {
                Event::Lagged(lagged) => missed += lagged.missed,
                _ => read += 1,
            }
        }
    }
    client.close().await;
    while let Some(event) = next_item(&mut events).await {
        match event.unwrap() {
            Event::Lagged(lagged) => missed += lagged.missed,
            _ => read += 1,
        }
    }
    assert_eq!(read + missed, sent as u64);
    assert!(missed > 0 && read > 0);

    // A stream of a single kind cannot yield `Lagged` events, so it counts its losses.
    let mut kept = 0;
    while typed.next().await.is_some() {
        kept += 1;
    }
    assert_eq!(kept + typed.losses().lagged, sent as u64);
    assert_eq!(typed.losses().gaps, 0);
}

#[tokio::test(start_paused = true)]
async fn next_batch_waits_for_one_event_and_returns_all_available() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    publish(&server, 1, 5).await;
    assert_eq!(content_ids_and_losses(&events.next_batch(3).await.unwrap()), ["1", "2", "3"]);
    assert_eq!(content_ids_and_losses(&[next_event(&mut events).await]), ["4"]);
    assert_eq!(content_ids_and_losses(&events.next_batch(0).await.unwrap()), ["5"], "a maximum of 0 counts as 1");
    let (batch, ()) = tokio::join!(events.next_batch(10), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        server.emit("moderation_update", &decision_payload("6"));
    });
    assert_eq!(content_ids_and_losses(&batch.unwrap()), ["6"]);
    client.close().await;
    assert!(events.next_batch(10).await.unwrap().is_empty(), "an empty batch marks the end");
}
