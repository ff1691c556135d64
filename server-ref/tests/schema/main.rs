//! Schemathesis calls every route that `/api/openapi.json` describes, with values of all shapes, as each kind of caller: no answer is a
//! 5xx, and each is one that the description allows. Needs Python: `make test-schema`.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
#![allow(dead_code, reason = "the support of the other tests has more than these need")]

#[path = "../it/databases.rs"]
mod databases;
#[path = "../it/support.rs"]
mod support;
#[path = "../it/web.rs"]
mod web;

use automoderate_server::{Role, RunningServer};
use serde_json::json;
use tokio::process::Command;

use support::{key, moderate, project, server};
use web::{Caller, rejects};

/// Values for each route, in each of the two phases.
const EXAMPLES: &str = "6";

/// Everything that the caller needs is there: a project, an item that waits for a review, and a rule.
async fn check(server: &RunningServer, name: &str, caller: &Caller) {
    let id = project(server);
    let rule = Caller::demo(server).await.post(server, &format!("/api/projects/{id}/rules"), rejects(name)).await;
    let item = moderate(server, json!({"content": "call 555-123-4567"})).await;
    let mut command = Command::new(std::env::var("SCHEMATHESIS").expect("make test-schema says where it is"));
    command
        .args(["--config-file", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schema/schemathesis.toml"), "--no-color"])
        .args(["run", &format!("{}/api/openapi.json", server.base_url()), "--max-examples", EXAMPLES])
        .envs([("PROJECT", id.as_str()), ("ITEM", item["content_id"].as_str().unwrap())])
        .env("RULE", rule["rule"]["id"].as_str().unwrap());
    for (header, value) in headers(caller) {
        command.arg("--header").arg(format!("{header}: {value}"));
    }
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "as {name}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
    // It did call the routes.
    assert!(text.contains("Test cases:"), "as {name}:\n{text}");
}

fn headers(caller: &Caller) -> Vec<(&'static str, &str)> {
    match caller {
        Caller::Nobody => vec![],
        Caller::Key(key) => vec![("X-API-Key", key)],
        Caller::Session { cookie, token } => vec![("Cookie", cookie), ("X-CSRF-Token", token)],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody() {
    let server = server().start().await.unwrap();
    check(&server, "nobody", &Caller::Nobody).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key() {
    let server = server().start().await.unwrap();
    let caller = Caller::Key(key(&server));
    check(&server, "a key", &caller).await;
    // Some of the values were accepted.
    let items = caller.get(&server, "/api/content").await;
    assert!(items["pagination"]["total"].as_u64().unwrap() > 2, "{items}");
    server.shutdown().await;
}

async fn session(role: Role) {
    let server = server().start().await.unwrap();
    let id = project(&server);
    let caller = Caller::user(&server, "someone@example.org", &id, Some(role)).await;
    check(&server, &format!("{role:?}"), &caller).await;
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member() {
    session(Role::Member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin() {
    session(Role::Admin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner() {
    session(Role::Owner).await;
}

/// Administrator of the server, and owner of the project.
#[tokio::test(flavor = "multi_thread")]
async fn an_administrator() {
    let server = server().start().await.unwrap();
    check(&server, "an administrator", &Caller::demo(&server).await).await;
    server.shutdown().await;
}
