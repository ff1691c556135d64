//! Servers without a log: possible losses are reported once per interruption and project.

use automoderate::{Backfill, Event, GapReason, testing::Script};

use crate::common::{builder, connect, expect_content, expect_nothing, join, log, logged, next, settle, update};

#[tokio::test(start_paused = true)]
async fn are_reported_as_a_gap() {
    for backfill in [Backfill::Auto, Backfill::Replay, Backfill::Off] {
        let script = Script::new();
        let (client, mut server) = connect(builder(&script).backfill(backfill), &script).await;
        let (p, q) = (join(&client, &mut server, "p", None).await, join(&client, &mut server, "q", None).await);
        let (mut p, mut q) = (p.events(), q.events());
        for round in 0..3 {
            server.cut();
            server = script.accept_handshake().await;
            server.accept_join("p", None).await;
            server.accept_join("q", None).await;
            let content = format!("c{round}");
            server.emit("moderation_update", &update(&content));
            for events in [&mut p, &mut q] {
                assert!(matches!(next(events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
            }
            expect_content(&mut p, &content).await;
        }
        expect_nothing(&mut q).await;
        assert_eq!(client.metrics().gaps, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_a_log_only_since_then_could_not_keep_what_was_missed() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script), &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(log(5))).await;
    assert!(matches!(next(&mut events).await, Event::Gap(gap) if gap.reason == GapReason::Interrupted));
    server.emit("moderation_update", &logged(6));
    expect_content(&mut events, "c6").await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:6");
}

#[tokio::test(start_paused = true)]
async fn without_backfill_a_log_is_not_asked_but_the_gap_counts() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script).backfill(Backfill::Off), &script).await;
    let project = join(&client, &mut server, "p", Some(log(5))).await;
    let mut events = project.events();
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", Some(log(9))).await;
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::Interrupted, Some(4)));
    server.emit("moderation_update", &logged(10));
    expect_content(&mut events, "c10").await;
}

#[tokio::test(start_paused = true)]
async fn before_the_confirmation_streams_start_after_them() {
    let script = Script::new();
    let (client, mut server) = connect(builder(&script), &script).await;
    let join = tokio::spawn(async move { client.join("p").await.map(|project| (client, project)) });
    server.expect_event("join_project").await;
    // In the room already, but unconfirmed; the next event is missed.
    server.emit("moderation_update", &update("before"));
    settle().await;
    server.cut();
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    let (_client, project) = join.await.unwrap().unwrap();
    let mut events = project.events();
    server.emit("moderation_update", &update("after"));
    expect_content(&mut events, "after").await;
    expect_nothing(&mut events).await;
}
