//! Behaviour of the client when the server deliberately ends a working connection or withdraws access to a project.

use automoderate::{OnServerDisconnect, State, testing::Script};

use crate::common::{client_builder, connect, decision_payload, expect_decision, join, joined_client, next_item};

#[tokio::test(start_paused = true)]
async fn the_client_reconnects_by_default() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    let mut states = client.state_changes();
    server.send("41");
    server.closed().await;
    let mut server = script.accept_handshake().await;
    server.accept_join("p", None).await;
    assert!(matches!(states.next().await, Some(State::Connected)));
    let Some(State::Reconnecting { attempt: 1, cause, .. }) = states.next().await else { panic!("no attempt") };
    assert_eq!(cause.code(), "disconnected");
    assert!(matches!(next_item(&mut events).await, Some(Ok(automoderate::Event::Gap(_)))));
    server.emit("moderation_update", &decision_payload("c"));
    expect_decision(&mut events, "c").await;
}

#[tokio::test(start_paused = true)]
async fn the_client_closes_with_the_stop_policy() {
    let script = Script::new();
    let builder = client_builder(&script).on_server_disconnect(OnServerDisconnect::Stop);
    let (client, mut server) = connect(builder, &script).await;
    let project = join(&client, &mut server, "p", None).await;
    let mut events = project.events();
    server.emit("moderation_update", &decision_payload("last"));
    server.send("41");
    server.closed().await;
    expect_decision(&mut events, "last").await;
    assert_eq!(next_item(&mut events).await.unwrap().unwrap_err().code(), "disconnected");
    assert!(next_item(&mut events).await.is_none());
    assert!(matches!(client.state(), State::Closed { reason } if reason.code() == "disconnected"));
    // Streams created later end with the same error.
    assert_eq!(next_item(&mut client.events()).await.unwrap().unwrap_err().code(), "disconnected");
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_not_a_server_disconnect() {
    for end in ["cut", "close", "1"] {
        let script = Script::new();
        let builder = client_builder(&script).on_server_disconnect(OnServerDisconnect::Stop);
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
async fn withdrawn_authentication_closes_the_client() {
    let script = Script::new();
    let (client, project, server) = joined_client(&script, None).await;
    let mut events = project.events();
    server.emit("authentication_failed", &serde_json::json!({"message": "signed out"}));
    let error = next_item(&mut events).await.unwrap().unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(error.to_string().contains("signed out"), "{error}");
    assert!(next_item(&mut events).await.is_none());
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn withdrawn_access_ends_the_projects_streams() {
    let script = Script::new();
    let (client, project, mut server) = joined_client(&script, None).await;
    let mut events = project.events();
    let denied = serde_json::json!({"message": "you were removed", "project_id": "p"});
    server.emit("project_access_denied", &denied);
    assert_eq!(next_item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert!(next_item(&mut events).await.is_none());
    assert!(client.state().is_connected());

    // A stream that is created after access was withdrawn ends with the same error.
    let project = join(&client, &mut server, "p", None).await;
    server.emit("moderation_update", &decision_payload("before"));
    server.emit("project_access_denied", &denied);
    crate::common::let_tasks_run().await;
    let mut events = project.events();
    expect_decision(&mut events, "before").await;
    assert_eq!(next_item(&mut events).await.unwrap().unwrap_err().code(), "access_denied");
    assert_eq!(next_item(&mut project.events()).await.unwrap().unwrap_err().code(), "access_denied");
}
