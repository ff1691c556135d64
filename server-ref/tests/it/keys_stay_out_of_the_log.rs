//! Keys never appear in the program's log, not even at the most verbose level.

use serde_json::json;

use crate::program::ServerProgram;
use crate::support::{Socket, http_client};

#[tokio::test(flavor = "multi_thread")]
async fn keys_do_not_appear_in_the_trace_log() {
    let folder = tempfile::tempdir().unwrap();
    let program = ServerProgram::start(folder.path(), &["--demo", "--log", "trace"]).await;
    let key = program.api_key();
    let query = format!("&api_key={key}");
    let mut socket = Socket::open(Socket::request(&program.base_url(), &query), "").await.unwrap();
    socket.expect_accepted().await;
    let url = format!("{}/api/moderate?api_key={key}", program.base_url());
    let body = json!({"content": "x"});
    let response = http_client().post(url).header("x-api-key", &key).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    program.signal("TERM");
    let log = program.wait_for_log().await;
    assert!(log.contains("draining"), "{log}");
    assert!(!log.contains(&key[3..]), "the log contains the key");
}
