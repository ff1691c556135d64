//! The server answers anything that a client sends, or closes that connection, and nothing else happens.

use serde_json::json;

use crate::support::{Socket, moderate, project, server};

#[tokio::test]
async fn payloads_of_any_shape() {
    let server = server().start().await.unwrap();
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
        arguments["project_id"] = project(&server).into();
        socket.join(&project(&server)).await;
        assert_eq!(socket.ask("replay_events", arguments.clone()).await["code"], "invalid_argument", "{arguments}");
    }
    // The same connection still works.
    moderate(&server, json!({"content": "still alive"})).await;
    assert_eq!(socket.event("moderation_update").await["content_preview"], "still alive");
    server.shutdown().await;
}

#[tokio::test]
async fn broken_packets() {
    let server = server().start().await.unwrap();
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
        // Other connections are not affected, whether it is closed or not.
        Socket::connect(&server).await;
    }
    let mut socket = Socket::connect(&server).await;
    socket.send_binary(vec![0; 1000]).await;
    let mut socket = Socket::connect(&server).await;
    socket.send("451-[\"join_project\",{\"project_id\":{\"_placeholder\":true,\"num\":0}}]").await;
    socket.send_binary(vec![1, 2, 3]).await;
    assert_eq!(socket.event("error").await["code"], "invalid_argument");
    server.shutdown().await;
}

#[tokio::test]
async fn a_huge_frame_closes_only_its_connection() {
    let server = server().start().await.unwrap();
    let mut healthy = Socket::connect(&server).await;
    let mut socket = Socket::connect(&server).await;
    // The server may close before all of it is sent.
    let _ = socket.try_send(&format!("42[\"heartbeat\",\"{}\"]", "x".repeat(2_000_000))).await;
    socket.rest().await;
    assert_eq!(healthy.ask("heartbeat", json!({})).await, json!({"ok": true}));
    server.shutdown().await;
}
