//! Closing works at any time, is graceful if there is a connection, and answers every waiting caller.

use std::time::Duration;

use automoderate::{Client, State, testing::Script};
use tokio::time::Instant;

use crate::common::{builder, connected, expect_content, item, join, joined, settle, update};

async fn check_closed(client: &Client) {
    assert!(matches!(client.state(), State::Closed { reason } if reason.code() == "closed"));
    assert_eq!(client.join("p").await.unwrap_err().code(), "closed");
    assert_eq!(client.emit("e", 1).await.unwrap_err().code(), "closed");
    assert_eq!(client.connect().await.unwrap_err().code(), "closed");
    client.close().await;
    assert!(client.events().next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn before_connect() {
    let script = Script::new();
    let client = builder(&script).build().unwrap();
    let mut events = client.events();
    client.close().await;
    assert!(item(&mut events).await.is_none());
    assert!(client.state().is_closed());
    assert_eq!(script.dials(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_connecting() {
    // Progress of the connection when it is closed.
    for steps in 0..4 {
        let script = Script::new();
        let client = builder(&script).build().unwrap();
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
            settle().await;
            client.close().await;
            assert_eq!(server.closed().await, Vec::<String>::new());
        };
        let start = Instant::now();
        let (result, ()) = tokio::join!(client.connect(), server);
        assert_eq!(result.unwrap_err().code(), "closed", "after {steps} steps");
        assert_eq!(start.elapsed(), Duration::ZERO);
        check_closed(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn while_connected_it_says_goodbye() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    server.emit("moderation_update", &update("last"));
    settle().await;
    let (frames, ()) = tokio::join!(server.closed(), client.close());
    assert_eq!(frames, ["41", "1"]);
    expect_content(&mut events, "last").await;
    assert!(item(&mut events).await.is_none(), "a stream that the user closed just ends");
    assert!(project.leave().await.is_ok());
    check_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn with_everything_under_way() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    let project = join(&client, &mut server, "a", None).await;
    let closing = async {
        settle().await;
        client.close().await;
    };
    let (joining, queued, leaving, acked, ()) =
        tokio::join!(client.join("b"), client.join("c"), project.leave(), client.emit_with_ack("ask", 1), closing);
    assert_eq!(joining.unwrap_err().code(), "closed");
    assert_eq!(queued.unwrap_err().code(), "closed");
    assert!(leaving.is_ok());
    assert_eq!(acked.unwrap_err().code(), "closed");
    check_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn between_two_attempts_and_during_the_second() {
    for during in [false, true] {
        let script = Script::new();
        let (client, project, server) = joined(&script, None).await;
        let mut events = project.events();
        server.cut();
        let dial = if during { Some(script.next_dial().await) } else { None };
        settle().await;
        assert!(matches!(client.state(), State::Reconnecting { .. }));
        client.close().await;
        assert!(item(&mut events).await.is_none());
        check_closed(&client).await;
        drop(dial);
        let dials = script.dials();
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(script.dials(), dials);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_close_closes_all_the_same() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    // Polled once, which sends the request.
    let _ = futures_util::FutureExt::now_or_never(client.close());
    assert_eq!(server.closed().await, ["41", "1"]);
    check_closed(&client).await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_succeeds_in_the_moment_of_closing_is_let_go() {
    let script = Script::new();
    let client = builder(&script).build().unwrap();
    let server = async {
        let dial = script.next_dial().await;
        // The attempt is done, but the client sees the request to close first.
        let server = dial.accept();
        client.close().await;
        assert_eq!(server.closed().await, Vec::<String>::new());
    };
    let (result, ()) = tokio::join!(client.connect(), server);
    assert_eq!(result.unwrap_err().code(), "closed");
}
