//! Authentication of a socket with a key, and refusals.

use serde_json::json;

use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, moderate};

#[tokio::test]
async fn a_key_is_accepted_in_query_payload_and_header() {
    let server = demo_server_builder().start().await.unwrap();
    let key = demo_api_key(&server);
    let base = server.base_url();

    Socket::connect(&server).await;

    let payload = json!({"api_key": key}).to_string();
    let mut socket = Socket::open(Socket::request(&base, ""), &payload).await.unwrap();
    socket.expect_accepted().await;

    let mut request = Socket::request(&base, "");
    request.headers_mut().insert("x-api-key", key.parse().unwrap());
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    server.shutdown().await;
}

#[tokio::test]
async fn refused_credentials_lead_to_the_documented_event() {
    let server = demo_server_builder().start().await.unwrap();
    let base = server.base_url();
    let wrong = format!("&api_key=am_{}", "x".repeat(43));
    for (query, payload) in [
        ("", ""),
        ("&api_key=", ""),
        ("&api_key=wrong", ""),
        (wrong.as_str(), ""),
        ("", r#"{"api_key":7}"#),
        ("", r#"{"api_key":null}"#),
        ("", r#"["api_key"]"#),
        ("", r#""text""#),
    ] {
        let mut socket = Socket::open(Socket::request(&base, query), payload).await.unwrap();
        let message = socket.expect_refusal().await;
        assert!(message.starts_with("Authentication failed: "), "{query} {payload}: {message}");
    }
    server.shutdown().await;
}

/// A client that does not disconnect after a refusal receives no events, and the server closes its connection.
#[tokio::test]
async fn a_refused_socket_joins_no_room() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut witness = Socket::connect(&server).await;
    witness.join(&id).await;
    let refused = async || {
        let request = Socket::request(&server.base_url(), "&api_key=am_wrong");
        let mut socket = Socket::open(request, "").await.unwrap();
        socket.expect_refusal().await;
        socket
    };
    let (mut silent, mut socket) = (refused().await, refused().await);
    socket.send(&format!(r#"421["join_project",{{"project_id":"{id}"}}]"#)).await;
    moderate(&server, json!({"content": "x"})).await;
    witness.next_event("moderation_update").await;
    // The request to join is invalid outside a namespace, so the server sends Engine.IO's CLOSE.
    assert_eq!(socket.read_to_end().await, ["1"]);
    assert_eq!(silent.read_to_close().await, (Vec::new(), Some(1001)));
    server.shutdown().await;
}

#[tokio::test]
async fn decisions_are_sent_to_the_room() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    let joined = socket.join(&id).await;
    assert_eq!(joined["project_id"], *id);
    assert_eq!(joined["room"], format!("project_{id}"));
    assert_eq!(joined["replay"], true);
    let head = joined["event_id"].as_i64().unwrap();

    let answer = moderate(&server, json!({"content": "Free Money <b>", "metadata": {"user_id": 7}})).await;
    assert_eq!(answer["status"], "rejected");
    let event = socket.next_event("moderation_update").await;
    assert_eq!(event["content_id"], answer["content_id"]);
    assert_eq!(event["event_id"], head + 1);
    assert_eq!(event["rule_name"], "Spam Detection");
    assert_eq!(event["meta_data"], json!({"user_id": 7}));
    assert_eq!(event["content_preview"], "Free Money <b>");

    let statistics = socket.next_event("stats_update").await;
    assert_eq!(statistics["project_id"], *id);
    assert_eq!(statistics["rejected"], 1);
    assert_eq!(statistics["recent_activity"][0]["content_id"], answer["content_id"]);
    assert_eq!(statistics.get("event_id"), None);

    let page = socket.emit_with_ack("replay_events", json!({"project_id": id, "after": head})).await;
    assert_eq!(page["events"][0], json!({"event": "moderation_update", "data": event}));
    // The `user_activity` event about the item's author follows the decision.
    assert_eq!(page["events"][1]["event"], "user_activity");
    assert_eq!(page["head"], head + 2);
    assert_eq!(page["oldest"], 1);
    assert_eq!(page["log"], joined["log"]);
    server.shutdown().await;
}
