//! The server ends a good connection on purpose.

use automoderate::{OnServerDisconnect, State, testing::Script};

use crate::common::{builder, connect, expect_content, item, join, joined, update};

#[tokio::test(start_paused = true)]
async fn by_default_the_client_comes_back() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    let mut states = client.state_changes();
    server.send("41");
    server.closed().await;
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    assert!(matches!(states.next().await, Some(State::Connected)));
    let Some(State::Reconnecting { attempt: 1, cause, .. }) = states.next().await else { panic!("no attempt") };
    assert_eq!(cause.code(), "disconnected");
    assert!(matches!(item(&mut events).await, Some(Ok(automoderate::Event::Gap(_)))));
    server.emit("moderation_update", &update("c"));
    expect_content(&mut events, "c").await;
}

#[tokio::test(start_paused = true)]
async fn or_stops() {
    let script = Script::new();
    let builder = builder(&script).on_server_disconnect(OnServerDisconnect::Stop);
    let (client, mut server) = connect(builder, &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    server.emit("moderation_update", &update("last"));
    server.send("41");
    server.closed().await;
    expect_content(&mut events, "last").await;
    assert_eq!(item(&mut events).await.unwrap().unwrap_err().code(), "disconnected");
    assert!(item(&mut events).await.is_none());
    assert!(matches!(client.state(), State::Closed { reason } if reason.code() == "disconnected"));
    // Streams created later end with the same error.
    assert_eq!(item(&mut client.events()).await.unwrap().unwrap_err().code(), "disconnected");
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_merely_lost_is_not_that() {
    for end in ["cut", "close", "1"] {
        let script = Script::new();
        let builder = builder(&script).on_server_disconnect(OnServerDisconnect::Stop);
        let (client, server) = connect(builder, &script).await;
        match end {
            "cut" => server.cut(),
            "close" => server.close(),
            frame => {
                server.send(frame);
                server.closed().await;
            }
        }
        let _server = script.accept_handshake().await;
        let mut states = client.state_changes();
        while !states.next().await.unwrap().is_connected() {}
    }
}

#[tokio::test(start_paused = true)]
async fn authentication_that_is_withdrawn_ends_the_client() {
    let script = Script::new();
    let (client, project, server) = joined(&script, None).await;
    let mut events = project.events();
    server.emit("authentication_failed", &serde_json::json!({"message": "signed out"}));
    let error = item(&mut events).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(error.to_string().contains("signed out"), "{error}");
    assert!(item(&mut events).await.is_none());
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn access_that_is_withdrawn_ends_the_project() {
    let script = Script::new();
    let (client, project, mut server) = joined(&script, None).await;
    let mut events = project.events();
    let denied = serde_json::json!({"message": "you were removed", "project_id": "p"});
    server.emit("project_access_denied", &denied);
    assert_eq!(item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert!(item(&mut events).await.is_none());
    assert!(client.state().is_connected());

    // Even if the first stream is taken only now.
    let project = join(&client, &mut server, "p", None).await;
    server.emit("moderation_update", &update("before"));
    server.emit("project_access_denied", &denied);
    crate::common::settle().await;
    let mut events = project.events();
    expect_content(&mut events, "before").await;
    assert_eq!(item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert_eq!(item(&mut project.events()).await.unwrap().unwrap_err().code(), "access_denied");
}
