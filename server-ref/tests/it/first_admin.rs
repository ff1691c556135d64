//! The first administrator is created on a page whose link the server prints, and the link works only once.

use automoderate_server::{RunningServer, Server};
use http::header::CONTENT_SECURITY_POLICY;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::administration::CommandRunner;
use crate::databases;
use crate::program::ServerProgram;
use crate::support::{first_cookie, http_client};
use crate::web::{Browser, TEST_PASSWORD};

const ADMIN_EMAIL: &str = "ada@example.org";

async fn start_without_users() -> RunningServer {
    let server = Server::builder();
    match databases::fresh_database_url() {
        Some(url) => server.database(url),
        None => server,
    }
    .start()
    .await
    .unwrap()
}

async fn create_admin(base_url: &str, token: &str, email: &str, password: &str) -> Response {
    let fields = [("token", token), ("email", email), ("password", password)];
    http_client().post(format!("{base_url}/auth/setup")).form(&fields).send().await.unwrap()
}

fn token_in(link: &str) -> &str {
    link.split_once("/auth/setup?token=").unwrap().1
}

#[tokio::test]
async fn the_printed_link_creates_an_administrator_once() {
    let server = start_without_users().await;
    let (base, link) = (server.base_url(), server.setup_url().unwrap());
    let page = http_client().get(&link).send().await.unwrap();
    assert_eq!((page.status().as_u16(), &page.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    assert!(page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    assert!(page.text().await.unwrap().contains("autocomplete=\"new-password\""));

    assert_eq!(http_client().get(format!("{base}/auth/setup")).send().await.unwrap().status(), 403);
    assert_eq!(http_client().get(format!("{base}/auth/setup?token=x")).send().await.unwrap().status(), 403);
    assert_eq!(create_admin(&base, "x", ADMIN_EMAIL, TEST_PASSWORD).await.status(), 403);
    for (email, password, says) in [(ADMIN_EMAIL, "short", "10 to 1000"), ("<b>", TEST_PASSWORD, "e-mail address")] {
        let page = create_admin(&base, token_in(&link), email, password).await;
        assert_eq!(page.status(), 422);
        let page = page.text().await.unwrap();
        assert!(page.contains(says) && !page.contains("<b>") && !page.contains("short"), "{page}");
    }

    let made = create_admin(&base, token_in(&link), ADMIN_EMAIL, TEST_PASSWORD).await;
    assert_eq!((made.status().as_u16(), &made.headers()["location"]), (302, &"/dashboard/".parse().unwrap()));
    let ada = Browser::with_cookie(&base, first_cookie(&made)).await;
    let users = ada.call(Method::GET, "/api/users", Value::Null).await.1;
    assert_eq!((&users["users"][0]["email"], &users["users"][0]["is_admin"]), (&ADMIN_EMAIL.into(), &true.into()));

    assert_eq!(create_admin(&base, token_in(&link), "eve@example.org", TEST_PASSWORD).await.status(), 403);
    assert_eq!(http_client().get(&link).send().await.unwrap().status(), 403);
    assert!(Browser::sign_in(&base, ADMIN_EMAIL, TEST_PASSWORD).await.is_some());
    server.shutdown().await;
}

#[tokio::test]
async fn concurrent_uses_of_the_link_create_one_administrator() {
    let server = start_without_users().await;
    let (base, link) = (server.base_url(), server.setup_url().unwrap());
    let attempts = (0..8).map(|n| {
        let (base, token, email) = (base.clone(), token_in(&link).to_owned(), format!("{n}@example.org"));
        async move { create_admin(&base, &token, &email, TEST_PASSWORD).await.status().as_u16() }
    });
    let mut statuses = futures_util::future::join_all(attempts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [302, 403, 403, 403, 403, 403, 403, 403]);
    server.shutdown().await;
}

#[tokio::test]
async fn the_program_prints_the_link_on_stderr_while_no_user_exists() {
    let folder = tempfile::tempdir().unwrap();
    let program = ServerProgram::start(folder.path(), &["--log", "off"]).await;
    assert!(!program.ready.to_string().contains("setup"), "the link must not appear on stdout");
    program.signal("TERM");
    let log = program.wait_for_log().await;
    let link = log.split_whitespace().find(|word| word.contains("/auth/setup?token=")).expect("a link on stderr");

    // A server also accepts a link that an earlier server on the same database printed.
    let program = ServerProgram::start(folder.path(), &["--log", "off"]).await;
    let page =
        http_client().get(format!("{}/auth/setup?token={}", program.base_url(), token_in(link))).send().await.unwrap();
    assert_eq!(page.status(), 200);

    // The link becomes invalid once a user is created in another way, even if that user is deleted later.
    let commands = CommandRunner::for_folder(folder.path());
    commands.run_ok(&["user", "create", "--email", ADMIN_EMAIL]).await;
    assert_eq!(create_admin(&program.base_url(), token_in(link), "eve@example.org", TEST_PASSWORD).await.status(), 403);
    commands.run_ok(&["user", "delete", "--email", ADMIN_EMAIL]).await;
    assert_eq!(create_admin(&program.base_url(), token_in(link), "eve@example.org", TEST_PASSWORD).await.status(), 403);
    commands.run_ok(&["user", "create", "--email", ADMIN_EMAIL]).await;
    program.signal("TERM");
    program.wait_for_log().await;
    let program = ServerProgram::start(folder.path(), &["--log", "off"]).await;
    program.signal("TERM");
    assert!(!program.wait_for_log().await.contains("setup"));
}
