//! `close` works at any time, closes an open connection as the protocol requires, and completes every pending call.

use std::time::Duration;

use automoderate::{Client, State, testing::Script};
use tokio::time::Instant;

use crate::common::{
    client_builder, connected_client, decision_payload, expect_decision, join, joined_client, let_tasks_run, next_item,
};

async fn expect_closed(client: &Client) {
    assert!(matches!(client.state(), State::Closed { reason } if reason.code() == "closed"));
    assert_eq!(client.join("p").await.unwrap_err().code(), "closed");
    assert_eq!(client.emit("e", 1).await.unwrap_err().code(), "closed");
    assert_eq!(client.connect().await.unwrap_err().code(), "closed");
    client.close().await;
    assert!(client.events().next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn close_before_connect() {
    let script = Script::new();
    let client = client_builder(&script).build().unwrap();
    let mut events = client.events();
    client.close().await;
    assert!(next_item(&mut events).await.is_none());
    assert!(client.state().is_closed());
    assert_eq!(script.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn close_while_connecting() {
    // `steps` is the number of handshake steps that are completed before the close.
    for steps in 0..4 {
        let script = Script::new();
        let client = client_builder(&script).build().unwrap();
        let server = async {
            let dial = script.next_dial().await;
            if steps == 0 {
                client.close().await;
                return dial.given_up().await;
            }
            let mut server = dial.accept();
            if steps >= 2 {
                server.open(25_000, 20_000);
                server.expect("40").await;
            }
            if steps >= 3 {
                server.send(r#"42["connected",{}]"#);
            }
            let_tasks_run().await;
            client.close().await;
            assert_eq!(server.closed().await, Vec::<String>::new());
        };
        let start = Instant::now();
        let (result, ()) = tokio::join!(client.connect(), server);
        assert_eq!(result.unwrap_err().code(), "closed", "after {steps} steps");
        assert_eq!(start.elapsed(), Duration::ZERO);
        expect_closed(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn close_while_connected_sends_disconnect_and_close() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("last"));
    let_tasks_run().await;
    let (frames, ()) = tokio::join!(server.closed(), client.close());
    assert_eq!(frames, ["41", "1"]);
    expect_decision(&mut events, "last").await;
    assert!(next_item(&mut events).await.is_none(), "a stream of a closed client ends without an error");
    assert!(project.leave().await.is_ok());
    expect_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn close_fails_pending_calls() {
    let script = Script::new();
    let (client, mut server) = connected_client(&script).await;
    let project = join(&client, &mut server, "a", None).await;
    let closing = async {
        let_tasks_run().await;
        client.close().await;
    };
    let (joining, queued, leaving, acked, ()) =
        tokio::join!(client.join("b"), client.join("c"), project.leave(), client.emit_with_ack("ask", 1), closing);
    assert_eq!(joining.unwrap_err().code(), "closed");
    assert_eq!(queued.unwrap_err().code(), "closed");
    assert!(leaving.is_ok());
    assert_eq!(acked.unwrap_err().code(), "closed");
    expect_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn close_between_and_during_reconnect_attempts() {
    for during in [false, true] {
        let script = Script::new();
        let (client, project, server) = joined_client(&script, None).await;
        let mut events = project.events();
        server.cut();
        let dial = if during { Some(script.next_dial().await) } else { None };
        let_tasks_run().await;
        assert!(matches!(client.state(), State::Reconnecting { .. }));
        client.close().await;
        assert!(next_item(&mut events).await.is_none());
        expect_closed(&client).await;
        drop(dial);
        let dials = script.dials();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(script.dials(), dials);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_close_future_still_closes_the_client() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    // A single poll is enough to send the close request.
    let _ = futures_util::FutureExt::now_or_never(client.close());
    assert_eq!(server.closed().await, ["41", "1"]);
    expect_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn close_drops_an_attempt_that_has_just_succeeded() {
    let script = Script::new();
    let client = client_builder(&script).build().unwrap();
    let server = async {
        let dial = script.next_dial().await;
        // The attempt has succeeded, but the client handles the close request first.
        let server = dial.accept();
        client.close().await;
        assert_eq!(server.closed().await, Vec::<String>::new());
    };
    let (result, ()) = tokio::join!(client.connect(), server);
    assert_eq!(result.unwrap_err().code(), "closed");
}
