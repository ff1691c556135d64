//! Joins and connects at the moment of a withdrawal: afterwards nothing reaches the client.

use serde_json::json;

use crate::support::{moderate, project, server};
use crate::web::{Caller, PASSWORD, user_id};

const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_join_against_a_removal() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let email = "member@example.org";
    server.create_user(email, PASSWORD).await.unwrap();
    let member = Caller::sign_in(&server, email, PASSWORD).await;
    let mut socket = member.socket(&server).await;
    let mut witness = owner.socket(&server).await;
    witness.join(&id).await;
    for round in 0..ROUNDS {
        server.add_member(&id, email).await.unwrap();
        let path = format!("/api/projects/{id}/members/{}", user_id(&server, &owner, &id, email).await);
        let join = socket.ask("join_project", json!({"project_id": id}));
        tokio::join!(join, owner.delete(&server, &path));
        let text = format!("round {round}");
        moderate(&server, json!({"content": text})).await;
        while witness.event("moderation_update").await["content_preview"] != *text {}
        assert_eq!(socket.ask("heartbeat", json!({})).await["ok"], true);
        let seen = socket.take_seen();
        assert!(!seen.iter().any(|packet| packet.contains("moderation_update")), "{seen:?}");
        let refused = socket.ask("replay_events", json!({"project_id": id})).await;
        assert_eq!(refused["code"], "not_joined");
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_against_a_revocation() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/keys");
    for round in 0..ROUNDS {
        let made = owner.post(&server, &path, json!({"name": format!("{round}")})).await["key"].clone();
        let key = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let (mut socket, _) = tokio::join!(key.knock(&server), owner.delete(&server, &one));
        // Refused, or accepted and disconnected, but not kept.
        let last = loop {
            match socket.packet().await {
                Some(packet) if packet.starts_with("44") || packet == "41" => break packet,
                Some(_) => {}
                None => break String::new(),
            }
        };
        assert!(!last.is_empty());
    }
    server.shutdown().await;
}
