//! A reader that is too slow loses events according to its policy, and receives their number in their place.

use automoderate::{
    Event, ModerationUpdate, Overflow, Project,
    testing::{Connection, Script},
};

use crate::common::{builder, connect, connected, item, join, next, settle, update};

async fn overflowing(overflow: Overflow) -> (automoderate::Client, Project, Connection) {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).event_buffer(8).overflow(overflow), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    (client, project, server)
}

fn contents(events: &[Event]) -> Vec<String> {
    let show = |event: &Event| match event {
        Event::ModerationUpdate(update) => update.content_id.clone(),
        Event::Lagged(lagged) => format!("lagged {}", lagged.missed),
        other => panic!("{other:?}"),
    };
    events.iter().map(show).collect()
}

async fn send(server: &Connection, from: usize, to: usize) {
    (from..=to).for_each(|n| server.emit("moderation_update", &update(&n.to_string())));
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn the_oldest_make_room() {
    let (_client, project, server) = overflowing(Overflow::DropOldest).await;
    let mut events = project.events();
    send(&server, 1, 20).await;
    let batch = events.next_batch(100).await.unwrap();
    assert_eq!(contents(&batch), ["lagged 12", "13", "14", "15", "16", "17", "18", "19", "20"]);
    send(&server, 21, 22).await;
    assert_eq!(contents(&events.next_batch(100).await.unwrap()), ["21", "22"], "told once");
}

#[tokio::test(start_paused = true)]
async fn the_newest_are_dropped() {
    let (_client, project, server) = overflowing(Overflow::DropNewest).await;
    let mut events = project.events();
    send(&server, 1, 20).await;
    let batch = events.next_batch(100).await.unwrap();
    assert_eq!(contents(&batch), ["1", "2", "3", "4", "5", "6", "7", "8", "lagged 12"], "told without another event");
    send(&server, 21, 22).await;
    assert_eq!(contents(&events.next_batch(100).await.unwrap()), ["21", "22"]);
}

#[tokio::test(start_paused = true)]
async fn also_at_the_end() {
    for (overflow, wanted) in [
        (Overflow::DropOldest, "lagged 12, 13, 14, 15, 16, 17, 18, 19, 20"),
        (Overflow::DropNewest, "1, 2, 3, 4, 5, 6, 7, 8, lagged 12"),
    ] {
        let (client, project, server) = overflowing(overflow).await;
        let mut events = project.events();
        send(&server, 1, 20).await;
        client.close().await;
        let mut all = Vec::new();
        while let Some(event) = item(&mut events).await {
            all.push(event.unwrap());
        }
        assert_eq!(contents(&all).join(", "), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_slow_another() {
    let (_client, project, server) = overflowing(Overflow::DropOldest).await;
    let (mut slow, mut quick) = (project.events(), project.events());
    for n in 1..=100 {
        send(&server, n, n).await;
        assert_eq!(contents(&[next(&mut quick).await]), [n.to_string()]);
    }
    assert_eq!(contents(&[next(&mut slow).await]), ["lagged 92"]);
}

#[tokio::test(start_paused = true)]
async fn lost_and_read_events_add_up() {
    let (client, project, server) = overflowing(Overflow::DropOldest).await;
    let mut events = project.events();
    let mut typed = project.events_of::<ModerationUpdate>();
    let (mut read, mut missed, mut sent) = (0, 0, 0);
    for round in 0..50 {
        let count = (round * 7) % 23;
        send(&server, sent + 1, sent + count).await;
        sent += count;
        for event in if count == 0 { Vec::new() } else { events.next_batch(3 + round % 9).await.unwrap() } {
            match event {
                Event::Lagged(lagged) => missed += lagged.missed,
                _ => read += 1,
            }
        }
    }
    client.close().await;
    while let Some(event) = item(&mut events).await {
        match event.unwrap() {
            Event::Lagged(lagged) => missed += lagged.missed,
            _ => read += 1,
        }
    }
    assert_eq!(read + missed, sent as u64);
    assert!(missed > 0 && read > 0);

    // A stream of one kind can't yield losses, so it counts them.
    let mut kept = 0;
    while typed.next().await.is_some() {
        kept += 1;
    }
    assert_eq!(kept + typed.losses().lagged, sent as u64);
    assert_eq!(typed.losses().gaps, 0);
}

#[tokio::test(start_paused = true)]
async fn next_batch_waits_for_one_and_takes_what_is_there() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    send(&server, 1, 5).await;
    assert_eq!(contents(&events.next_batch(3).await.unwrap()), ["1", "2", "3"]);
    assert_eq!(contents(&[next(&mut events).await]), ["4"]);
    assert_eq!(contents(&events.next_batch(0).await.unwrap()), ["5"], "0 is taken for 1");
    let (batch, ()) = tokio::join!(events.next_batch(10), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        server.emit("moderation_update", &update("6"));
    });
    assert_eq!(contents(&batch.unwrap()), ["6"]);
    client.close().await;
    assert!(events.next_batch(10).await.unwrap().is_empty(), "the end");
}
