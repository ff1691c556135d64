//! The last use of a key is recorded at most once a minute, and no request waits for the write.

use serde_json::{Value, json};

use crate::support::{demo_api_key, demo_project_id, demo_server_builder, eventually, moderate};
use crate::web::Caller;

#[tokio::test]
async fn the_last_use_is_listed() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let last_use = async || owner.get(&server, &path).await["keys"][0]["last_used_at"].clone();
    assert_eq!(last_use().await, Value::Null);
    let before = jiff::Timestamp::now();
    moderate(&server, json!({"content": "x"})).await;
    eventually("the use is recorded", async || last_use().await != Value::Null).await;
    let recorded = last_use().await;
    let used: jiff::Timestamp = recorded.as_str().unwrap().parse().unwrap();
    assert!(used.as_microsecond() >= before.as_microsecond() && used <= jiff::Timestamp::now());

    // A second use within the minute is not recorded. To verify this, the test waits until a later use of another key has been
    // recorded.
    moderate(&server, json!({"content": "x"})).await;
    let made = owner.post(&server, &path, json!({"name": "k"})).await["key"].clone();
    let other = Caller::Key(made["api_key"].as_str().unwrap().to_owned());
    drop(other.connect_socket(&server).await);
    let listed = async || owner.get(&server, &path).await["keys"].clone();
    eventually("the use is recorded", async || listed().await[1]["last_used_at"] != Value::Null).await;
    assert_eq!(last_use().await, recorded);
    server.shutdown().await;
}

#[tokio::test]
async fn the_last_use_survives_a_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let start = async || {
        demo_server_builder().database(crate::databases::folder_database_url(folder.path())).start().await.unwrap()
    };
    let first = start().await;
    let (id, used) = (demo_project_id(&first), demo_api_key(&first));
    Caller::Key(used).get(&first, "/api/stats").await;
    first.shutdown().await;
    let second = start().await;
    let owner = Caller::demo_user(&second).await;
    let keys = owner.get(&second, &format!("/api/projects/{id}/keys")).await["keys"].clone();
    assert!(keys[0]["last_used_at"].is_string(), "{keys}");
    second.shutdown().await;
}
