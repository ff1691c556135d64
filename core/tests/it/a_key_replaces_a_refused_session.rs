//! A client with an API key and a session (or a password) connects with the credential that the server accepts.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Event, ReconnectPolicy,
    testing::{Connection, Dial, Script},
};

use crate::{
    common::{client_builder, connect, event_log, expect_decision, join, logged_decision, next_item, page_entry},
    rest_server::RestServer,
};

fn builder_with_key_and_session(script: &Script) -> ClientBuilder {
    client_builder(script).session("cookie").api_key("am_key")
}

fn uses_key(dial: &Dial) -> bool {
    let (key, cookie) = (dial.query("api_key"), dial.header("cookie"));
    assert!(key.is_some() != cookie.is_some(), "expected exactly one credential: {dial:?}");
    key.is_some()
}

/// The way in which the server refuses a connection.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// Status 401.
    Status,
    /// CONNECT_ERROR.
    ConnectError,
    /// The documented `authentication_failed` event, followed by a DISCONNECT.
    Event,
    /// A DISCONNECT before the acknowledgement, without a message.
    Silent,
}

async fn refuse_dial(dial: Dial, refusal: Refusal) {
    if let Refusal::Status = refusal {
        return dial.refuse(401, "");
    }
    let mut server = dial.accept();
    server.open(25_000, 20_000);
    server.expect("40").await;
    match refusal {
        Refusal::ConnectError => server.send(r#"44{"message":"Authentication failed"}"#),
        Refusal::Event => {
            server.send(r#"42["authentication_failed",{"message":"Invalid","code":"authentication_failed"}]"#);
            server.send("41");
        }
        _ => server.send("41"),
    }
    server.closed().await;
}

async fn accept_dial(dial: Dial) -> Connection {
    let mut server = dial.accept();
    server.handshake().await;
    server
}

/// Refuses each dial that carries the wrong credential, and accepts the first dial that carries the right one.
async fn accept_only(script: &Script, wants_key: bool, refusal: Refusal) -> Connection {
    loop {
        let dial = script.next_dial().await;
        match uses_key(&dial) == wants_key {
            true => return accept_dial(dial).await,
            false => refuse_dial(dial, refusal).await,
        }
    }
}

const EXPLICIT_REFUSALS: [Refusal; 3] = [Refusal::Status, Refusal::ConnectError, Refusal::Event];

#[tokio::test(start_paused = true)]
async fn the_key_is_used_when_the_first_connection_refuses_the_session() {
    for refusal in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        let script = Script::new();
        let (client, _server) =
            tokio::join!(builder_with_key_and_session(&script).connect(), accept_only(&script, true, refusal));
        assert!(client.unwrap().state().is_connected(), "{refusal:?}");
        let attempts = if let Refusal::Silent = refusal { 4 } else { 2 };
        assert_eq!(script.dials(), attempts, "{refusal:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_is_used_after_the_server_stops_accepting_sessions() {
    for refusal in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        let script = Script::new();
        let (client, mut server) = connect(builder_with_key_and_session(&script), &script).await;
        let project = join(&client, &mut server, "p", Some(event_log(3))).await;
        let mut events = project.events();
        server.emit("moderation_update", &logged_decision(4));
        expect_decision(&mut events, "c4").await;
        server.cut();

        let mut server = accept_only(&script, true, refusal).await;
        server.accept_join("p", Some(event_log(6))).await;
        server.accept_replay("p", 4, event_log(6), 1, &[page_entry(5), page_entry(6)]).await;
        server.emit("moderation_update", &logged_decision(7));
        for content in ["c5", "c6", "c7"] {
            expect_decision(&mut events, content).await;
        }
        // The credential that worked is kept for the next connection.
        server.cut();
        let dial = script.next_dial().await;
        assert!(uses_key(&dial), "{refusal:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_session_is_used_after_the_server_stops_accepting_keys() {
    for refusal in EXPLICIT_REFUSALS {
        let script = Script::new();
        let (client, mut server) =
            tokio::join!(builder_with_key_and_session(&script).connect(), accept_only(&script, true, refusal));
        let client = client.unwrap();
        let project = join(&client, &mut server, "p", Some(event_log(3))).await;
        let mut events = project.events();
        tokio::time::sleep(Duration::from_secs(6)).await;
        server.cut();

        let mut server = accept_only(&script, false, refusal).await;
        server.accept_join("p", Some(event_log(4))).await;
        server.accept_replay("p", 3, event_log(4), 1, &[page_entry(4)]).await;
        expect_decision(&mut events, "c4").await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_is_used_when_only_the_join_refuses_the_session() {
    let script = Script::new();
    let (client, mut server) = connect(builder_with_key_and_session(&script), &script).await;
    let playing = async {
        server.refuse_join("p", "Authentication required").await;
        let mut server = accept_only(&script, true, Refusal::Status).await;
        server.accept_join("p", Some(event_log(3))).await;
        server
    };
    let (project, _server) = tokio::join!(client.join("p"), playing);
    assert_eq!(project.unwrap().id().as_str(), "p");
}

#[tokio::test(start_paused = true)]
async fn the_client_closes_when_both_credentials_are_refused() {
    for refusal in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        for works_first in [false, true] {
            let script = Script::new();
            let refusing = async {
                loop {
                    refuse_dial(script.next_dial().await, refusal).await;
                }
            };
            let error = if works_first {
                let (client, server) = connect(builder_with_key_and_session(&script), &script).await;
                let mut events = client.events();
                tokio::time::sleep(Duration::from_secs(6)).await;
                server.cut();
                tokio::select! {
                    ended = next_item(&mut events) => ended.unwrap().unwrap_err(),
                    () = refusing => unreachable!(),
                }
            } else {
                tokio::select! {
                    refused = builder_with_key_and_session(&script).connect() => refused.unwrap_err(),
                    () = refusing => unreachable!(),
                }
            };
            assert_eq!((error.code(), error.is_retryable()), ("authentication_failed", false), "{refusal:?}");
            assert!(error.message().contains("both the web session and the API key"), "{error}");
            assert!(!error.to_string().contains("am_key") && !error.to_string().contains("cookie"), "{error}");
            let dials = script.dials();
            tokio::time::sleep(Duration::from_secs(600)).await;
            assert_eq!(script.dials(), dials, "the client has ended");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_address_remembers_its_own_credential() {
    let script = Script::new();
    let builder = builder_with_key_and_session(&script).fallback_url("http://keys.test");
    let (client, mut server) = connect(builder, &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(3))).await;
    let mut events = project.events();
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.cut();

    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://keys.test", false));
    refuse_dial(dial, Refusal::ConnectError).await;
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://keys.test", true));
    let mut server = accept_dial(dial).await;
    server.accept_join("p", Some(event_log(4))).await;
    server.accept_replay("p", 3, event_log(4), 1, &[page_entry(4)]).await;
    expect_decision(&mut events, "c4").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://test", false));
}

/// Covers servers without a login form and servers that reject the password.
#[tokio::test]
async fn the_key_is_used_when_the_login_fails() {
    for form in [None, Some("<form><input name=csrf_token value=t></form>")] {
        let (rest, script) = (RestServer::start().await, Script::new());
        rest.set_login_page(form);
        let client = rest.builder(&script).password("a@b", "correct horse");
        let (client, mut server) = tokio::join!(client.connect(), accept_only(&script, true, Refusal::ConnectError));
        let client = client.unwrap();
        let project = join(&client, &mut server, "p", Some(event_log(3))).await;
        let mut events = project.events();
        server.emit("moderation_update", &logged_decision(4));
        let Some(Ok(Event::ModerationUpdate(update))) = next_item(&mut events).await else { panic!("an update") };
        assert_eq!(update.content_id, "c4");
    }
}

/// Checks that a briefly missing login form does not count as a refusal: the response may come from a proxy whose
/// server is down.
#[tokio::test]
async fn the_login_is_retried_after_the_form_was_briefly_missing() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let client = rest.builder(&script).password("a@b", "correct horse").retry_first_connect(true);
    let refusing = async {
        let dial = script.next_dial().await;
        assert!(uses_key(&dial));
        rest.set_login_page(Some("<form><input name=csrf_token value=t></form>"));
        rest.accept_logins();
        refuse_dial(dial, Refusal::ConnectError).await;
        let dial = script.next_dial().await;
        assert!(!uses_key(&dial));
        accept_dial(dial).await
    };
    let (client, _server) = tokio::join!(client.connect(), refusing);
    client.unwrap();
}

#[tokio::test]
async fn the_client_closes_when_the_login_and_the_key_are_refused() {
    for form in [None, Some("<form><input name=csrf_token value=t></form>")] {
        let (rest, script) = (RestServer::start().await, Script::new());
        rest.set_login_page(form);
        let refusing = async {
            loop {
                refuse_dial(script.next_dial().await, Refusal::ConnectError).await;
            }
        };
        let error = tokio::select! {
            refused = rest.builder(&script).password("a@b", "correct horse").connect() => refused.unwrap_err(),
            () = refusing => unreachable!(),
        };
        assert_eq!(error.code(), "authentication_failed", "{error}");
        assert!(error.message().contains("both the web session and the API key"), "{error}");
        assert!(!error.to_string().contains("correct horse"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_credential_is_not_retried() {
    let script = Script::new();
    let client = Client::builder("http://test").api_key("am_key").script(&script);
    let (refused, ()) = tokio::join!(client.connect(), async { script.next_dial().await.refuse(401, "") });
    let error = refused.unwrap_err();
    assert!(!error.message().contains("both"), "{error}");
    assert_eq!(script.dials(), 1);
    let policy = ReconnectPolicy::default();
    let script = Script::new();
    let client = Client::builder("http://test").session("cookie").reconnect(policy).script(&script);
    let (refused, ()) = tokio::join!(client.connect(), async { script.next_dial().await.refuse(401, "") });
    assert!(!refused.unwrap_err().message().contains("both"));
    assert_eq!(script.dials(), 1);
}
