//! Joins and connections that race with a withdrawal of access. After the withdrawal, the client receives no events.

use serde_json::json;

use crate::support::{demo_project_id, demo_server_builder, moderate};
use crate::web::{Caller, TEST_PASSWORD, member_id};

const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_races_with_a_removal_receives_nothing() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let email = "member@example.org";
    server.create_user(email, TEST_PASSWORD).await.unwrap();
    let member = Caller::sign_in(&server, email, TEST_PASSWORD).await;
    let mut socket = member.connect_socket(&server).await;
    let mut witness = owner.connect_socket(&server).await;
    witness.join(&id).await;
    for round in 0..ROUNDS {
        server.add_member(&id, email).await.unwrap();
        let path = format!("/api/projects/{id}/members/{}", member_id(&server, &owner, &id, email).await);
        let join = socket.emit_with_ack("join_project", json!({"project_id": id}));
        tokio::join!(join, owner.delete(&server, &path));
        let text = format!("round {round}");
        moderate(&server, json!({"content": text})).await;
        while witness.next_event("moderation_update").await["content_preview"] != *text {}
        assert_eq!(socket.emit_with_ack("heartbeat", json!({})).await["ok"], true);
        let seen = socket.take_skipped();
        assert!(!seen.iter().any(|packet| packet.contains("moderation_update")), "{seen:?}");
        let refused = socket.emit_with_ack("replay_events", json!({"project_id": id})).await;
        assert_eq!(refused["code"], "not_joined");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_races_with_a_revocation_is_closed() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    for round in 0..ROUNDS {
        let made = owner.post(&server, &path, json!({"name": format!("{round}")})).await["key"].clone();
        let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let (mut socket, _) = tokio::join!(key.open_socket(&server), owner.delete(&server, &one));
        // The socket is either refused, or accepted and then disconnected.
        let last = loop {
            match socket.next_packet().await {
                Some(packet) if packet.starts_with("44") || packet == "41" => break packet,
                Some(_) => {}
                None => break String::new(),
            }
        };
        assert!(!last.is_empty());
    }
    server.shutdown().await;
}
