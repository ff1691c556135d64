//! Two servers on one database.

use automoderate_server::RunningServer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::books::Access;
use crate::cluster::Cluster;
use crate::load::{Load, Tally};
use crate::support::{http, key, project, server};
use crate::web::{Caller, user_id};

const EACH: usize = 1_000;
const CONNECTIONS: usize = 8;

fn access(server: &RunningServer, project_id: &str, key: &str) -> Access {
    Access { base_url: server.base_url(), key: key.to_owned(), project_id: project_id.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn ids_are_gap_free_and_unique() {
    let cluster = Cluster::start().await;
    let url = cluster.database();
    // Both migrate.
    let (first, second) =
        tokio::join!(server().demo(false).database(&url).start(), server().demo(false).database(&url).start());
    let servers = [first.unwrap(), second.unwrap()];
    let mut projects = Vec::new();
    for name in ["A", "B"] {
        let id = servers[0].create_project(name).await.unwrap();
        let key = servers[0].create_api_key(&id, "test").await.unwrap();
        projects.push((id, key));
    }
    let mut logs = Vec::new();
    for server in &servers {
        let mut socket = access(server, &projects[0].0, &projects[0].1).socket().await;
        logs.push(socket.join(&projects[0].0).await["log"].clone());
    }
    assert_eq!(logs[0], logs[1]);

    let mut loads = Vec::new();
    for server in &servers {
        for (_, key) in &projects {
            loads.push(Load::start(&server.base_url(), key, EACH, CONNECTIONS));
        }
    }
    let mut tallies = [Tally::default(), Tally::default()];
    for (n, load) in loads.into_iter().enumerate() {
        tallies[n % 2] += load.finish().await;
    }
    for ((id, key), tally) in projects.iter().zip(&tallies) {
        assert_eq!((tally.unanswered, tally.refused.len()), (0, 0), "{:?}", tally.refused);
        for server in &servers {
            assert_eq!(access(server, id, key).balance(tally).await, 2 * EACH);
        }
    }
    for server in servers {
        server.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn a_submission_with_one_key_at_both_servers_is_stored_once() {
    const SUBMISSIONS: usize = 200;
    let cluster = Cluster::start().await;
    let url = cluster.database();
    let first = server().database(&url).start().await.unwrap();
    let second = server().database(&url).start().await.unwrap();
    let (project_id, key) = (project(&first), key(&first));
    let submit = async |server: &RunningServer, n: usize| -> (String, bool) {
        let request = http().post(format!("{}/api/moderate", server.base_url())).header("x-api-key", &key);
        let request = request.header("idempotency-key", n.to_string()).json(&json!({"content": n.to_string()}));
        let response = request.send().await.unwrap().error_for_status().unwrap();
        let is_replayed = response.headers().contains_key("idempotent-replayed");
        let answer: Value = response.json().await.unwrap();
        (answer["content_id"].as_str().unwrap().to_owned(), is_replayed)
    };
    let mut tally = Tally::default();
    for n in 0..SUBMISSIONS {
        let (here, there) = tokio::join!(submit(&first, n), submit(&second, n));
        assert_eq!(here.0, there.0);
        assert!(here.1 != there.1, "one of them is the repetition");
        tally.ids.push(here.0);
    }
    assert_eq!(access(&first, &project_id, &key).balance(&tally).await, SUBMISSIONS);
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn the_last_two_owners_do_not_both_leave() {
    let cluster = Cluster::start().await;
    let url = cluster.database();
    let first = server().database(&url).start().await.unwrap();
    let second = server().database(&url).start().await.unwrap();
    let owner = Caller::demo(&first).await;
    for n in 0..10 {
        let made = owner.post(&first, "/api/projects", json!({"name": "P"})).await;
        let id = made["project"]["id"].as_str().unwrap().to_owned();
        let email = format!("{n}@example.org");
        let other = Caller::user(&first, &email, &id, Some(automoderate_server::Role::Owner)).await;
        let members = format!("/api/projects/{id}/members");
        let mine = user_id(&first, &owner, &id, &first.demo().unwrap().email).await;
        let theirs = user_id(&first, &owner, &id, &email).await;
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
