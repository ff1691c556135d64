//! Changes to rules and permissions on one node apply almost immediately on another node that uses the same database.

use automoderate_server::{Role, RunningServer};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::cluster::PostgresCluster;
use crate::support::{Socket, demo_api_key, demo_project_id, demo_server_builder, eventually, http_client};
use crate::web::{Caller, member_id, rejecting_rule};

/// Starts two nodes on one database, and returns them with the database's URL.
async fn start_two_servers(cluster: &PostgresCluster) -> (RunningServer, RunningServer, String) {
    let url = cluster.create_test_database();
    let first = demo_server_builder().database(&url).start().await.unwrap();
    let second = demo_server_builder().database(&url).start().await.unwrap();
    (first, second, url)
}

/// Submits an item, and returns the status and the answer.
async fn submit(server: &RunningServer, key: &str, text: &str) -> (u16, Value) {
    let url = format!("{}/api/moderate", server.base_url());
    let response =
        http_client().post(url).header("x-api-key", key).json(&json!({"content": text})).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn connect_and_join(caller: &Caller, server: &RunningServer, project_id: &str) -> Socket {
    let mut socket = caller.connect_socket(server).await;
    socket.join(project_id).await;
    socket
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn servers_agree_on_rules() {
    let cluster = PostgresCluster::start().await;
    let (first, second, _) = start_two_servers(&cluster).await;
    let (owner, key) = (Caller::demo_user(&first).await, demo_api_key(&first));
    assert_eq!(submit(&second, &key, "mud").await.1["status"], "approved");
    let rules = format!("/api/projects/{}/rules", demo_project_id(&first));
    let rule = owner.post(&first, &rules, rejecting_rule("mud")).await["rule"]["id"].clone();
    eventually("rejected", async || submit(&second, &key, "mud").await.1["status"] == "rejected").await;
    owner.delete(&first, &format!("{rules}/{}", rule.as_str().unwrap())).await;
    eventually("approved", async || submit(&second, &key, "mud").await.1["status"] == "approved").await;
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn servers_agree_on_access() {
    let cluster = PostgresCluster::start().await;
    let (first, second, _) = start_two_servers(&cluster).await;
    let owner = Caller::demo_user(&first).await;
    let project = demo_project_id(&first);
    let base = format!("/api/projects/{project}");

    let made = owner.post(&first, &format!("{base}/keys"), json!({"name": "k"})).await["key"].clone();
    let key = made["api_key"].as_str().unwrap();
    let mut socket = connect_and_join(&Caller::Key(key.to_owned()), &second, &project).await;
    assert_eq!(submit(&second, key, "x").await.0, 200);
    owner.delete(&first, &format!("{base}/keys/{}", made["id"].as_str().unwrap())).await;
    socket.expect_authentication_failed().await;
    eventually("the key is unknown", async || submit(&second, key, "x").await.0 == 401).await;

    let made = owner.post(&first, &format!("{base}/keys"), json!({"name": "switched"})).await["key"].clone();
    let key = made["api_key"].as_str().unwrap();
    let one = format!("{base}/keys/{}", made["id"].as_str().unwrap());
    let made = Caller::Key(key.to_owned()).post(&first, "/api/tokens", json!({})).await;
    let token = made["token"].as_str().unwrap();
    let (mut program, mut page) = (
        connect_and_join(&Caller::Key(key.to_owned()), &second, &project).await,
        connect_and_join(&Caller::Key(token.to_owned()), &second, &project).await,
    );
    owner.patch(&first, &one, json!({"is_active": false})).await;
    program.expect_authentication_failed().await;
    page.expect_authentication_failed().await;
    eventually("the key is deactivated", async || submit(&second, key, "x").await.0 == 401).await;
    owner.patch(&first, &one, json!({"is_active": true})).await;
    eventually("the key is active again", async || submit(&second, key, "x").await.0 == 200).await;

    let made = Caller::Key(key.to_owned()).post(&first, "/api/tokens", json!({"ttl": 2})).await;
    let token = made["token"].as_str().unwrap();
    let mut page = connect_and_join(&Caller::Key(token.to_owned()), &second, &project).await;
    assert_eq!(page.expect_dismissal().await["code"], "token_expired");

    let member = Caller::add_signed_in_user(&first, "member@example.org", &project, Some(Role::Member)).await;
    let mut socket = connect_and_join(&member, &second, &project).await;
    let id = member_id(&first, &owner, &project, "member@example.org").await;
    owner.delete(&first, &format!("{base}/members/{id}")).await;
    assert_eq!(socket.next_event("project_access_denied").await["project_id"], *project);

    owner.patch(&first, &format!("/api/users/{id}"), json!({"is_active": false})).await;
    socket.expect_authentication_failed().await;

    let mut socket = connect_and_join(&owner, &second, &project).await;
    owner.sign_out(&first).await;
    socket.expect_authentication_failed().await;

    let owner = Caller::demo_user(&first).await;
    let (mut person, mut program) = (
        connect_and_join(&owner, &second, &project).await,
        connect_and_join(&Caller::Key(crate::support::demo_api_key(&second)), &second, &project).await,
    );
    owner.delete(&first, &base).await;
    assert_eq!(person.next_event("project_access_denied").await["project_id"], *project);
    program.expect_authentication_failed().await;
    first.shutdown().await;
    second.shutdown().await;
}

/// Keys and members are deleted directly in the database, without a notification, and then the connections that listen for
/// changes are ended.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn servers_catch_up_on_missed_changes() {
    let cluster = PostgresCluster::start().await;
    let (first, second, url) = start_two_servers(&cluster).await;
    let project = demo_project_id(&first);
    let (key, owner) = (demo_api_key(&first), Caller::demo_user(&first).await);
    let mut program = connect_and_join(&Caller::Key(key.clone()), &second, &project).await;
    let mut person = connect_and_join(&owner, &second, &project).await;
    assert_eq!(submit(&second, &key, "x").await.0, 200);

    let mut database = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "DELETE FROM api_keys",
        "DELETE FROM members",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'",
    ] {
        assert!(sqlx::query(statement).execute(&mut database).await.unwrap().rows_affected() > 0, "{statement}");
    }
    program.expect_authentication_failed().await;
    assert_eq!(person.next_event("project_access_denied").await["project_id"], *project);
    assert_eq!(submit(&second, &key, "x").await.0, 401);
    first.shutdown().await;
    second.shutdown().await;
}
