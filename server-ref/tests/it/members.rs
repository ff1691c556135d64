//! Members and their roles. The sockets of a removed member leave the room immediately.

use automoderate_server::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder, moderate};
use crate::web::{Caller, member_id};

#[tokio::test]
async fn a_member_is_added_promoted_and_removed() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/members");
    let guest = Caller::add_signed_in_user(&server, "guest@example.org", &id, None).await;
    guest.expect_failure(&server, (Method::GET, &path, Value::Null), (403, "access_denied")).await;
    server.add_member(&id, "GUEST@example.org").await.unwrap();
    let one = format!("{path}/{}", member_id(&server, &owner, &id, "guest@example.org").await);
    assert_eq!(owner.patch(&server, &one, json!({"role": "admin"})).await["member"]["role"], "admin");
    let mut socket = guest.connect_socket(&server).await;
    let mut other = owner.connect_socket(&server).await;
    socket.join(&id).await;
    other.join(&id).await;
    owner.delete(&server, &one).await;
    let denied = socket.next_event("project_access_denied").await;
    assert_eq!((&denied["project_id"], &denied["code"]), (&json!(id), &json!("access_denied")));
    assert!(denied["message"].is_string());

    // The socket stays connected, but it has left the room and cannot rejoin it.
    moderate(&server, json!({"content": "x"})).await;
    other.next_event("moderation_update").await;
    let refused = socket.emit_with_ack("join_project", json!({"project_id": id})).await;
    assert_eq!(refused["code"], "access_denied");
    assert!(!socket.take_skipped().iter().any(|packet| packet.contains("moderation_update")));
    owner.expect_failure(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_owners_manage_admins_and_the_last_owner_stays() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/members");
    let admin = Caller::add_signed_in_user(&server, "admin@example.org", &id, Some(Role::Admin)).await;
    let member = Caller::add_signed_in_user(&server, "member@example.org", &id, Some(Role::Member)).await;
    server.create_user("new@example.org", "correct horse battery").await.unwrap();
    let of = async |email: &str| format!("{path}/{}", member_id(&server, &owner, &id, email).await);
    let (its, other) = (of("admin@example.org").await, of("member@example.org").await);
    let demo = of(&server.demo().unwrap().email).await;

    for request in [
        (Method::POST, path.as_str(), json!({"email": "new@example.org", "role": "admin"})),
        (Method::PATCH, other.as_str(), json!({"role": "owner"})),
        (Method::PATCH, its.as_str(), json!({"role": "owner"})),
        (Method::PATCH, demo.as_str(), json!({"role": "member"})),
        (Method::DELETE, demo.as_str(), Value::Null),
    ] {
        admin.expect_failure(&server, request, (403, "access_denied")).await;
    }
    // A request to add a member creates an invitation. Admins may invite users as ordinary members.
    admin.post(&server, &path, json!({"email": "new@example.org"})).await;
    member.expect_failure(&server, (Method::DELETE, &its, Value::Null), (403, "access_denied")).await;

    for request in [(Method::PATCH, demo.as_str(), json!({"role": "admin"})), (Method::DELETE, &demo, Value::Null)] {
        owner.expect_failure(&server, request, (409, "last_owner")).await;
    }
    owner.patch(&server, &its, json!({"role": "owner"})).await;
    owner.patch(&server, &demo, json!({"role": "admin"})).await;
    // Even ordinary members may leave.
    member.delete(&server, &other).await;
    member.expect_failure(&server, (Method::GET, &path, Value::Null), (403, "access_denied")).await;
    server.shutdown().await;
}
