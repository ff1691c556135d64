//! The permission check when a socket joins a project, and the single event that reports a failed join.

use serde_json::json;

use crate::support::{Socket, demo_project_id, demo_server_builder};

#[tokio::test]
async fn each_failed_join_sends_one_event() {
    let server = demo_server_builder().start().await.unwrap();
    let other = server.create_project("Other").await.unwrap();
    let mut socket = Socket::connect(&server).await;

    for (payload, event, code, message) in [
        (json!({"project_id": other}), "project_access_denied", "access_denied", "Access denied to project"),
        (json!({"project_id": "nowhere"}), "error", "project_not_found", "Project nowhere not found"),
        (json!({"project_id": "a b"}), "error", "invalid_argument", "Invalid project ID format"),
        (json!({"project_id": 7}), "error", "invalid_argument", "Invalid project ID format"),
        (json!({"project_id": ""}), "error", "invalid_argument", "Project ID required"),
        (json!({}), "error", "invalid_argument", "Project ID required"),
        (json!("text"), "error", "invalid_argument", "Project ID required"),
        (json!([1]), "error", "invalid_argument", "Project ID required"),
        (json!(null), "error", "invalid_argument", "Project ID required"),
    ] {
        let ack = socket.emit_with_ack("join_project", payload.clone()).await;
        assert_eq!(ack["ok"], false, "{payload}");
        assert_eq!(ack["code"], code, "{payload}");
        // The acknowledgement follows the event, so only that event may have arrived before the acknowledgement.
        let packets = socket.take_skipped();
        assert_eq!(packets.len(), 1, "{payload}: {packets:?}");
        assert!(packets[0].starts_with(&format!("42[\"{event}\",")), "{packets:?}");
        assert!(packets[0].contains(message), "{packets:?}");
    }
    socket.send("42[\"join_project\"]").await;
    assert_eq!(socket.next_event("error").await["message"], "Project ID required");

    let denied = json!({"project_id": other});
    socket.emit("join_project", denied).await;
    let failure = socket.next_event("project_access_denied").await;
    assert_eq!(failure["project_id"], *other);
    server.shutdown().await;
}

#[tokio::test]
async fn a_key_joins_only_its_own_project() {
    let server = demo_server_builder().start().await.unwrap();
    let other = server.create_project("Other").await.unwrap();
    let key = server.create_api_key(&other, "test").await.unwrap();
    let mut socket = Socket::connect_with_key(&server, &key).await;
    assert_eq!(socket.join(&other).await["event_id"], 0);
    socket.emit("join_project", json!({"project_id": demo_project_id(&server)})).await;
    socket.next_event("project_access_denied").await;
    server.shutdown().await;
}

#[tokio::test]
async fn after_leaving_no_more_events_arrive() {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let mut socket = Socket::connect(&server).await;
    assert_eq!(socket.emit_with_ack("join_project", json!({"project_id": id})).await, json!({"ok": true}));
    socket.next_event("joined_project").await;
    socket.emit("leave_project", json!({"project_id": id})).await;
    assert_eq!(socket.next_event("left_project").await, json!({"project_id": id}));
    // Leaving a project that was never joined also succeeds.
    socket.emit("leave_project", json!({"project_id": "never"})).await;
    assert_eq!(socket.next_event("left_project").await, json!({"project_id": "never"}));

    crate::support::moderate(&server, json!({"content": "x"})).await;
    let refused = socket.emit_with_ack("replay_events", json!({"project_id": id})).await;
    assert_eq!(refused["code"], "not_joined");
    assert_eq!(socket.take_skipped(), Vec::<String>::new());
    server.shutdown().await;
}
