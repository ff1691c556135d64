//! A cursor stays valid after its client is closed, and a gap reports that events can't be recovered.

use automoderate::{Event, GapReason, Origin};
use automoderate_server::EventLog;

use crate::fixtures::{
    client_builder, demo_api_key, demo_project_id, demo_server_builder, next_update, start_demo_server, within_timeout,
};

#[tokio::test]
async fn a_later_client_resumes_where_an_earlier_one_stopped() {
    let server = start_demo_server().await;
    let writer = client_builder(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
    let first = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let joined = first.join(demo_project_id(&server)).await.unwrap();
    let mut events = joined.events();
    writer.moderate("seen").await.unwrap();
    next_update(&mut events).await;
    let cursor = joined.cursor().unwrap().to_string();
    first.close().await;
    let mut missed = Vec::new();
    // These items fill more than one page of the log.
    for n in 0..1100 {
        missed.push(writer.moderate(format!("missed {n}")).await.unwrap().content_id);
    }
    let second =
        client_builder(server.base_url()).api_key(demo_api_key(&server)).event_buffer(4096).connect().await.unwrap();
    let mut events = second.join_after(demo_project_id(&server), cursor).await.unwrap().events();
    for wanted in missed {
        let update = next_update(&mut events).await;
        assert_eq!((update.content_id, update.meta.origin), (wanted, Origin::Replay));
    }
    let live = writer.moderate("live again").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
    second.close().await;
}

#[tokio::test]
async fn pruned_events_cause_a_gap() {
    let log = EventLog { max_events: 10, ..EventLog::default() };
    let server = demo_server_builder().event_log(log).start().await.unwrap();
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    for n in 0..50 {
        client.moderate(format!("text {n}")).await.unwrap();
    }
    server.prune_log().await.unwrap();
    let mut events = client.join_after(demo_project_id(&server), "0").await.unwrap().events();
    // Statistics are not logged and may arrive at any time.
    let gap = loop {
        match within_timeout("the gap", events.next()).await {
            Some(Ok(Event::Gap(gap))) => break gap,
            Some(Ok(Event::StatsUpdate(_))) => {}
            other => panic!("expected a gap, not {other:?}"),
        }
    };
    assert_eq!(gap.reason, GapReason::Expired);
    let missed = gap.missed.unwrap();
    assert_eq!(gap.meta.event_id, Some(missed));
    let update = next_update(&mut events).await;
    assert_eq!(update.meta.event_id, Some(missed + 1), "the stream continues directly after the gap");
}

#[tokio::test]
async fn a_cursor_of_another_log_causes_a_gap() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    client.moderate("one").await.unwrap();
    let mut events = client.join_after(demo_project_id(&server), "another-log:3").await.unwrap().events();
    let Some(Ok(Event::Gap(gap))) = within_timeout("the gap", events.next()).await else { panic!("expected a gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::LogChanged, None));
    let live = client.moderate("two").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
}

#[tokio::test]
async fn a_cursor_ahead_of_the_log_causes_a_gap() {
    let server = start_demo_server().await;
    let client = client_builder(server.base_url()).api_key(demo_api_key(&server)).connect().await.unwrap();
    let mut events = client.join_after(demo_project_id(&server), 1_000_000u64).await.unwrap().events();
    let Some(Ok(Event::Gap(gap))) = within_timeout("the gap", events.next()).await else { panic!("expected a gap") };
    assert_eq!(gap.reason, GapReason::CursorAhead);
    let live = client.moderate("two").await.unwrap().content_id;
    assert_eq!(next_update(&mut events).await.content_id, live);
}
