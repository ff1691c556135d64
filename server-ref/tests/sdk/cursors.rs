//! A cursor survives the process, and events that the log no longer has are reported.

use automoderate::{Event, GapReason, Origin};
use automoderate_server::EventLog;

use crate::wires::{builder, client, key, next_update, project, server, soon};

#[tokio::test]
async fn a_later_client_goes_on_where_an_earlier_one_stopped() {
    let server = server().await;
    let writer = client(server.base_url()).api_key(key(&server)).build().unwrap();
    let first = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let joined = first.join(project(&server)).await.unwrap();
    let mut events = joined.events();
    writer.moderate("seen").await.unwrap();
    next_update(&mut events).await;
    let cursor = joined.cursor().unwrap().to_string();
    first.close().await;
    let mut missed = Vec::new();
    // More than one page of the log.
    for n in 0..1100 {
        missed.push(writer.moderate(format!("missed {n}")).await.unwrap().content_id);
    }
    let second = client(server.base_url()).api_key(key(&server)).event_buffer(4096).connect().await.unwrap();
    let mut events = second.join_after(project(&server), cursor).await.unwrap().events();
    for wanted in missed {
        let update = next_update(&mut events).await;
        assert_eq!((update.content_id, update.meta.origin), (wanted, Origin::Replay));
    }
    let live = writer.moderate("live again").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
    second.close().await;
}

#[tokio::test]
async fn what_the_log_no_longer_has_is_a_gap() {
    let log = EventLog { max_events: 10, ..EventLog::default() };
    let server = builder().event_log(log).start().await.unwrap();
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    for n in 0..50 {
        client.moderate(format!("text {n}")).await.unwrap();
    }
    server.prune_log().await.unwrap();
    let mut events = client.join_after(project(&server), "0").await.unwrap().events();
    // Statistics are in no log, and may come at any time.
    let gap = loop {
        match soon("the gap", events.next()).await {
            Some(Ok(Event::Gap(gap))) => break gap,
            Some(Ok(Event::StatsUpdate(_))) => {}
            other => panic!("a gap is due, not {other:?}"),
        }
    };
    assert_eq!(gap.reason, GapReason::Expired);
    let missed = gap.missed.unwrap();
    assert_eq!(gap.meta.event_id, Some(missed));
    let update = next_update(&mut events).await;
    assert_eq!(update.meta.event_id, Some(missed + 1), "the stream continues right after the gap");
}

#[tokio::test]
async fn a_cursor_of_another_log_is_told() {
    let server = server().await;
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    client.moderate("one").await.unwrap();
    let mut events = client.join_after(project(&server), "another-log:3").await.unwrap().events();
    let Some(Ok(Event::Gap(gap))) = soon("the gap", events.next()).await else { panic!("a gap is due") };
    assert_eq!((gap.reason, gap.missed), (GapReason::LogChanged, None));
    let live = client.moderate("two").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_is_told() {
    let server = server().await;
    let client = client(server.base_url()).api_key(key(&server)).connect().await.unwrap();
    let mut events = client.join_after(project(&server), 1_000_000u64).await.unwrap().events();
    let Some(Ok(Event::Gap(gap))) = soon("the gap", events.next()).await else { panic!("a gap is due") };
    assert_eq!(gap.reason, GapReason::CursorAhead);
    let live = client.moderate("two").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
}
