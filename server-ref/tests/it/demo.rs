//! The demonstration prints the same line at each start, and stores neither its password nor its key.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use sqlx::Connection as _;

use crate::administration::Administrator;
use crate::program::Program;
use crate::support::http;
use crate::web::Browser;

async fn stop(program: Program) {
    program.signal("TERM");
    assert_eq!(program.exit_code().await, Some(0));
}

/// Its line, without the address.
fn credentials(program: &Program) -> Value {
    let mut line = program.ready.clone();
    line.as_object_mut().unwrap().remove("base_url");
    line
}

fn is_in_a_file(folder: &Path, text: &str) -> bool {
    let holds = |file: std::fs::DirEntry| {
        let bytes = std::fs::read(file.path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    std::fs::read_dir(folder).unwrap().any(|file| holds(file.unwrap()))
}

async fn owner(program: &Program) -> Option<Browser> {
    let field = |name: &str| program.ready[name].as_str().unwrap().to_owned();
    Browser::sign_in(&program.base_url(), &field("email"), &field("password")).await
}

async fn key_works(program: &Program) -> bool {
    let url = format!("{}/api/stats", program.base_url());
    http().get(url).header("x-api-key", program.api_key()).send().await.unwrap().status() == 200
}

#[tokio::test]
async fn a_second_start_prints_the_same_line_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Administrator::of(folder.path());
    let first = Program::start(folder.path(), &["--demo"]).await;
    let (line, id) = (credentials(&first), first.project_id());
    let keys = async || {
        let listed = commands.does(&["key", "list", "--project", &id]).await;
        listed["keys"].as_array().unwrap().iter().map(|key| key["id"].clone()).collect::<Vec<_>>()
    };
    let made = keys().await;
    assert!(owner(&first).await.is_some() && key_works(&first).await);
    stop(first).await;
    for secret in ["password", "api_key"] {
        assert!(!is_in_a_file(folder.path(), line[secret].as_str().unwrap()), "{secret}");
    }

    let second = Program::start(folder.path(), &["--demo"]).await;
    assert_eq!(credentials(&second), line);
    assert_eq!(keys().await, made);
    assert!(owner(&second).await.is_some() && key_works(&second).await);
    stop(second).await;

    // Changes of its owner stay.
    commands.does(&["user", "deactivate", "--email", line["email"].as_str().unwrap()]).await;
    commands.does(&["key", "revoke", "--key", line["api_key"].as_str().unwrap()]).await;
    let third = Program::start(folder.path(), &["--demo"]).await;
    assert_eq!(credentials(&third), line);
    assert!(owner(&third).await.is_none() && !key_works(&third).await);
    assert_eq!(commands.does(&["user", "list"]).await["users"][0]["is_active"], false);
    stop(third).await;
}

#[tokio::test]
async fn a_project_that_was_deleted_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(folder.path(), &["--demo"]).await;
    let path = format!("/api/projects/{}", first.project_id());
    assert_eq!(owner(&first).await.unwrap().call(Method::DELETE, &path, Value::Null).await.0, 200);
    let old = first.project_id();
    stop(first).await;
    let second = Program::start(folder.path(), &["--demo"]).await;
    assert!(second.project_id() != old && key_works(&second).await);
    stop(second).await;
}

/// Earlier versions stored the password in clear.
#[tokio::test]
async fn a_clear_password_of_an_earlier_version_is_replaced() {
    const CLEAR: &str = "a clear password of before";
    let folder = tempfile::tempdir().unwrap();
    let commands = Administrator::of(folder.path());
    let before = Program::start(folder.path(), &["--demo"]).await;
    let (line, old_key) = (credentials(&before), before.api_key());
    let set = ["user", "set-password", "--email", line["email"].as_str().unwrap(), "--password-stdin"];
    commands.does_with(&set, CLEAR).await;
    let url = crate::databases::of(folder.path());
    if !url.starts_with("sqlite") {
        return;
    }
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO meta (key, value) VALUES ('demo_password', $1)")
        .bind(CLEAR)
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("DELETE FROM meta WHERE key IN ('demo_secret', 'demo_key_of')").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    stop(before).await;
    assert!(is_in_a_file(folder.path(), CLEAR));

    // Without --demo, too.
    stop(Program::start(folder.path(), &[]).await).await;
    assert!(!is_in_a_file(folder.path(), CLEAR));
    let after = Program::start(folder.path(), &["--demo"]).await;
    assert!(owner(&after).await.is_some() && key_works(&after).await);
    assert_ne!(after.api_key(), old_key);
    let url = format!("{}/api/stats", after.base_url());
    assert_eq!(http().get(url).header("x-api-key", old_key).send().await.unwrap().status(), 200, "it still works");
    stop(after).await;
}
