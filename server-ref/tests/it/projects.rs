//! Signed-in users create, rename and delete projects; the creator owns a project.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{moderate, project, server};
use crate::web::{Caller, rejects};

#[tokio::test]
async fn from_creation_to_deletion() {
    let server = server().start().await.unwrap();
    let user = Caller::user(&server, "a@example.org", "", None).await;
    assert_eq!(user.get(&server, "/api/projects").await["projects"], json!([]));

    let made = user.post(&server, "/api/projects", json!({"name": "  Forum "})).await["project"].clone();
    assert_eq!((&made["name"], &made["role"]), (&json!("Forum"), &json!("owner")));
    assert!(made["created_at"].as_str().unwrap().ends_with('Z'));
    let path = format!("/api/projects/{}", made["id"].as_str().unwrap());
    assert_eq!(user.get(&server, &path).await["project"], made);
    assert_eq!(user.get(&server, "/api/projects").await["projects"], json!([made]));

    let renamed = user.patch(&server, &path, json!({"name": "Board"})).await;
    assert_eq!(renamed["project"]["name"], "Board");

    // Its key, rule and item are deleted with it.
    let key = user.post(&server, &format!("{path}/keys"), json!({"name": "k"})).await["key"]["api_key"].clone();
    let key = Caller::Key(key.as_str().unwrap().to_owned());
    user.post(&server, &format!("{path}/rules"), rejects("x")).await;
    key.post(&server, "/api/moderate", json!({"content": "x", "metadata": {"user_id": 1}})).await;
    let mut member = user.socket(&server).await;
    let mut program = key.socket(&server).await;
    let id = made["id"].as_str().unwrap();
    member.join(id).await;
    program.join(id).await;

    user.delete(&server, &path).await;
    let denied = member.event("project_access_denied").await;
    assert_eq!((&denied["project_id"], &denied["code"]), (&made["id"], &json!("access_denied")));
    program.dismissed().await;
    user.fails(&server, (Method::GET, &path, Value::Null), (404, "not_found")).await;
    key.fails(&server, (Method::GET, "/api/stats", Value::Null), (401, "authentication_failed")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_key_sees_its_own() {
    let server = server().start().await.unwrap();
    let (id, key) = (project(&server), Caller::Key(crate::support::key(&server)));
    let projects = key.get(&server, "/api/projects").await["projects"].clone();
    assert_eq!(projects.as_array().unwrap().len(), 1);
    assert_eq!((&projects[0]["id"], &projects[0]["role"]), (&json!(id), &Value::Null));
    key.fails(&server, (Method::POST, "/api/projects", json!({"name": "x"})), (403, "access_denied")).await;
    server.shutdown().await;
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let server = server().start().await.unwrap();
    let user = Caller::demo(&server).await;
    let long = "x".repeat(201);
    for body in [json!({"name": " "}), json!({"name": long}), json!({"name": 1}), json!({}), json!([])] {
        user.fails(&server, (Method::POST, "/api/projects", body), (422, "unprocessable")).await;
    }
    user.fails(&server, (Method::POST, "/api/projects", Value::Null), (400, "invalid_argument")).await;
    user.fails(&server, (Method::GET, "/api/projects/nowhere", Value::Null), (404, "not_found")).await;
    user.fails(&server, (Method::GET, "/api/projects/%ff", Value::Null), (404, "not_found")).await;
    let other = server.create_project("Other").await.unwrap();
    let foreign = format!("/api/projects/{other}");
    user.fails(&server, (Method::GET, &foreign, Value::Null), (403, "access_denied")).await;
    moderate(&server, json!({"content": "still works"})).await;
    server.shutdown().await;
}
