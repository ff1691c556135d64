//! Whatever a client sends, the server answers it, ignores it, or closes the connection, and other connections are not
//! affected.

use serde_json::json;

use crate::support::{Socket, demo_project_id, demo_server_builder, moderate};

#[tokio::test]
async fn payloads_of_any_shape_are_answered() {
    let server = demo_server_builder().start().await.unwrap();
    let mut socket = Socket::connect(&server).await;
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let long = format!("\"{}\"", "x".repeat(100_000));
    for event in ["join_project", "leave_project", "replay_events", "heartbeat", "no_such_event"] {
        for payload in [
            "",
            ",null",
            ",1",
            ",\"x\"",
            ",[]",
            ",{}",
            ",{\"project_id\":{}}",
            ",1,2,3",
            &format!(",{deep}"),
            &format!(",{long}"),
        ] {
            socket.send(&format!("42[\"{event}\"{payload}]")).await;
            socket.send(&format!("421[\"{event}\"{payload}]")).await;
        }
    }
    for arguments in [
        json!({"after": -1}),
        json!({"after": "x"}),
        json!({"after": 1.5}),
        json!({"after": u64::MAX}),
        json!({"after": {}}),
        json!({"limit": 0}),
        json!({"limit": "many"}),
    ] {
        let mut arguments = arguments;
        arguments["project_id"] = demo_project_id(&server).into();
        socket.join(&demo_project_id(&server)).await;
        assert_eq!(
            socket.emit_with_ack("replay_events", arguments.clone()).await["code"],
            "invalid_argument",
            "{arguments}"
        );
    }
    // The connection still works.
    moderate(&server, json!({"content": "still alive"})).await;
    assert_eq!(socket.next_event("moderation_update").await["content_preview"], "still alive");
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_packets_affect_only_their_connection() {
    let server = demo_server_builder().start().await.unwrap();
    for packet in [
        "4",
        "42",
        "42[",
        "42[]",
        "42[1]",
        "42{}",
        "42[\"join_project\"",
        "42999999999999999999999[\"x\"]",
        "43",
        "43[]",
        "431[1]",
        "44",
        "44{}",
        "40",
        "40{",
        "40/other,",
        "41/other,",
        "42/other,[\"x\"]",
        "45",
        "46",
        "47x",
        "451-[\"x\"]",
        "4599999999-[\"x\"]",
        "9",
        "x",
        "3probe",
        "5",
        "0",
        "6",
        "1",
        "\u{1e}",
        "🦀",
    ] {
        let mut socket = Socket::connect(&server).await;
        socket.send(packet).await;
        // Whether or not the server closes this connection, it still accepts new connections.
        Socket::connect(&server).await;
    }
    let mut socket = Socket::connect(&server).await;
    socket.send_binary(vec![0; 1000]).await;
    let mut socket = Socket::connect(&server).await;
    socket.send("451-[\"join_project\",{\"project_id\":{\"_placeholder\":true,\"num\":0}}]").await;
    socket.send_binary(vec![1, 2, 3]).await;
    assert_eq!(socket.next_event("error").await["code"], "invalid_argument");
    server.shutdown().await;
}

#[tokio::test]
async fn a_huge_frame_closes_only_its_connection() {
    let server = demo_server_builder().start().await.unwrap();
    let mut healthy = Socket::connect(&server).await;
    let mut socket = Socket::connect(&server).await;
    // The server may close the connection before the whole frame is sent.
    let _ = socket.try_send(&format!("42[\"heartbeat\",\"{}\"]", "x".repeat(2_000_000))).await;
    socket.read_to_end().await;
    assert_eq!(healthy.emit_with_ack("heartbeat", json!({})).await, json!({"ok": true}));
    server.shutdown().await;
}
