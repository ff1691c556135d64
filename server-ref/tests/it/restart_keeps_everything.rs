//! The log, its id, the demonstration and the credentials outlive the process, even when it is killed.

use serde_json::{Value, json};

use crate::program::Program;
use crate::support::{Socket, http};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(folder.path(), &["--demo"]).await;
    let url = format!("{}/api/moderate", first.base_url());
    for n in 0..3 {
        let body = json!({"content": format!("{n}")});
        let response = http().post(&url).header("x-api-key", first.api_key()).json(&body).send().await;
        assert_eq!(response.unwrap().status(), 200);
    }
    let log = join(&first, &first.api_key()).await;
    first.signal("KILL");
    let (project, key, ready) = (first.project_id(), first.api_key(), first.ready.clone());
    first.exit_code().await;

    let second = Program::start(folder.path(), &["--demo"]).await;
    assert_eq!(second.project_id(), project);
    assert_eq!(second.ready["email"], ready["email"]);
    assert_eq!(second.ready["password"], ready["password"]);
    assert_eq!(second.api_key(), key);
    // Head and log are what they were.
    assert_eq!(join(&second, &key).await, log);
    assert_eq!(log.0, 3 + 3, "three sample rules, three items");
    second.signal("TERM");
    assert_eq!(second.exit_code().await, Some(0));

    // Another database has another log.
    let elsewhere = tempfile::tempdir().unwrap();
    let third = Program::start(elsewhere.path(), &["--demo"]).await;
    assert_ne!(join(&third, &third.api_key()).await.1, log.1);
}

/// Head and log id.
async fn join(program: &Program, key: &str) -> (i64, Value) {
    let request = Socket::request(&program.base_url(), &format!("&api_key={key}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.accepted().await;
    let joined = socket.join(&program.project_id()).await;
    (joined["event_id"].as_i64().unwrap(), joined["log"].clone())
}
