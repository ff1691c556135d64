//! A demo server prints the same credentials each time it starts, and stores neither its password nor its key in clear text.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use sqlx::Connection as _;

use crate::administration::CommandRunner;
use crate::program::ServerProgram;
use crate::support::http_client;
use crate::web::Browser;

async fn stop_program(program: ServerProgram) {
    program.signal("TERM");
    assert_eq!(program.exit_code().await, Some(0));
}

/// Returns the program's ready line without the address.
fn credentials(program: &ServerProgram) -> Value {
    let mut line = program.ready.clone();
    line.as_object_mut().unwrap().remove("base_url");
    line
}

fn is_in_any_file(folder: &Path, text: &str) -> bool {
    let holds = |file: std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    std::fs::read_dir(folder).unwrap().any(|file| holds(file.unwrap()))
}

async fn sign_in_as_owner(program: &ServerProgram) -> Option<Browser> {
    let field = |name: &str| program.ready[name].as_str().unwrap().to_owned();
    Browser::sign_in(&program.base_url(), &field("email"), &field("password")).await
}

async fn is_key_valid(program: &ServerProgram) -> bool {
    let url = format!("{}/api/stats", program.base_url());
    http_client().get(url).header("x-api-key", program.api_key()).send().await.unwrap().status() == 200
}

#[tokio::test]
async fn a_second_start_prints_the_same_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let commands = CommandRunner::for_folder(folder.path());
    let first = ServerProgram::start(folder.path(), &["--demo"]).await;
    let (line, id) = (credentials(&first), first.project_id());
    let keys = async || {
        let listed = commands.run_ok(&["key", "list", "--project", &id]).await;
        listed["keys"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>()
    };
    let made = keys().await;
    assert!(sign_in_as_owner(&first).await.is_some() && is_key_valid(&first).await);
    stop_program(first).await;
    for secret in ["password", "api_key"] {
        assert!(!is_in_any_file(folder.path(), line[secret].as_str().unwrap()), "{secret}");
    }

    let second = ServerProgram::start(folder.path(), &["--demo"]).await;
    assert_eq!(credentials(&second), line);
    assert_eq!(keys().await, made);
    assert!(sign_in_as_owner(&second).await.is_some() && is_key_valid(&second).await);
    stop_program(second).await;

    // Changes made with commands survive the next start.
    commands.run_ok(&["user", "deactivate", "--email", line["email"].as_str().unwrap()]).await;
    commands.run_ok(&["key", "revoke", "--key", line["api_key"].as_str().unwrap()]).await;
    let third = ServerProgram::start(folder.path(), &["--demo"]).await;
    assert_eq!(credentials(&third), line);
    assert!(sign_in_as_owner(&third).await.is_none() && !is_key_valid(&third).await);
    assert_eq!(commands.run_ok(&["user", "list"]).await["users"][0]["is_active"], false);
    stop_program(third).await;
}

#[tokio::test]
async fn a_deleted_demo_project_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = ServerProgram::start(folder.path(), &["--demo"]).await;
    let path = format!("/api/projects/{}", first.project_id());
    assert_eq!(sign_in_as_owner(&first).await.unwrap().call(Method::DELETE, &path, Value::Null).await.0, 200);
    let old = first.project_id();
    stop_program(first).await;
    let second = ServerProgram::start(folder.path(), &["--demo"]).await;
    assert!(second.project_id() != old && is_key_valid(&second).await);
    stop_program(second).await;
}

/// Earlier versions stored the password in clear text.
#[tokio::test]
async fn a_clear_text_password_of_an_earlier_version_is_replaced() {
    const CLEAR_TEXT_PASSWORD: &str = "a clear password from before";
    let folder = tempfile::tempdir().unwrap();
    let commands = CommandRunner::for_folder(folder.path());
    let before = ServerProgram::start(folder.path(), &["--demo"]).await;
    let (line, old_key) = (credentials(&before), before.api_key());
    let set = ["user", "set-password", "--email", line["email"].as_str().unwrap(), "--password-stdin"];
    commands.run_ok_with_stdin(&set, CLEAR_TEXT_PASSWORD).await;
    let url = crate::databases::folder_database_url(folder.path());
    if !url.starts_with("sqlite") {
        return;
    }
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO meta (key, value) VALUES ('demo_password', $1)")
        .bind(CLEAR_TEXT_PASSWORD)
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("DELETE FROM meta WHERE key IN ('demo_secret', 'demo_key_of')").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    stop_program(before).await;
    assert!(is_in_any_file(folder.path(), CLEAR_TEXT_PASSWORD));

    // Even a start without `--demo` removes the clear-text password.
    stop_program(ServerProgram::start(folder.path(), &[]).await).await;
    assert!(!is_in_any_file(folder.path(), CLEAR_TEXT_PASSWORD));
    let after = ServerProgram::start(folder.path(), &["--demo"]).await;
    assert!(sign_in_as_owner(&after).await.is_some() && is_key_valid(&after).await);
    assert_ne!(after.api_key(), old_key);
    let url = format!("{}/api/stats", after.base_url());
    assert_eq!(
        http_client().get(url).header("x-api-key", old_key).send().await.unwrap().status(),
        200,
        "the old key stays valid"
    );
    stop_program(after).await;
}
