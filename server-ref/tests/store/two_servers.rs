//! Two nodes that write to one database.

use automoderate_server::RunningServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cluster::PostgresCluster;
use crate::load::{Load, SubmissionTally};
use crate::stored_data::Access;
use crate::support::{demo_api_key, demo_project_id, demo_server_builder, http_client};
use crate::web::{Caller, member_id};

const ITEMS_PER_SERVER: usize = 1_000;
const CONNECTIONS: usize = 8;

fn access_to(server: &RunningServer, project_id: &str, key: &str) -> Access {
    Access { base_url: server.base_url(), key: key.to_owned(), project_id: project_id.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn event_ids_are_consecutive_across_servers() {
    let cluster = PostgresCluster::start().await;
    let url = cluster.create_test_database();
    // Both nodes run the migrations at the same time.
    let (first, second) = tokio::join!(
        demo_server_builder().demo(false).database(&url).start(),
        demo_server_builder().demo(false).database(&url).start()
    );
    let servers = [first.unwrap(), second.unwrap()];
    let mut projects = Vec::new();
    for name in ["A", "B"] {
        let id = servers[0].create_project(name).await.unwrap();
        let key = servers[0].create_api_key(&id, "test").await.unwrap();
        projects.push((id, key));
    }
    let mut logs = Vec::new();
    for server in &servers {
        let mut socket = access_to(server, &projects[0].0, &projects[0].1).connect_socket().await;
        logs.push(socket.join(&projects[0].0).await["log"].clone());
    }
    assert_eq!(logs[0], logs[1]);

    let mut loads = Vec::new();
    for server in &servers {
        for (_, key) in &projects {
            loads.push(Load::start(&server.base_url(), key, ITEMS_PER_SERVER, CONNECTIONS));
        }
    }
    let mut tallies = [SubmissionTally::default(), SubmissionTally::default()];
    for (n, load) in loads.into_iter().enumerate() {
        tallies[n % 2] += load.finish().await;
    }
    for ((id, key), tally) in projects.iter().zip(&tallies) {
        assert_eq!((tally.unanswered, tally.refused.len()), (0, 0), "{:?}", tally.refused);
        for server in &servers {
            assert_eq!(access_to(server, id, key).check_consistency(tally).await, 2 * ITEMS_PER_SERVER);
        }
    }
    for server in servers {
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn concurrent_submissions_with_one_key_to_two_servers_are_stored_once() {
    const SUBMISSIONS: usize = 200;
    let cluster = PostgresCluster::start().await;
    let url = cluster.create_test_database();
    let first = demo_server_builder().database(&url).start().await.unwrap();
    let second = demo_server_builder().database(&url).start().await.unwrap();
    let (project_id, key) = (demo_project_id(&first), demo_api_key(&first));
    let submit = async |server: &RunningServer, n: usize| -> (String, bool) {
        let request = http_client().post(format!("{}/api/moderate", server.base_url())).header("x-api-key", &key);
        let request = request.header("idempotency-key", n.to_string()).json(&json!({"content": n.to_string()}));
        let response = request.send().await.unwrap().error_for_status().unwrap();
        let is_replayed = response.headers().contains_key("idempotent-replayed");
        let answer: Value = response.json().await.unwrap();
        (answer["content_id"].as_str().unwrap().to_owned(), is_replayed)
    };
    let mut tally = SubmissionTally::default();
    for n in 0..SUBMISSIONS {
        let (at_first, at_second) = tokio::join!(submit(&first, n), submit(&second, n));
        assert_eq!(at_first.0, at_second.0);
        assert!(at_first.1 != at_second.1, "not exactly one answer is a replay");
        tally.ids.push(at_first.0);
    }
    assert_eq!(access_to(&first, &project_id, &key).check_consistency(&tally).await, SUBMISSIONS);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn of_two_batches_with_one_key_to_two_servers_only_one_is_stored() {
    const PAIRS: usize = 100;
    let cluster = PostgresCluster::start().await;
    let url = cluster.create_test_database();
    let first = demo_server_builder().database(&url).start().await.unwrap();
    let second = demo_server_builder().database(&url).start().await.unwrap();
    let (project_id, key) = (demo_project_id(&first), demo_api_key(&first));
    let submit = async |server: &RunningServer, n: usize, items: &[&str]| -> (u16, Value) {
        let items: Vec<_> = items.iter().map(|item| json!({"content": item})).collect();
        let request = http_client().post(format!("{}/api/moderate/batch", server.base_url())).header("x-api-key", &key);
        let request = request.header("idempotency-key", n.to_string()).json(&json!({"items": items}));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let mut tally = SubmissionTally::default();
    for n in 0..PAIRS {
        let answers = tokio::join!(submit(&first, n, &["a", "b"]), submit(&second, n, &["c", "d", "e"]));
        let (stored, refused) = if answers.0.0 == 200 { answers } else { (answers.1, answers.0) };
        assert_eq!((stored.0, refused.0), (200, 422), "{stored:?} {refused:?}");
        assert_eq!(refused.1["code"], "idempotency_mismatch");
        let ids = stored.1["results"].as_array().unwrap().iter().map(|item| item["content_id"].as_str().unwrap());
        tally.ids.extend(ids.map(str::to_owned));
    }
    let count = tally.ids.len();
    assert_eq!(access_to(&first, &project_id, &key).check_consistency(&tally).await, count);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn the_last_two_owners_cannot_both_leave() {
    let cluster = PostgresCluster::start().await;
    let url = cluster.create_test_database();
    let first = demo_server_builder().database(&url).start().await.unwrap();
    let second = demo_server_builder().database(&url).start().await.unwrap();
    let owner = Caller::demo_user(&first).await;
    for n in 0..10 {
        let made = owner.post(&first, "/api/projects", json!({"name": "P"})).await;
        let id = made["project"]["id"].as_str().unwrap().to_owned();
        let email = format!("{n}@example.org");
        let other = Caller::add_signed_in_user(&first, &email, &id, Some(automoderate_server::Role::Owner)).await;
        let members = format!("/api/projects/{id}/members");
        let mine = member_id(&first, &owner, &id, &first.demo().unwrap().email).await;
        let theirs = member_id(&first, &owner, &id, &email).await;
        let (a, b) = (format!("{members}/{mine}"), format!("{members}/{theirs}"));
        let (a, b) = tokio::join!(
            owner.call(&first, Method::DELETE, &a, Value::Null),
            other.call(&second, Method::DELETE, &b, Value::Null)
        );
        let mut statuses = [a.0, b.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{a:?} {b:?}");
    }
    first.shutdown().await;
    second.shutdown().await;
}
