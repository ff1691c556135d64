//! The commands that administer a database, with and without a running server.

use std::path::Path;
use std::process::{Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::databases;
use crate::program::ServerProgram;
use crate::support::{Socket, eventually, http_client};
use crate::web::{Browser, TEST_PASSWORD};

/// A runner of administration commands on a folder's database.
pub(crate) struct CommandRunner(String);

impl CommandRunner {
    pub(crate) fn for_folder(folder: &Path) -> Self {
        Self(databases::folder_database_url(folder))
    }

    pub(crate) async fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_automoderate-server"))
            .args(arguments)
            .env("AUTOMODERATE_DATABASE", &self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        // A command that reads no input may already have ended.
        let _ = input.write_all(stdin.as_bytes()).await;
        drop(input);
        child.wait_with_output().await.unwrap()
    }

    /// Runs a command that must succeed, and returns the JSON that it prints.
    pub(crate) async fn run_ok(&self, arguments: &[&str]) -> Value {
        self.run_ok_with_stdin(arguments, "").await
    }

    pub(crate) async fn run_ok_with_stdin(&self, arguments: &[&str], stdin: &str) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat(), stdin).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command that must fail, and returns its error output.
    async fn run_failing(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "short\n").await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn as_text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn submission_status(server: &ServerProgram, key: &str) -> u16 {
    let url = format!("{}/api/moderate", server.base_url());
    let request = http_client().post(url).header("x-api-key", key).json(&json!({"content": "x"}));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn commands_create_users_projects_and_keys_and_revoke_keys() {
    let folder = tempfile::tempdir().unwrap();
    let (server, commands) = (ServerProgram::start(folder.path(), &[]).await, CommandRunner::for_folder(folder.path()));
    let made = commands.run_ok(&["user", "create", "--email", "ada@example.org", "--admin"]).await;
    assert_eq!((&made["user"]["is_admin"], &made["user"]["is_active"]), (&json!(true), &json!(true)));
    let ada = Browser::sign_in(&server.base_url(), "ada@example.org", as_text(&made["password"])).await.unwrap();

    let project = commands.run_ok(&["project", "create", "--name", "Forum", "--owner", "ADA@example.org"]).await;
    let id = as_text(&project["project"]["id"]);
    let listed = ada.call(Method::GET, "/api/projects", Value::Null).await.1;
    assert_eq!((&listed["projects"][0]["id"], &listed["projects"][0]["role"]), (&json!(id), &json!("owner")));
    assert_eq!(commands.run_ok(&["project", "list"]).await["projects"][0]["id"], id);

    let key = commands.run_ok(&["key", "create", "--project", id, "--scopes", "rules"]).await;
    assert_eq!(key["key"]["scopes"], json!(["rules"]));
    assert_eq!(submission_status(&server, as_text(&key["api_key"])).await, 403);
    commands.run_ok(&["key", "revoke", "--key", as_text(&key["api_key"])]).await;
    let key = commands.run_ok(&["key", "create", "--project", id]).await;
    assert_eq!(key["key"]["scopes"], json!(["read", "submit"]));
    let (key_id, secret) = (as_text(&key["key"]["id"]), as_text(&key["api_key"]));
    assert_eq!(submission_status(&server, secret).await, 200);
    assert_eq!(commands.run_ok(&["key", "list", "--project", id]).await["keys"][0]["id"], key_id);
    let request = Socket::request(&server.base_url(), &format!("&api_key={secret}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.expect_accepted().await;
    socket.join(id).await;

    commands.run_ok(&["key", "revoke", "--key", key_id]).await;
    socket.expect_authentication_failed().await;
    eventually("the revoked key is refused", async || submission_status(&server, secret).await == 401).await;
    assert!(commands.run_failing(&["key", "revoke", "--key", secret]).await.contains("`key list --project ID`"));
}

#[tokio::test]
async fn commands_change_passwords_and_remove_users() {
    let folder = tempfile::tempdir().unwrap();
    let (server, commands) = (ServerProgram::start(folder.path(), &[]).await, CommandRunner::for_folder(folder.path()));
    let url = server.base_url();
    let create = ["user", "create", "--email", "bob@example.org", "--password-stdin"];
    let made = commands.run_ok_with_stdin(&create, &format!("{TEST_PASSWORD}\n")).await;
    assert_eq!(made.get("password"), None, "a given password is not printed");
    assert!(commands.run_failing(&create).await.contains("from 10 to 1000 characters"));
    let bob = Browser::sign_in(&url, "bob@example.org", TEST_PASSWORD).await.unwrap();
    let mut socket = bob.connect_socket().await;

    // A new password ends the user's sessions and their sockets.
    let set = commands.run_ok(&["user", "set-password", "--email", "bob@example.org"]).await;
    socket.expect_authentication_failed().await;
    assert_eq!(bob.call(Method::GET, "/api/projects", Value::Null).await.0, 401);
    assert!(Browser::sign_in(&url, "bob@example.org", TEST_PASSWORD).await.is_none());
    let bob = Browser::sign_in(&url, "bob@example.org", as_text(&set["password"])).await.unwrap();

    // Deactivation also ends the sessions and their sockets, and the user cannot sign in until the account is reactivated.
    let mut socket = bob.connect_socket().await;
    commands.run_ok(&["user", "deactivate", "--email", "bob@example.org"]).await;
    socket.expect_authentication_failed().await;
    assert!(Browser::sign_in(&url, "bob@example.org", as_text(&set["password"])).await.is_none());
    assert_eq!(commands.run_ok(&["user", "list"]).await["users"][0]["is_active"], false);
    commands.run_ok(&["user", "activate", "--email", "bob@example.org"]).await;
    let bob = Browser::sign_in(&url, "bob@example.org", as_text(&set["password"])).await.unwrap();

    // The only owner of a project cannot be deleted without a successor.
    let project = commands.run_ok(&["project", "create", "--name", "Forum", "--owner", "bob@example.org"]).await;
    commands.run_ok(&["user", "create", "--email", "eve@example.org"]).await;
    let refused = commands.run_failing(&["user", "delete", "--email", "bob@example.org"]).await;
    assert!(refused.contains(as_text(&project["project"]["id"])) && refused.contains("--reassign"), "{refused}");
    let mut socket = bob.connect_socket().await;
    let delete = ["user", "delete", "--email", "bob@example.org", "--reassign", "eve@example.org"];
    assert_eq!(commands.run_ok(&delete).await["reassigned"][0]["id"], project["project"]["id"]);
    socket.expect_authentication_failed().await;
    assert!(Browser::sign_in(&url, "bob@example.org", as_text(&set["password"])).await.is_none());
    let users = commands.run_ok(&["user", "list"]).await;
    assert_eq!((users["users"].as_array().unwrap().len(), &users["users"][0]["email"]), (1, &json!("eve@example.org")));
}

#[tokio::test]
async fn errors_explain_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let commands = CommandRunner::for_folder(folder.path());
    if commands.0.starts_with("sqlite") {
        // A mistyped path must not create a database.
        assert!(commands.run_failing(&["user", "list"]).await.contains("--database"));
    }
    // This command works even before a server has used the database.
    commands.run_ok(&["user", "create", "--email", "ada@example.org"]).await;
    for (arguments, says) in [
        (&["user", "create", "--email", "ADA@example.org"][..], "already"),
        (&["user", "create", "--email", "nobody"], "e-mail address"),
        (&["user", "set-password", "--email", "x@example.org"], "`user list`"),
        (&["user", "delete", "--email", "ada@example.org", "--reassign", "ada@example.org"], "another user"),
        (&["project", "create", "--name", "P", "--owner", "x@example.org"], "`user create`"),
        (&["project", "create", "--name", " ", "--owner", "ada@example.org"], "--name"),
        (&["key", "create", "--project", "none"], "`project list`"),
        (&["key", "list", "--project", "none"], "`project list`"),
        (&["user", "list", "--database", "mysql://x"], "sqlite://PATH"),
    ] {
        let error = commands.run_failing(arguments).await;
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    let output = commands.run(&["user", "list"], "").await;
    assert!(
        String::from_utf8(output.stdout).unwrap().contains("ada@example.org"),
        "the output for people names the user"
    );
}

#[tokio::test]
async fn migrations_can_be_run_separately() {
    let folder = tempfile::tempdir().unwrap();
    let commands = CommandRunner::for_folder(folder.path());
    if !commands.0.starts_with("sqlite") {
        let check = commands.run(&["migrate", "--check", "--json"], "").await;
        assert_eq!(check.status.code(), Some(3));
        let pending: Value = serde_json::from_slice(&check.stdout).unwrap();
        assert_eq!(pending["pending"][0]["version"], 1);
        let refused = commands.run(&["serve", "--listen", "127.0.0.1:0", "--no-migrate"], "").await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("`automoderate-server migrate`"));
    }
    assert!(commands.run_ok(&["migrate"]).await["made"].is_array());
    let check = commands.run(&["migrate", "--check", "--json"], "").await;
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&check.stdout).unwrap(), json!({"pending": [], "newer": []}));
    ServerProgram::start(folder.path(), &["--no-migrate"]).await;
}
