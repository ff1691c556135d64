//! The last use of a key is recorded, at most once a minute, and away from the requests.

use serde_json::{Value, json};

use crate::support::{eventually, key, moderate, project, server};
use crate::web::Caller;

#[tokio::test]
async fn the_last_use_is_listed() {
    let server = server().start().await.unwrap();
    let (id, owner) = (project(&server), Caller::demo(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let last_use = async || owner.get(&server, &path).await["keys"][0]["last_used_at"].clone();
    assert_eq!(last_use().await, Value::Null);
    let before = jiff::Timestamp::now();
    moderate(&server, json!({"content": "x"})).await;
    eventually("it is recorded", async || last_use().await != Value::Null).await;
    let recorded = last_use().await;
    let used: jiff::Timestamp = recorded.as_str().unwrap().parse().unwrap();
    assert!(used.as_microsecond() >= before.as_microsecond() && used <= jiff::Timestamp::now());

    // Not again within a minute; another key's first use is recorded after it.
    moderate(&server, json!({"content": "x"})).await;
    let made = owner.post(&server, &path, json!({"name": "k"})).await["key"].clone();
    let other = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    drop(other.socket(&server).await);
    let listed = async || owner.get(&server, &path).await["keys"].clone();
    eventually("it is recorded", async || listed().await[1]["last_used_at"] != Value::Null).await;
    assert_eq!(last_use().await, recorded);
    server.shutdown().await;
}

#[tokio::test]
async fn it_is_not_lost_when_the_server_stops() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || server().database(crate::databases::of(folder.path())).start().await.unwrap();
    let first = start().await;
    let (id, used) = (project(&first), key(&first));
    Caller::Key(used).get(&first, "/api/stats").await;
    first.shutdown().await;
    let second = start().await;
    let owner = Caller::demo(&second).await;
    let keys = owner.get(&second, &format!("/api/projects/{id}/keys")).await["keys"].clone();
    assert!(keys[0]["last_used_at"].is_string(), "{keys}");
    second.shutdown().await;
}
