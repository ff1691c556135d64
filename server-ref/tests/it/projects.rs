//! Signed-in users create, rename, and delete projects. The creator owns the project.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{demo_project_id, demo_server_builder, moderate};
use crate::web::{Caller, rejecting_rule};

#[tokio::test]
async fn a_project_is_created_renamed_and_deleted() {
    let server = demo_server_builder().start().await.unwrap();
    let user = Caller::add_signed_in_user(&server, "a@example.org", "", None).await;
    assert_eq!(user.get(&server, "/api/projects").await["projects"], json!([]));

    let made = user.post(&server, "/api/projects", json!({"name": "  Forum "})).await["project"].clone();
    assert_eq!((&made["name"], &made["role"]), (&json!("Forum"), &json!("owner")));
    assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
    let path = format!("/api/projects/{}", made["id"].as_str().unwrap());
    assert_eq!(user.get(&server, &path).await["project"], made);
    assert_eq!(user.get(&server, "/api/projects").await["projects"], json!([made]));

    let renamed = user.patch(&server, &path, json!({"name": "Board"})).await;
    assert_eq!(renamed["project"]["name"], "Board");

    // A project that has a key, a rule, and an item can be deleted, and its sockets then lose access immediately.
    let key = user.post(&server, &format!("{path}/keys"), json!({"name": "k"})).await["key"]["api_key"].clone();
    let key = Caller::Key(key.as_str().unwrap().to_owned());
    user.post(&server, &format!("{path}/rules"), rejecting_rule("x")).await;
    key.post(&server, "/api/moderate", json!({"content": "x", "metadata": {"user_id": 1}})).await;
    let mut member = user.connect_socket(&server).await;
    let mut program = key.connect_socket(&server).await;
    let id = made["id"].as_str().unwrap();
    member.join(id).await;
    program.join(id).await;

    user.delete(&server, &path).await;
    let denied = member.next_event("project_access_denied").await;
    assert_eq!((&denied["project_id"], &denied["code"]), (&made["id"], &json!("access_denied")));
    program.expect_authentication_failed().await;
    user.expect_failure(&server, (Method::GET, &path, Value::Null), (404, "not_found")).await;
    key.expect_failure(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_key_sees_only_its_own_project() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, key) = (demo_project_id(&server), Caller::Key(crate::support::demo_api_key(&server)));
    let projects = key.get(&server, "/api/projects").await["projects"].clone();
    assert_eq!(projects.as_array().unwrap().len(), 1);
    assert_eq!((&projects[0]["id"], &projects[0]["role"]), (&json!(id), &Value::Null));
    key.expect_failure(&server, (Method::POST, "/api/projects", json!({"name": "x"})), (403, "access_denied")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn invalid_project_requests_are_refused() {
    let server = demo_server_builder().start().await.unwrap();
    let user = Caller::demo_user(&server).await;
    let long = "x".repeat(201);
    for body in [json!({"name": " "}), json!({"name": long}), json!({"name": 1}), json!({}), json!([])] {
        user.expect_failure(&server, (Method::POST, "/api/projects", body), (422, "unprocessable")).await;
    }
    user.expect_failure(&server, (Method::POST, "/api/projects", Value::Null), (400, "invalid_argument")).await;
    user.expect_failure(&server, (Method::GET, "/api/projects/nowhere", Value::Null), (404, "not_found")).await;
    user.expect_failure(&server, (Method::GET, "/api/projects/%ff", Value::Null), (404, "not_found")).await;
    let other = server.create_project("Other").await.unwrap();
    let foreign = format!("/api/projects/{other}");
    user.expect_failure(&server, (Method::GET, &foreign, Value::Null), (403, "access_denied")).await;
    moderate(&server, json!({"content": "still works"})).await;
    server.shutdown().await;
}
