//! With neither an event log nor an API key, or with `Backfill::Off`, possible losses are reported once per interruption
//! and project.

use automoderate::{Backfill, Event, GapReason, testing::Script};

use crate::common::{
    client_builder, connect, decision_payload, event_log, expect_decision, expect_no_event, join, let_tasks_run,
    logged_decision, next_event,
};

#[tokio::test(start_paused = true)]
async fn an_interruption_is_reported_as_a_gap() {
    for backfill in [Backfill::Auto, Backfill::Replay, Backfill::Off] {
        let script = Script::new();
        let (client, mut server) = connect(client_builder(&script).backfill(backfill), &script).await;
        let (p, q) = (join(&client, &mut server, "p", None).await, join(&client, &mut server, "q", None).await);
        let (mut p, mut q) = (p.events(), q.events());
        for round in 0..3 {
            server.cut();
            server = script.accept_handshake().await;
            server.accept_join("p", None).await;
            server.accept_join("q", None).await;
            let content = format!("c{round}");
            server.emit("moderation_update", &decision_payload(&content));
            for events in [&mut p, &mut q] {
                assert!(matches!(next_event(events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
            }
            expect_decision(&mut p, &content).await;
        }
        expect_no_event(&mut q).await;
        assert_eq!(client.metrics().gaps, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_log_does_not_cover_an_earlier_interruption() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(event_log(5))).await;
    assert!(matches!(next_event(&mut events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
    server.emit("moderation_update", &logged_decision(6));
    expect_decision(&mut events, "c6").await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:6");
}

#[tokio::test(start_paused = true)]
async fn without_backfill_no_replay_is_requested_but_the_gap_counts_missed_events() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script).backfill(Backfill::Off), &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(5))).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(event_log(9))).await;
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::Interrupted, Some(4)));
    server.emit("moderation_update", &logged_decision(10));
    expect_decision(&mut events, "c10").await;
}

#[tokio::test(start_paused = true)]
async fn an_interruption_before_the_join_is_confirmed_causes_no_gap() {
    let script = Script::new();
    let (client, mut server) = connect(client_builder(&script), &script).await;
    let join = tokio::spawn(async move { client.join("p").await.map(|project| (client, project)) });
    server.expect_event("join_project").await;
    // The client is in the room, but its join is unconfirmed, so this event belongs to no stream.
    server.emit("moderation_update", &decision_payload("before"));
    let_tasks_run().await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    let (_client, project) = join.await.unwrap().unwrap();
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("after"));
    expect_decision(&mut events, "after").await;
    expect_no_event(&mut events).await;
}
