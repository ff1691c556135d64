//! Members and their roles; a removed member leaves the room at once.

use automoderate_server::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{moderate, project, server};
use crate::web::{Caller, user_id};

#[tokio::test]
async fn added_promoted_removed() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/members");
    let guest = Caller::user(&server, "guest@example.org", &id, None).await;
    guest.fails(&server, (Method::GET, &path, Value::Null), (403, "access_denied")).await;
    server.add_member(&id, "GUEST@example.org").await.unwrap();
    let one = format!("{path}/{}", user_id(&server, &owner, &id, "guest@example.org").await);
    assert_eq!(owner.patch(&server, &one, json!({"role": "admin"})).await["member"]["role"], "admin");
    let mut socket = guest.socket(&server).await;
    let mut other = owner.socket(&server).await;
    socket.join(&id).await;
    other.join(&id).await;
    owner.delete(&server, &one).await;
    let denied = socket.event("project_access_denied").await;
    assert_eq!((&denied["project_id"], &denied["code"]), (&json!(id), &json!("access_denied")));
    assert!(denied["message"].is_string());

    // Out of the room, not back into it, and the connection lives.
    moderate(&server, json!({"content": "x"})).await;
    other.event("moderation_update").await;
    let refused = socket.ask("join_project", json!({"project_id": id})).await;
    assert_eq!(refused["code"], "access_denied");
    assert!(!socket.take_seen().iter().any(|packet| packet.contains("moderation_update")));
    owner.fails(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_owners_deal_with_admins_and_one_owner_stays() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/members");
    let admin = Caller::user(&server, "admin@example.org", &id, Some(Role::Admin)).await;
    let member = Caller::user(&server, "member@example.org", &id, Some(Role::Member)).await;
    server.create_user("new@example.org", "correct horse battery").await.unwrap();
    let of = async |email: &str| format!("{path}/{}", user_id(&server, &owner, &id, email).await);
    let (its, other) = (of("admin@example.org").await, of("member@example.org").await);
    let demo = of(&server.demo().unwrap().email).await;

    for request in [
        (Method::POST, path.as_str(), json!({"email": "new@example.org", "role": "admin"})),
        (Method::PATCH, other.as_str(), json!({"role": "owner"})),
        (Method::PATCH, its.as_str(), json!({"role": "owner"})),
        (Method::PATCH, demo.as_str(), json!({"role": "member"})),
        (Method::DELETE, demo.as_str(), Value::Null),
    ] {
        admin.fails(&server, request, (403, "access_denied")).await;
    }
    // The same as an invitation.
    admin.post(&server, &path, json!({"email": "new@example.org"})).await;
    member.fails(&server, (Method::DELETE, &its, Value::Null), (403, "access_denied")).await;

    for request in [(Method::PATCH, demo.as_str(), json!({"role": "admin"})), (Method::DELETE, &demo, Value::Null)] {
        owner.fails(&server, request, (409, "last_owner")).await;
    }
    owner.patch(&server, &its, json!({"role": "owner"})).await;
    owner.patch(&server, &demo, json!({"role": "admin"})).await;
    // Everybody may leave.
    member.delete(&server, &other).await;
    member.fails(&server, (Method::GET, &path, Value::Null), (403, "access_denied")).await;
    server.shutdown().await;
}
