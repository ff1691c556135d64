//! A change on one server is in force at once on the other one on the same database: rules and permissions.

use automoderate_server::{Role, RunningServer};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::cluster::Cluster;
use crate::support::{Socket, eventually, http, key, project, server};
use crate::web::{Caller, rejects, user_id};

/// Two servers and their database.
async fn two(cluster: &Cluster) -> (RunningServer, RunningServer, String) {
    let url = cluster.database();
    let first = server().database(&url).start().await.unwrap();
    let second = server().database(&url).start().await.unwrap();
    (first, second, url)
}

/// The status of a submission.
async fn submit(server: &RunningServer, key: &str, text: &str) -> (u16, Value) {
    let url = format!("{}/api/moderate", server.base_url());
    let response = http().post(url).header("x-api-key", key).json(&json!({"content": text})).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn joined(caller: &Caller, server: &RunningServer, project_id: &str) -> Socket {
    let mut socket = caller.socket(server).await;
    socket.join(project_id).await;
    socket
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn on_rules() {
    let cluster = Cluster::start().await;
    let (first, second, _) = two(&cluster).await;
    let (owner, key) = (Caller::demo(&first).await, key(&first));
    assert_eq!(submit(&second, &key, "mud").await.1["status"], "approved");
    let rules = format!("/api/projects/{}/rules", project(&first));
    let rule = owner.post(&first, &rules, rejects("mud")).await["rule"]["id"].clone();
    eventually("rejected", async || submit(&second, &key, "mud").await.1["status"] == "rejected").await;
    owner.delete(&first, &format!("{rules}/{}", rule.as_str().unwrap())).await;
    eventually("approved", async || submit(&second, &key, "mud").await.1["status"] == "approved").await;
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn on_access() {
    let cluster = Cluster::start().await;
    let (first, second, _) = two(&cluster).await;
    let owner = Caller::demo(&first).await;
    let project = project(&first);
    let base = format!("/api/projects/{project}");

    let made = owner.post(&first, &format!("{base}/keys"), json!({"name": "k"})).await["key"].clone();
    let key = made["api_key"].as_str().unwrap();
    let mut socket = joined(&Caller::Key(key.to_owned()), &second, &project).await;
    assert_eq!(submit(&second, key, "x").await.0, 200);
    owner.delete(&first, &format!("{base}/keys/{}", made["id"].as_str().unwrap())).await;
    socket.dismissed().await;
    eventually("the key is unknown", async || submit(&second, key, "x").await.0 == 401).await;

    let made = owner.post(&first, &format!("{base}/keys"), json!({"name": "switched"})).await["key"].clone();
    let key = made["api_key"].as_str().unwrap();
    let one = format!("{base}/keys/{}", made["id"].as_str().unwrap());
    let made = Caller::Key(key.to_owned()).post(&first, "/api/tokens", json!({})).await;
    let token = made["token"].as_str().unwrap();
    let (mut program, mut page) = (
        joined(&Caller::Key(key.to_owned()), &second, &project).await,
        joined(&Caller::Key(token.to_owned()), &second, &project).await,
    );
    owner.patch(&first, &one, json!({"is_active": false})).await;
    program.dismissed().await;
    page.dismissed().await;
    eventually("the key is off", async || submit(&second, key, "x").await.0 == 401).await;
    owner.patch(&first, &one, json!({"is_active": true})).await;
    eventually("the key is on", async || submit(&second, key, "x").await.0 == 200).await;

    let made = Caller::Key(key.to_owned()).post(&first, "/api/tokens", json!({"ttl": 2})).await;
    let token = made["token"].as_str().unwrap();
    let mut page = joined(&Caller::Key(token.to_owned()), &second, &project).await;
    assert_eq!(page.dismissal().await["code"], "token_expired");

    let member = Caller::user(&first, "member@example.org", &project, Some(Role::Member)).await;
    let mut socket = joined(&member, &second, &project).await;
    let id = user_id(&first, &owner, &project, "member@example.org").await;
    owner.delete(&first, &format!("{base}/members/{id}")).await;
    assert_eq!(socket.event("project_access_denied").await["project_id"], *project);

    owner.patch(&first, &format!("/api/users/{id}"), json!({"is_active": false})).await;
    socket.dismissed().await;

    let mut socket = joined(&owner, &second, &project).await;
    owner.log_out(&first).await;
    socket.dismissed().await;

    let owner = Caller::demo(&first).await;
    let (mut person, mut program) = (
        joined(&owner, &second, &project).await,
        joined(&Caller::Key(crate::support::key(&second)), &second, &project).await,
    );
    owner.delete(&first, &base).await;
    assert_eq!(person.event("project_access_denied").await["project_id"], *project);
    program.dismissed().await;
    first.shutdown().await;
    second.shutdown().await;
}

/// While nobody listened, a key and a member were removed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn on_what_was_missed() {
    let cluster = Cluster::start().await;
    let (first, second, url) = two(&cluster).await;
    let project = project(&first);
    let (key, owner) = (key(&first), Caller::demo(&first).await);
    let mut program = joined(&Caller::Key(key.clone()), &second, &project).await;
    let mut person = joined(&owner, &second, &project).await;
    assert_eq!(submit(&second, &key, "x").await.0, 200);

    let mut database = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "DELETE FROM api_keys",
        "DELETE FROM members",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    ] {
        assert!(sqlx::query(statement).execute(&mut database).await.unwrap().rows_affected() > 0, "{statement}");
    }
    program.dismissed().await;
    assert_eq!(person.event("project_access_denied").await["project_id"], *project);
    assert_eq!(submit(&second, &key, "x").await.0, 401);
    first.shutdown().await;
    second.shutdown().await;
}
