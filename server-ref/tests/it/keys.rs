//! API keys are shown once, are stored as hashes, and become invalid as soon as they are revoked.

use reqwest::Method;
use serde_json::{Value, json};

use crate::program::ServerProgram;
use crate::support::{demo_project_id, demo_server_builder};
use crate::web::Caller;

#[tokio::test]
async fn a_key_is_created_used_and_revoked() {
    let server = demo_server_builder().start().await.unwrap();
    let (id, owner) = (demo_project_id(&server), Caller::demo_user(&server).await);
    let path = format!("/api/projects/{id}/keys");
    let made = owner.post(&server, &path, json!({"name": "Forum"})).await["key"].clone();
    let secret = made["api_key"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("am_") && secret.len() == 46);
    let listed = owner.get(&server, &path).await["keys"].clone();
    let listed = listed.as_array().unwrap().iter().find(|key| key["id"] == made["id"]).unwrap().clone();
    assert_eq!(listed["name"], "Forum");
    assert!(!listed.to_string().contains(&secret[3..]));
    owner.expect_failure(&server, (Method::POST, &path, json!({"name": "Forum"})), (409, "name_taken")).await;
    owner.expect_failure(&server, (Method::POST, &path, json!({"name": ""})), (422, "unprocessable")).await;

    let key = Caller::Key(secret);
    let mut socket = key.connect_socket(&server).await;
    let mut others = Caller::Key(crate::support::demo_api_key(&server)).connect_socket(&server).await;
    socket.join(&id).await;
    key.post(&server, "/api/moderate", json!({"content": "x"})).await;

    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    owner.delete(&server, &one).await;
    socket.expect_authentication_failed().await;
    let submit = (Method::POST, "/api/moderate", json!({"content": "x"}));
    key.expect_failure(&server, submit, (401, "authentication_failed")).await;
    assert!(key.open_socket(&server).await.expect_refusal().await.starts_with("Authentication failed"));
    owner.expect_failure(&server, (Method::DELETE, &one, Value::Null), (404, "not_found")).await;
    others.join(&id).await;
    server.shutdown().await;
}

#[tokio::test]
async fn only_the_hash_of_a_key_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let program = ServerProgram::start(folder.path(), &["--demo"]).await;
    let key = program.api_key();
    program.signal("TERM");
    assert_eq!(program.exit_code().await, Some(0));
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(key.len() - 3).any(|window| window == &key.as_bytes()[3..]));
    }
}
