//! The commands that administer a database, while a server runs on it.

use std::path::Path;
use std::process::{Output, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::databases;
use crate::program::Program;
use crate::support::{Socket, eventually, http};
use crate::web::{Browser, PASSWORD};

/// The commands on a folder's database.
pub(crate) struct Administrator(String);

impl Administrator {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(databases::of(folder))
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
        // A command that reads nothing may have ended.
        let _ = input.write_all(stdin.as_bytes()).await;
        drop(input);
        child.wait_with_output().await.unwrap()
    }

    /// The JSON that it prints.
    pub(crate) async fn does(&self, arguments: &[&str]) -> Value {
        self.does_with(arguments, "").await
    }

    pub(crate) async fn does_with(&self, arguments: &[&str], stdin: &str) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat(), stdin).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Its error.
    async fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "short\n").await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

async fn submit(server: &Program, key: &str) -> u16 {
    let url = format!("{}/api/moderate", server.base_url());
    let request = http().post(url).header("x-api-key", key).json(&json!({"content": "x"}));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn from_an_empty_database_to_a_key_that_works_and_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let (server, commands) = (Program::start(folder.path(), &[]).await, Administrator::of(folder.path()));
    let made = commands.does(&["user", "create", "--email", "ada@example.org", "--admin"]).await;
    assert_eq!((&made["user"]["is_admin"], &made["user"]["is_active"]), (&json!(true), &json!(true)));
    let ada = Browser::sign_in(&server.base_url(), "ada@example.org", text(&made["password"])).await.unwrap();

    let project = commands.does(&["project", "create", "--name", "Forum", "--owner", "ADA@example.org"]).await;
    let id = text(&project["project"]["id"]);
    let listed = ada.call(Method::GET, "/api/projects", Value::Null).await.1;
    assert_eq!((&listed["projects"][0]["id"], &listed["projects"][0]["role"]), (&json!(id), &json!("owner")));
    assert_eq!(commands.does(&["project", "list"]).await["projects"][0]["id"], id);

    let key = commands.does(&["key", "create", "--project", id, "--scopes", "rules"]).await;
    assert_eq!(key["key"]["scopes"], json!(["rules"]));
    assert_eq!(submit(&server, text(&key["api_key"])).await, 403);
    commands.does(&["key", "revoke", "--key", text(&key["api_key"])]).await;
    let key = commands.does(&["key", "create", "--project", id]).await;
    assert_eq!(key["key"]["scopes"], json!(["read", "submit"]));
    let (key_id, secret) = (text(&key["key"]["id"]), text(&key["api_key"]));
    assert_eq!(submit(&server, secret).await, 200);
    assert_eq!(commands.does(&["key", "list", "--project", id]).await["keys"][0]["id"], key_id);
    let request = Socket::request(&server.base_url(), &format!("&api_key={secret}"));
    let mut socket = Socket::open(request, "").await.unwrap();
    socket.accepted().await;
    socket.join(id).await;

    commands.does(&["key", "revoke", "--key", key_id]).await;
    socket.dismissed().await;
    eventually("the key is worth nothing", async || submit(&server, secret).await == 401).await;
    assert!(commands.fails(&["key", "revoke", "--key", secret]).await.contains("`key list --project ID`"));
}

#[tokio::test]
async fn passwords_and_users_that_go() {
    let folder = tempfile::tempdir().unwrap();
    let (server, commands) = (Program::start(folder.path(), &[]).await, Administrator::of(folder.path()));
    let url = server.base_url();
    let create = ["user", "create", "--email", "bob@example.org", "--password-stdin"];
    let made = commands.does_with(&create, &format!("{PASSWORD}\n")).await;
    assert_eq!(made.get("password"), None, "what was given is not printed");
    assert!(commands.fails(&create).await.contains("from 10 to 1000 characters"));
    let bob = Browser::sign_in(&url, "bob@example.org", PASSWORD).await.unwrap();
    let mut socket = bob.socket().await;

    // Another password ends the sessions and their sockets.
    let set = commands.does(&["user", "set-password", "--email", "bob@example.org"]).await;
    socket.dismissed().await;
    assert_eq!(bob.call(Method::GET, "/api/projects", Value::Null).await.0, 401);
    assert!(Browser::sign_in(&url, "bob@example.org", PASSWORD).await.is_none());
    let bob = Browser::sign_in(&url, "bob@example.org", text(&set["password"])).await.unwrap();

    // So does deactivating the account, until it is activated again.
    let mut socket = bob.socket().await;
    commands.does(&["user", "deactivate", "--email", "bob@example.org"]).await;
    socket.dismissed().await;
    assert!(Browser::sign_in(&url, "bob@example.org", text(&set["password"])).await.is_none());
    assert_eq!(commands.does(&["user", "list"]).await["users"][0]["is_active"], false);
    commands.does(&["user", "activate", "--email", "bob@example.org"]).await;
    let bob = Browser::sign_in(&url, "bob@example.org", text(&set["password"])).await.unwrap();

    // The only owner of a project is not deleted without a successor.
    let project = commands.does(&["project", "create", "--name", "Forum", "--owner", "bob@example.org"]).await;
    commands.does(&["user", "create", "--email", "eve@example.org"]).await;
    let refused = commands.fails(&["user", "delete", "--email", "bob@example.org"]).await;
    assert!(refused.contains(text(&project["project"]["id"])) && refused.contains("--reassign"), "{refused}");
    let mut socket = bob.socket().await;
    let delete = ["user", "delete", "--email", "bob@example.org", "--reassign", "eve@example.org"];
    assert_eq!(commands.does(&delete).await["reassigned"][0]["id"], project["project"]["id"]);
    socket.dismissed().await;
    assert!(Browser::sign_in(&url, "bob@example.org", text(&set["password"])).await.is_none());
    let users = commands.does(&["user", "list"]).await;
    assert_eq!((users["users"].as_array().unwrap().len(), &users["users"][0]["email"]), (1, &json!("eve@example.org")));
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Administrator::of(folder.path());
    if commands.0.starts_with("sqlite") {
        // A mistyped path creates no database.
        assert!(commands.fails(&["user", "list"]).await.contains("--database"));
    }
    // It needs no server that has started before.
    commands.does(&["user", "create", "--email", "ada@example.org"]).await;
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
        let error = commands.fails(arguments).await;
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    let output = commands.run(&["user", "list"], "").await;
    assert!(String::from_utf8(output.stdout).unwrap().contains("ada@example.org"), "for people");
}

#[tokio::test]
async fn migrations_are_made_beforehand_if_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let commands = Administrator::of(folder.path());
    if !commands.0.starts_with("sqlite") {
        let check = commands.run(&["migrate", "--check", "--json"], "").await;
        assert_eq!(check.status.code(), Some(3));
        let pending: Value = serde_json::from_slice(&check.stdout).unwrap();
        assert_eq!(pending["pending"][0]["version"], 1);
        let refused = commands.run(&["serve", "--listen", "127.0.0.1:0", "--no-migrate"], "").await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("`automoderate-server migrate`"));
    }
    assert!(commands.does(&["migrate"]).await["made"].is_array());
    let check = commands.run(&["migrate", "--check", "--json"], "").await;
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
    assert_eq!(serde_json::from_slice::<Value>(&check.stdout).unwrap(), json!({"pending": [], "newer": []}));
    Program::start(folder.path(), &["--no-migrate"]).await;
}
