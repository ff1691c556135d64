//! Schemathesis calls every route that `/api/openapi.json` describes, with values of all shapes and as each kind of
//! caller. No response may be a 5xx, and each response must match the description. `make test-schema` runs the tests, which need
//! Python.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(dead_code, reason = "other test programs use the rest")]

#[path = "../it/databases.rs"]
mod databases;
#[path = "../it/support.rs"]
mod support;
#[path = "../it/web.rs"]
mod web;

use automoderate_server::{Role, RunningServer};
use serde_json::json;
use tokio::process::Command;

use support::{demo_api_key, demo_project_id, demo_server_builder, moderate};
use web::{Caller, rejecting_rule};

/// Maximum number of generated requests per route, in each phase of Schemathesis.
const MAX_EXAMPLES: &str = "6";

/// Creates a rule and an item that awaits review, and runs Schemathesis as this caller.
async fn check_schema_as(server: &RunningServer, name: &str, caller: &Caller) {
    let id = demo_project_id(server);
    let rule =
        Caller::demo_user(server).await.post(server, &format!("/api/projects/{id}/rules"), rejecting_rule(name)).await;
    let item = moderate(server, json!({"content": "call 555-123-4567"})).await;
    let mut command = Command::new(std::env::var("SCHEMATHESIS").expect("make test-schema sets SCHEMATHESIS"));
    command
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema/schemathesis.toml"), "--no-color"])
        .args(["run", &format!("{}/api/openapi.json", server.base_url()), "--max-examples", MAX_EXAMPLES])
        .envs([("PROJECT", id.as_str()), ("ITEM", item["content_id"].as_str().unwrap())])
        .env("RULE", rule["rule"]["id"].as_str().unwrap());
    for (header, value) in credential_headers(caller) {
        command.arg("--header").arg(format!("{header}: {value}"));
    }
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "as {name}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    // The output proves that the routes were called.
    assert!(text.contains("Test cases:"), "as {name}:\n{text}");
}

fn credential_headers(caller: &Caller) -> Vec<(&'static str, &str)> {
    match caller {
        Caller::Nobody => vec![],
        Caller::Key(key) => vec![("X-API-Key", key)],
        Caller::Session { cookie, token } => vec![("Cookie", cookie), ("X-CSRF-Token", token)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_without_credentials() {
    let server = demo_server_builder().start().await.unwrap();
    check_schema_as(&server, "nobody", &Caller::Nobody).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_with_a_key() {
    let server = demo_server_builder().start().await.unwrap();
    let caller = Caller::Key(demo_api_key(&server));
    check_schema_as(&server, "a key", &caller).await;
    // Some of the generated items were accepted.
    let items = caller.get(&server, "/api/content").await;
    assert!(items["pagination"]["total"].as_u64().unwrap() > 2, "{items}");
    server.shutdown().await;
}

async fn check_schema_with_role(role: Role) {
    let server = demo_server_builder().start().await.unwrap();
    let id = demo_project_id(&server);
    let caller = Caller::add_signed_in_user(&server, "someone@example.org", &id, Some(role)).await;
    check_schema_as(&server, &format!("{role:?}"), &caller).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_as_a_member() {
    check_schema_with_role(Role::Member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_as_an_admin() {
    check_schema_with_role(Role::Admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_as_an_owner() {
    check_schema_with_role(Role::Owner).await;
}

/// The demo user administers the server and owns the project.
#[tokio::test(flavor = "multi_thread")]
async fn schema_as_a_server_administrator() {
    let server = demo_server_builder().start().await.unwrap();
    check_schema_as(&server, "an administrator", &Caller::demo_user(&server).await).await;
    server.shutdown().await;
}
