//! Through the API, no user becomes a member of a project without consent: an admin creates an invitation for an e-mail address,
//! and the user with that address accepts it.

use automoderate_server::{Role, RunningServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder};
use crate::web::{Caller, TEST_PASSWORD, member_id};

async fn invite(server: &RunningServer, by: &Caller, id: &str, body: Value) -> Value {
    by.post(server, &format!("/api/projects/{id}/invitations"), body).await["invitation"].clone()
}

fn invitation_path(invitation: &Value, field: &str) -> String {
    format!("/api/invitations/{}", invitation[field].as_str().unwrap())
}

#[tokio::test]
async fn an_invited_user_accepts_by_token_or_by_id() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    for field in ["token", "id"] {
        let email = format!("{field}@example.org");
        let guest = Caller::add_signed_in_user(&server, &email, &id, None).await;
        let made = invite(&server, &owner, &id, json!({"email": email.to_uppercase(), "role": "admin"})).await;
        assert_eq!((&made["email"], &made["role"]), (&json!(email), &json!("admin")));
        assert!(made["token"].as_str().unwrap().len() > 40);
        assert!(made["expires_at"].as_str() > made["created_at"].as_str());
        // The invitation alone does not make the user a member.
        let members = format!("/api/projects/{id}/members");
        guest.expect_failure(&server, (Method::GET, &members, Value::Null), (403, "access_denied")).await;

        let received = guest.get(&server, "/api/invitations").await["invitations"].clone();
        assert_eq!(received.as_array().unwrap().len(), 1);
        assert_eq!((&received[0]["id"], &received[0]["project_id"]), (&made["id"], &json!(id)));
        assert_eq!((&received[0]["project_name"], &received[0]["role"]), (&json!("Demo"), &json!("admin")));
        assert_eq!(received[0]["invited_by"], server.demo().unwrap().email);
        let accepted = guest.post(&server, &invitation_path(&made, field), Value::Null).await;
        assert_eq!((&accepted["project"]["id"], &accepted["project"]["role"]), (&json!(id), &json!("admin")));
        member_id(&server, &guest, &id, &email).await;
        // An invitation can be accepted only once.
        let again = invitation_path(&made, field);
        guest.expect_failure(&server, (Method::POST, &again, Value::Null), (404, "not_found")).await;
        assert_eq!(guest.get(&server, "/api/invitations").await["invitations"], json!([]));
        let again = (Method::POST, &*format!("/api/projects/{id}/invitations"), json!({"email": email}));
        owner.expect_failure(&server, again, (409, "already_member")).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_invitation_does_not_reveal_whether_a_user_exists() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    server.create_user("known@example.org", TEST_PASSWORD).await.unwrap();
    let path = format!("/api/projects/{id}/invitations");
    let shape = async |email: &str| {
        let (status, answer) = owner.call(&server, Method::POST, &path, json!({"email": email})).await;
        let fields: Vec<String> = answer["invitation"].as_object().unwrap().keys().cloned().collect();
        (status, fields)
    };
    assert_eq!(shape("known@example.org").await, shape("nobody@example.org").await);
    let listed = owner.get(&server, &path).await["invitations"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(listed[0].get("token").is_none());
    // A user who is created later also finds the invitation.
    let later = Caller::add_signed_in_user(&server, "nobody@example.org", &id, None).await;
    let received = later.get(&server, "/api/invitations").await["invitations"].clone();
    later.post(&server, &invitation_path(&received[0], "id"), Value::Null).await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_the_invited_address_can_answer_an_invitation() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let guest = Caller::add_signed_in_user(&server, "guest@example.org", &id, None).await;
    let thief = Caller::add_signed_in_user(&server, "thief@example.org", &id, None).await;
    let body = json!({"email": "guest@example.org"});
    let first = invite(&server, &owner, &id, body.clone()).await;
    for method in [Method::POST, Method::DELETE] {
        let by_token = (method.clone(), &*invitation_path(&first, "token"), Value::Null);
        thief.expect_failure(&server, by_token, (403, "access_denied")).await;
        let by_id = (method, &*invitation_path(&first, "id"), Value::Null);
        thief.expect_failure(&server, by_id, (404, "not_found")).await;
    }
    assert_eq!(thief.get(&server, "/api/invitations").await["invitations"], json!([]));

    // A second invitation for an address replaces the first.
    let second = invite(&server, &owner, &id, body.clone()).await;
    guest
        .expect_failure(&server, (Method::POST, &invitation_path(&first, "token"), Value::Null), (404, "not_found"))
        .await;
    guest.delete(&server, &invitation_path(&second, "token")).await;
    guest
        .expect_failure(&server, (Method::POST, &invitation_path(&second, "token"), Value::Null), (404, "not_found"))
        .await;

    let third = invite(&server, &owner, &id, body).await;
    let one = format!("/api/projects/{id}/invitations/{}", third["id"].as_str().unwrap());
    owner.delete(&server, &one).await;
    owner.expect_failure(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    guest
        .expect_failure(&server, (Method::POST, &invitation_path(&third, "token"), Value::Null), (404, "not_found"))
        .await;

    let audit = owner.get(&server, &format!("/api/projects/{id}/audit")).await["entries"].clone();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["invitation.create", "invitation.decline", "invitation.withdraw"] {
        assert!(actions.contains(&action), "{action}");
    }
    assert!(!audit.to_string().contains("ami_"));
    server.shutdown().await;
}

#[tokio::test]
async fn admins_cannot_grant_their_own_role_and_lose_invitations_when_demoted() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/invitations");
    let admin = Caller::add_signed_in_user(&server, "admin@example.org", &id, Some(Role::Admin)).await;
    let guest = Caller::add_signed_in_user(&server, "guest@example.org", &id, None).await;
    for role in ["admin", "owner"] {
        let request = (Method::POST, &*path, json!({"email": "guest@example.org", "role": role}));
        admin.expect_failure(&server, request, (403, "access_denied")).await;
    }
    let odd = (Method::POST, &*path, json!({"email": "guest@example.org", "role": "king"}));
    admin.expect_failure(&server, odd, (422, "unprocessable")).await;
    // An admin cannot replace or withdraw an invitation for the role of admin either.
    let of_owner = invite(&server, &owner, &id, json!({"email": "guest@example.org", "role": "admin"})).await;
    let replace = (Method::POST, &*path, json!({"email": "guest@example.org"}));
    admin.expect_failure(&server, replace, (403, "access_denied")).await;
    let one = format!("{path}/{}", of_owner["id"].as_str().unwrap());
    admin.expect_failure(&server, (Method::DELETE, &one, Value::Null), (403, "access_denied")).await;
    owner.delete(&server, &one).await;

    let made = invite(&server, &admin, &id, json!({"email": "guest@example.org"})).await;
    let member = format!("/api/projects/{id}/members/{}", member_id(&server, &owner, &id, "admin@example.org").await);
    owner.patch(&server, &member, json!({"role": "member"})).await;
    guest
        .expect_failure(&server, (Method::POST, &invitation_path(&made, "token"), Value::Null), (404, "not_found"))
        .await;
    assert_eq!(guest.get(&server, "/api/invitations").await["invitations"], json!([]));
    owner.patch(&server, &member, json!({"role": "admin"})).await;
    guest.post(&server, &invitation_path(&made, "token"), Value::Null).await;
    server.shutdown().await;
}

#[tokio::test]
async fn invitations_are_limited_per_project() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    for n in 0..100 {
        invite(&server, &owner, &id, json!({"email": format!("{n}@example.org")})).await;
    }
    let one_more = (Method::POST, &*format!("/api/projects/{id}/invitations"), json!({"email": "x@example.org"}));
    owner.expect_failure(&server, one_more, (409, "limit_reached")).await;
    // Inviting an address that is already invited replaces the invitation, so the limit is not exceeded.
    invite(&server, &owner, &id, json!({"email": "7@example.org"})).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_strangers_project_does_not_affect_calls_without_a_project_id() {
    let server = demo_server_builder().start().await.unwrap();
    let id = server.create_project("The victim's project").await.unwrap();
    let victim = Caller::add_signed_in_user(&server, "victim@example.org", &id, Some(Role::Member)).await;
    let stranger = Caller::add_signed_in_user(&server, "stranger@example.org", &id, None).await;
    let theirs = stranger.post(&server, "/api/projects", json!({"name": "Trap"})).await["project"]["id"].clone();
    let theirs = theirs.as_str().unwrap();
    invite(&server, &stranger, theirs, json!({"email": "victim@example.org"})).await;
    let members = format!("/api/projects/{theirs}/members");
    stranger.post(&server, &members, json!({"email": "victim@example.org"})).await;
    victim.get(&server, "/api/stats").await;
    victim.post(&server, "/api/moderate", json!({"content": "x"})).await;
    assert_eq!(victim.get(&server, "/api/projects").await["projects"].as_array().unwrap().len(), 1);
    server.shutdown().await;
}
