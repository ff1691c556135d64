//! With an API key next to a session or a password, the socket uses the one that the server does not refuse.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Event, ReconnectPolicy,
    testing::{Connection, Dial, Script},
};

use crate::{
    common::{builder, connect, entry, expect_content, item, join, log, logged},
    rest_server::RestServer,
};

fn with_both(script: &Script) -> ClientBuilder {
    builder(script).session("cookie").api_key("am_key")
}

fn uses_key(dial: &Dial) -> bool {
    let (key, cookie) = (dial.query("api_key"), dial.header("cookie"));
    assert!(key.is_some() != cookie.is_some(), "one of both: {dial:?}");
    key.is_some()
}

/// Form of a refusal.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// Status 401.
    Status,
    /// CONNECT_ERROR.
    ConnectError,
    /// The documented event, then a DISCONNECT.
    Event,
    /// A DISCONNECT before the acknowledgement, without a message.
    Silent,
}

async fn refuse(dial: Dial, how: Refusal) {
    if let Refusal::Status = how {
        return dial.refuse(401, "");
    }
    let mut server = dial.accept();
    server.open(25_000, 20_000);
    server.expect("40").await;
    match how {
        Refusal::ConnectError => server.send(r#"44{"message":"Authentication failed"}"#),
        Refusal::Event => {
            server.send(r#"42["authentication_failed",{"message":"Invalid","code":"authentication_failed"}]"#);
            server.send("41");
        }
        _ => server.send("41"),
    }
    server.closed().await;
}

async fn accept(dial: Dial) -> Connection {
    let mut server = dial.accept();
    server.handshake().await;
    server
}

/// Refuses the unwanted credentials as often as they come, and accepts the others.
async fn let_in(script: &Script, wants_key: bool, how: Refusal) -> Connection {
    loop {
        let dial = script.next_dial().await;
        match uses_key(&dial) == wants_key {
            true => return accept(dial).await,
            false => refuse(dial, how).await,
        }
    }
}

const IN_WORDS: [Refusal; 3] = [Refusal::Status, Refusal::ConnectError, Refusal::Event];

#[tokio::test(start_paused = true)]
async fn at_a_first_connection() {
    for how in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        let script = Script::new();
        let (client, _server) = tokio::join!(with_both(&script).connect(), let_in(&script, true, how));
        assert!(client.unwrap().state().is_connected(), "{how:?}");
        let attempts = if let Refusal::Silent = how { 4 } else { 2 };
        assert_eq!(script.dials(), attempts, "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_address_becomes_a_server_that_takes_keys_only() {
    for how in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        let script = Script::new();
        let (client, mut server) = connect(with_both(&script), &script).await;
        let project = join(&client, &mut server, "p", Some(log(3))).await;
        let mut events = project.events();
        server.emit("moderation_update", &logged(4));
        expect_content(&mut events, "c4").await;
        server.cut();

        let mut server = let_in(&script, true, how).await;
        server.accept_join("p", Some(log(6))).await;
        server.accept_replay("p", 4, log(6), 1, &[entry(5), entry(6)]).await;
        server.emit("moderation_update", &logged(7));
        for content in ["c5", "c6", "c7"] {
            expect_content(&mut events, content).await;
        }
        // The next connection uses the same credentials.
        server.cut();
        let dial = script.next_dial().await;
        assert!(uses_key(&dial), "{how:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn and_the_other_way_around() {
    for how in IN_WORDS {
        let script = Script::new();
        let (client, mut server) = tokio::join!(with_both(&script).connect(), let_in(&script, true, how));
        let client = client.unwrap();
        let project = join(&client, &mut server, "p", Some(log(3))).await;
        let mut events = project.events();
        tokio::time::sleep(Duration::from_secs(6)).await;
        server.cut();

        let mut server = let_in(&script, false, how).await;
        server.accept_join("p", Some(log(4))).await;
        server.accept_replay("p", 3, log(4), 1, &[entry(4)]).await;
        expect_content(&mut events, "c4").await;
    }
}

#[tokio::test(start_paused = true)]
async fn when_only_joins_are_refused() {
    let script = Script::new();
    let (client, mut server) = connect(with_both(&script), &script).await;
    let playing = async {
        server.refuse_join("p", "Authentication required").await;
        let mut server = let_in(&script, true, Refusal::Status).await;
        server.accept_join("p", Some(log(3))).await;
        server
    };
    let (project, _server) = tokio::join!(client.join("p"), playing);
    assert_eq!(project.unwrap().id().as_str(), "p");
}

#[tokio::test(start_paused = true)]
async fn both_refused_end_the_client_and_the_error_says_so() {
    for how in [Refusal::Status, Refusal::ConnectError, Refusal::Event, Refusal::Silent] {
        for works_first in [false, true] {
            let script = Script::new();
            let refusing = async {
                loop {
                    refuse(script.next_dial().await, how).await;
                }
            };
            let error = if works_first {
                let (client, server) = connect(with_both(&script), &script).await;
                let mut events = client.events();
                tokio::time::sleep(Duration::from_secs(6)).await;
                server.cut();
                tokio::select! {
                    ended = item(&mut events) => ended.unwrap().unwrap_err(),
                    () = refusing => unreachable!(),
                }
            } else {
                tokio::select! {
                    refused = with_both(&script).connect() => refused.unwrap_err(),
                    () = refusing => unreachable!(),
                }
            };
            assert_eq!((error.code(), error.is_retryable()), ("authentication_failed", false), "{how:?}");
            assert!(error.message().contains("both the web session and the API key"), "{error}");
            assert!(!error.to_string().contains("am_key") && !error.to_string().contains("cookie"), "{error}");
            let dials = script.dials();
            tokio::time::sleep(Duration::from_secs(600)).await;
            assert_eq!(script.dials(), dials, "the client has ended");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_address_has_its_own() {
    let script = Script::new();
    let builder = with_both(&script).fallback_url("http://keys.test");
    let (client, mut server) = connect(builder, &script).await;
    let project = join(&client, &mut server, "p", Some(log(3))).await;
    let mut events = project.events();
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.cut();

    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://keys.test", false));
    refuse(dial, Refusal::ConnectError).await;
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://keys.test", true));
    let mut server = accept(dial).await;
    server.accept_join("p", Some(log(4))).await;
    server.accept_replay("p", 3, log(4), 1, &[entry(4)]).await;
    expect_content(&mut events, "c4").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), uses_key(&dial)), ("http://test", false));
}

/// Email and password on a server without a login form, or one that rejects them.
#[tokio::test]
async fn when_email_and_password_open_nothing() {
    for form in [None, Some("<form><input name=csrf_token value=t></form>")] {
        let (rest, script) = (RestServer::start().await, Script::new());
        rest.set_login_page(form);
        let client = rest.builder(&script).password("a@b", "correct horse");
        let (client, mut server) = tokio::join!(client.connect(), let_in(&script, true, Refusal::ConnectError));
        let client = client.unwrap();
        let project = join(&client, &mut server, "p", Some(log(3))).await;
        let mut events = project.events();
        server.emit("moderation_update", &logged(4));
        let Some(Ok(Event::ModerationUpdate(update))) = item(&mut events).await else { panic!("an update") };
        assert_eq!(update.content_id, "c4");
    }
}

/// A proxy may answer for a server that is down: a login form that is missing for a moment is no refusal.
#[tokio::test]
async fn a_login_form_that_was_missing_for_a_moment_is_asked_again() {
    let (rest, script) = (RestServer::start().await, Script::new());
    let client = rest.builder(&script).password("a@b", "correct horse").retry_first_connect(true);
    let refusing = async {
        let dial = script.next_dial().await;
        assert!(uses_key(&dial));
        rest.set_login_page(Some("<form><input name=csrf_token value=t></form>"));
        rest.accept_logins();
        refuse(dial, Refusal::ConnectError).await;
        let dial = script.next_dial().await;
        assert!(!uses_key(&dial));
        accept(dial).await
    };
    let (client, _server) = tokio::join!(client.connect(), refusing);
    client.unwrap();
}

#[tokio::test]
async fn email_and_password_that_are_refused_like_the_key_end_the_client() {
    for form in [None, Some("<form><input name=csrf_token value=t></form>")] {
        let (rest, script) = (RestServer::start().await, Script::new());
        rest.set_login_page(form);
        let refusing = async {
            loop {
                refuse(script.next_dial().await, Refusal::ConnectError).await;
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
async fn without_a_session_there_is_nothing_to_replace() {
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
