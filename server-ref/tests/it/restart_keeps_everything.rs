//! The event log, its id, the demo project, and the credentials survive the end of the server's process, even if the process is
//! killed.

use serde_json::{Value, json};

use crate::program::ServerProgram;
use crate::support::{Socket, http_client};

#[tokio::test(flavor = "multi_thread")]
async fn everything_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let first = ServerProgram::start(folder.path(), &["--demo"]).await;
    let url = format!("{}/api/moderate", first.base_url());
    for n in 0..3 {
        let body = json!({"content": format!("{n}")});
        let response = http_client().post(&url).header("x-api-key", first.api_key()).json(&body).send().await;
        assert_eq!(response.unwrap().status(), 200);
    }
    let log = join_and_read_head(&first, &first.api_key()).await;
    first.signal("KILL");
    let (project, key, ready) = (first.project_id(), first.api_key(), first.ready.clone());
    first.exit_code().await;

    let second = ServerProgram::start(folder.path(), &["--demo"]).await;
    assert_eq!(second.project_id(), project);
    assert_eq!(second.ready["email"], ready["email"]);
    assert_eq!(second.ready["password"], ready["password"]);
    assert_eq!(second.api_key(), key);
    // The head and the log id are unchanged.
    assert_eq!(join_and_read_head(&second, &key).await, log);
    assert_eq!(log.0, 3 + 3, "events of three sample rules and three items");
    second.signal("TERM");
    assert_eq!(second.exit_code().await, Some(0));

    // The log of another database has a different id.
    let elsewhere = tempfile::tempdir().unwrap();
    let third = ServerProgram::start(elsewhere.path(), &["--demo"]).await;
    assert_ne!(join_and_read_head(&third, &third.api_key()).await.1, log.1);
}

/// Joins the demo project, and returns the head and the log id.
async fn join_and_read_head(program: &ServerProgram, key: &str) -> (i64, Value) {
    let request = Socket::request(&program.base_url(), &format!("&api_key={key}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    let joined = socket.join(&program.project_id()).await;
    (joined["event_id"].as_i64().unwrap(), joined["log"].clone())
}
