//! Nobody becomes a member of a project without consent: an admin invites an e-mail address, and its user accepts.

use automoderate_server::{Role, RunningServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{project, server};
use crate::web::{Caller, PASSWORD, user_id};

async fn invite(server: &RunningServer, by: &Caller, id: &str, body: Value) -> Value {
    by.post(server, &format!("/api/projects/{id}/invitations"), body).await["invitation"].clone()
}

fn answer_path(invitation: &Value, field: &str) -> String {
    format!("/api/invitations/{}", invitation[field].as_str().unwrap())
}

#[tokio::test]
async fn an_invited_user_accepts_by_the_token_or_by_the_id() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    for field in ["token", "id"] {
        let email = format!("{field}@example.org");
        let guest = Caller::user(&server, &email, &id, None).await;
        let made = invite(&server, &owner, &id, json!({"email": email.to_uppercase(), "role": "admin"})).await;
        assert_eq!((&made["email"], &made["role"]), (&json!(email), &json!("admin")));
        assert!(made["token"].as_str().unwrap().len() > 40);
        assert!(made["expires_at"].as_str() > made["created_at"].as_str());
        // An invitation is no membership.
        let members = format!("/api/projects/{id}/members");
        guest.fails(&server, (Method::GET, &members, Value::Null), (403, "access_denied")).await;

        let received = guest.get(&server, "/api/invitations").await["invitations"].clone();
        assert_eq!(received.as_array().unwrap().len(), 1);
        assert_eq!((&received[0]["id"], &received[0]["project_id"]), (&made["id"], &json!(id)));
        assert_eq!((&received[0]["project_name"], &received[0]["role"]), (&json!("Demo"), &json!("admin")));
        assert_eq!(received[0]["invited_by"], server.demo().unwrap().email);
        let accepted = guest.post(&server, &answer_path(&made, field), Value::Null).await;
        assert_eq!((&accepted["project"]["id"], &accepted["project"]["role"]), (&json!(id), &json!("admin")));
        user_id(&server, &guest, &id, &email).await;
        // Once.
        let again = answer_path(&made, field);
        guest.fails(&server, (Method::POST, &again, Value::Null), (404, "not_found")).await;
        assert_eq!(guest.get(&server, "/api/invitations").await["invitations"], json!([]));
        let again = (Method::POST, &*format!("/api/projects/{id}/invitations"), json!({"email": email}));
        owner.fails(&server, again, (409, "already_member")).await;
    }
    server.shutdown().await;
}

#[tokio::test]
async fn an_invitation_does_not_show_whether_there_is_a_user() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    server.create_user("known@example.org", PASSWORD).await.unwrap();
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
    // A user who is created later finds it.
    let later = Caller::user(&server, "nobody@example.org", &id, None).await;
    let received = later.get(&server, "/api/invitations").await["invitations"].clone();
    later.post(&server, &answer_path(&received[0], "id"), Value::Null).await;
    server.shutdown().await;
}

#[tokio::test]
async fn an_invitation_is_for_its_address_alone_and_may_be_declined_or_withdrawn() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let guest = Caller::user(&server, "guest@example.org", &id, None).await;
    let thief = Caller::user(&server, "thief@example.org", &id, None).await;
    let body = json!({"email": "guest@example.org"});
    let first = invite(&server, &owner, &id, body.clone()).await;
    for method in [Method::POST, Method::DELETE] {
        let by_token = (method.clone(), &*answer_path(&first, "token"), Value::Null);
        thief.fails(&server, by_token, (403, "access_denied")).await;
        let by_id = (method, &*answer_path(&first, "id"), Value::Null);
        thief.fails(&server, by_id, (404, "not_found")).await;
    }
    assert_eq!(thief.get(&server, "/api/invitations").await["invitations"], json!([]));

    // Another one replaces it.
    let second = invite(&server, &owner, &id, body.clone()).await;
    guest.fails(&server, (Method::POST, &answer_path(&first, "token"), Value::Null), (404, "not_found")).await;
    guest.delete(&server, &answer_path(&second, "token")).await;
    guest.fails(&server, (Method::POST, &answer_path(&second, "token"), Value::Null), (404, "not_found")).await;

    let third = invite(&server, &owner, &id, body).await;
    let one = format!("/api/projects/{id}/invitations/{}", third["id"].as_str().unwrap());
    owner.delete(&server, &one).await;
    owner.fails(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    guest.fails(&server, (Method::POST, &answer_path(&third, "token"), Value::Null), (404, "not_found")).await;

    let audit = owner.get(&server, &format!("/api/projects/{id}/audit")).await["entries"].clone();
    let actions: Vec<&str> = audit.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for action in ["invitation.create", "invitation.decline", "invitation.withdraw"] {
        assert!(actions.contains(&action), "{action}");
    }
    assert!(!audit.to_string().contains("ami_"));
    server.shutdown().await;
}

#[tokio::test]
async fn admins_give_no_role_like_their_own_and_a_demoted_admin_invites_nobody() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/invitations");
    let admin = Caller::user(&server, "admin@example.org", &id, Some(Role::Admin)).await;
    let guest = Caller::user(&server, "guest@example.org", &id, None).await;
    for role in ["admin", "owner"] {
        let request = (Method::POST, &*path, json!({"email": "guest@example.org", "role": role}));
        admin.fails(&server, request, (403, "access_denied")).await;
    }
    let odd = (Method::POST, &*path, json!({"email": "guest@example.org", "role": "king"}));
    admin.fails(&server, odd, (422, "unprocessable")).await;
    // Nor replace or withdraw what an owner gave.
    let of_owner = invite(&server, &owner, &id, json!({"email": "guest@example.org", "role": "admin"})).await;
    let replace = (Method::POST, &*path, json!({"email": "guest@example.org"}));
    admin.fails(&server, replace, (403, "access_denied")).await;
    let one = format!("{path}/{}", of_owner["id"].as_str().unwrap());
    admin.fails(&server, (Method::DELETE, &one, Value::Null), (403, "access_denied")).await;
    owner.delete(&server, &one).await;

    let made = invite(&server, &admin, &id, json!({"email": "guest@example.org"})).await;
    let member = format!("/api/projects/{id}/members/{}", user_id(&server, &owner, &id, "admin@example.org").await);
    owner.patch(&server, &member, json!({"role": "member"})).await;
    guest.fails(&server, (Method::POST, &answer_path(&made, "token"), Value::Null), (404, "not_found")).await;
    assert_eq!(guest.get(&server, "/api/invitations").await["invitations"], json!([]));
    owner.patch(&server, &member, json!({"role": "admin"})).await;
    guest.post(&server, &answer_path(&made, "token"), Value::Null).await;
    server.shutdown().await;
}

#[tokio::test]
async fn invitations_are_bounded_per_project() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    for n in 0..100 {
        invite(&server, &owner, &id, json!({"email": format!("{n}@example.org")})).await;
    }
    let one_more = (Method::POST, &*format!("/api/projects/{id}/invitations"), json!({"email": "x@example.org"}));
    owner.fails(&server, one_more, (409, "limit_reached")).await;
    // Inviting the same address again changes nothing.
    invite(&server, &owner, &id, json!({"email": "7@example.org"})).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_strangers_project_does_not_disturb_calls_without_a_project_id() {
    let server = server().start().await.unwrap();
    let id = server.create_project("Of the victim").await.unwrap();
    let victim = Caller::user(&server, "victim@example.org", &id, Some(Role::Member)).await;
    let stranger = Caller::user(&server, "stranger@example.org", &id, None).await;
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
