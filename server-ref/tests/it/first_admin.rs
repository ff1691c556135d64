//! The first administrator is created on a page whose link the server prints; the link works once.

use automoderate_server::{RunningServer, Server};
use http::header::CONTENT_SECURITY_POLICY;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::administration::Administrator;
use crate::databases;
use crate::program::Program;
use crate::support::{first_cookie, http};
use crate::web::{Browser, PASSWORD};

const EMAIL: &str = "ada@example.org";

/// A server without users.
async fn server() -> RunningServer {
    let server = Server::builder();
    match databases::fresh() {
        Some(url) => server.database(url),
        None => server,
    }
    .start()
    .await
    .unwrap()
}

async fn create(base_url: &str, token: &str, email: &str, password: &str) -> Response {
    let fields = [("token", token), ("email", email), ("password", password)];
    http().post(format!("{base_url}/auth/setup")).form(&fields).send().await.unwrap()
}

/// The token of a link.
fn token(link: &str) -> &str {
    link.split_once("/auth/setup?token=").unwrap().1
}

#[tokio::test]
async fn the_printed_link_creates_an_administrator_once() {
    let server = server().await;
    let (base, link) = (server.base_url(), server.setup_url().unwrap());
    let page = http().get(&link).send().await.unwrap();
    assert_eq!((page.status().as_u16(), &page.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    assert!(page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    assert!(page.text().await.unwrap().contains("autocomplete=\"new-password\""));

    assert_eq!(http().get(format!("{base}/auth/setup")).send().await.unwrap().status(), 403);
    assert_eq!(http().get(format!("{base}/auth/setup?token=x")).send().await.unwrap().status(), 403);
    assert_eq!(create(&base, "x", EMAIL, PASSWORD).await.status(), 403);
    for (email, password, says) in [(EMAIL, "short", "10 to 1000"), ("<b>", PASSWORD, "e-mail address")] {
        let page = create(&base, token(&link), email, password).await;
        assert_eq!(page.status(), 422);
        let page = page.text().await.unwrap();
        assert!(page.contains(says) && !page.contains("<b>") && !page.contains("short"), "{page}");
    }

    let made = create(&base, token(&link), EMAIL, PASSWORD).await;
    assert_eq!((made.status().as_u16(), &made.headers()["location"]), (302, &"/dashboard/".parse().unwrap()));
    let ada = Browser::with_cookie(&base, first_cookie(&made)).await;
    let users = ada.call(Method::GET, "/api/users", Value::Null).await.1;
    assert_eq!((&users["users"][0]["email"], &users["users"][0]["is_admin"]), (&EMAIL.into(), &true.into()));

    assert_eq!(create(&base, token(&link), "eve@example.org", PASSWORD).await.status(), 403);
    assert_eq!(http().get(&link).send().await.unwrap().status(), 403);
    assert!(Browser::sign_in(&base, EMAIL, PASSWORD).await.is_some());
    server.shutdown().await;
}

#[tokio::test]
async fn of_many_who_hold_the_link_one_becomes_administrator() {
    let server = server().await;
    let (base, link) = (server.base_url(), server.setup_url().unwrap());
    let attempts = (0..8).map(|n| {
        let (base, token, email) = (base.clone(), token(&link).to_owned(), format!("{n}@example.org"));
        async move { create(&base, &token, &email, PASSWORD).await.status().as_u16() }
    });
    let mut statuses = futures_util::future::join_all(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 403, 403, 403, 403, 403, 403, 403]);
    server.shutdown().await;
}

#[tokio::test]
async fn the_program_prints_it_on_stderr_only_while_there_is_no_user() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--log", "off"]).await;
    assert!(!program.ready.to_string().contains("setup"), "not on stdout, where programs read");
    program.signal("TERM");
    let log = program.log().await;
    let link = log.split_whitespace().find(|word| word.contains("/auth/setup?token=")).expect("a link on stderr");

    // Every server on this database accepts the link of every other.
    let program = Program::start(folder.path(), &["--log", "off"]).await;
    let page = http().get(format!("{}/auth/setup?token={}", program.base_url(), token(link))).send().await.unwrap();
    assert_eq!(page.status(), 200);

    // A user who was created in another way ends it, even if they are deleted again.
    let commands = Administrator::of(folder.path());
    commands.does(&["user", "create", "--email", EMAIL]).await;
    assert_eq!(create(&program.base_url(), token(link), "eve@example.org", PASSWORD).await.status(), 403);
    commands.does(&["user", "delete", "--email", EMAIL]).await;
    assert_eq!(create(&program.base_url(), token(link), "eve@example.org", PASSWORD).await.status(), 403);
    commands.does(&["user", "create", "--email", EMAIL]).await;
    program.signal("TERM");
    program.log().await;
    let program = Program::start(folder.path(), &["--log", "off"]).await;
    program.signal("TERM");
    assert!(!program.log().await.contains("setup"));
}
