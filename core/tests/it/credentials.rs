//! The places where credentials are sent, and the reasons that a credentials provider receives.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use automoderate::{
    ApiKeyVia, Client, Credentials, CredentialsReason, ErrorKind, ProviderError, State, testing::Script,
};
use serde_json::json;

use crate::common::{client_builder, connect, event_log, expect_decision, join, page_entry};

#[tokio::test(start_paused = true)]
async fn a_key_is_sent_where_the_client_is_configured_to() {
    for via in [ApiKeyVia::Query, ApiKeyVia::Auth, ApiKeyVia::Header] {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            let places = (dial.query("api_key").map(str::to_owned), dial.header("x-api-key").map(str::to_owned));
            let mut server = dial.accept();
            (places, server.handshake().await, server)
        };
        let (client, ((query, header), auth, _server)) =
            tokio::join!(client_builder(&script).api_key("am_key").api_key_via(via).connect(), server);
        client.unwrap();
        let key = || Some("am_key".to_owned());
        let wanted = match via {
            ApiKeyVia::Query => (key(), None, ""),
            ApiKeyVia::Header => (None, key(), ""),
            ApiKeyVia::Auth => (None, None, r#"{"api_key":"am_key"}"#),
            other => panic!("{other:?}"),
        };
        assert_eq!((query, header, &*auth), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_sent_as_a_cookie() {
    for value in ["abc", "session=abc", " abc "] {
        let script = Script::new();
        let server = async {
            let dial = script.next_dial().await;
            assert_eq!(dial.header("cookie"), Some("session=abc"));
            let mut server = dial.accept();
            server.handshake().await;
            server
        };
        let (client, _server) = tokio::join!(client_builder(&script).session(value).connect(), server);
        client.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_receives_the_reason_of_each_call() {
    let script = Script::new();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = reasons.clone();
    let builder = Client::builder("http://test")
        .credentials_provider(move |reason| {
            told.lock().unwrap().push(reason);
            let key = format!("am_{}", told.lock().unwrap().len());
            async move { Ok(Credentials::ApiKey(key.into())) }
        })
        .script(&script);
    let first = async {
        let dial = script.next_dial().await;
        assert_eq!(dial.query("api_key"), Some("am_1"));
        let mut server = dial.accept();
        server.handshake().await;
        server
    };
    let (client, server) = tokio::join!(builder.connect(), first);
    let client = client.unwrap();
    server.cut();
    // The server refuses the key as if it had expired.
    let dial = script.next_dial().await;
    assert_eq!(dial.query("api_key"), Some("am_2"));
    dial.refuse(401, "");
    let dial = script.next_dial().await;
    assert_eq!(dial.query("api_key"), Some("am_3"));
    let mut server = dial.accept();
    server.handshake().await;
    server.cut();
    let _dial = script.next_dial().await;
    use CredentialsReason::{First, Reconnect, Rejected};
    assert_eq!(*reasons.lock().unwrap(), [First, Reconnect, Rejected, Reconnect]);
    assert!(!client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn retryable_provider_errors_are_retried_and_fatal_ones_close_the_client() {
    let script = Script::new();
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let client = Client::builder("http://test")
        .credentials_provider(move |_| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            async move {
                match call {
                    0 => Ok(Credentials::None),
                    1..=3 => Err(ProviderError::retry("the vault is sealed")),
                    _ => Err(ProviderError::fatal("the account is gone")),
                }
            }
        })
        .script(&script);
    let (client, server) = tokio::join!(client.connect(), script.accept_handshake());
    let client = client.unwrap();
    let mut events = client.events();
    let mut states = client.state_changes();
    server.cut();
    let mut causes = Vec::new();
    while let Some(state) = states.next().await {
        if let State::Reconnecting { cause, .. } = state {
            causes.push(cause.to_string());
        }
    }
    assert_eq!(causes.iter().filter(|cause| cause.contains("the vault is sealed")).count(), 3, "{causes:?}");
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AuthenticationFailed);
    assert!(error.to_string().contains("the account is gone"), "{error}");
    assert!(events.next().await.is_none());
    assert_eq!(calls.load(Ordering::Relaxed), 5, "a provider is not called again after a fatal error");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_or_hangs_fails_the_attempt() {
    let script = Script::new();
    let client =
        Client::builder("http://test").credentials_provider(|_| async { panic!("in the user's code") }).script(&script);
    assert!(client.connect().await.is_err());

    let client = Client::builder("http://test")
        .credentials_provider(|_| std::future::pending())
        .connect_timeout(Duration::from_secs(3))
        .script(&script);
    assert_eq!(client.connect().await.unwrap_err().code(), "connect_timeout");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_reconnection_calls_the_provider_once_more() {
    let script = Script::new();
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let builder = Client::builder("http://test").no_reconnect().credentials_provider(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(Credentials::ApiKey("am_stale".into())) }
    });
    let refusing = async {
        script.next_dial().await.refuse(401, "");
        script.next_dial().await.refuse(401, "");
    };
    let (client, ()) = tokio::join!(builder.script(&script).connect(), refusing);
    assert_eq!(client.unwrap_err().kind(), ErrorKind::AuthenticationFailed);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_replaced_without_losing_events() {
    let script = Script::new();
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let seen = reasons.clone();
    let builder = Client::builder("http://test")
        .heartbeat_interval(None)
        .credentials_provider(move |reason| {
            let mut seen = seen.lock().unwrap();
            seen.push(reason);
            let token = format!("amt_{}", seen.len());
            async move { Ok(Credentials::ApiKey(token.into())) }
        })
        .script(&script);
    let (client, mut server) = connect(builder, &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(3))).await;
    let mut events = project.events();
    for round in 1..=3 {
        server.emit("authentication_failed", &json!({"message": "The token has expired", "code": "token_expired"}));
        server.send("41");
        server.closed().await;
        let dial = script.next_dial().await;
        assert_eq!(dial.query("api_key"), Some(&*format!("amt_{}", round + 1)));
        server = dial.accept();
        server.handshake().await;
        let missed = 3 + round;
        server.accept_join("p", Some(event_log(missed))).await;
        server.accept_replay("p", missed - 1, event_log(missed), 1, &[page_entry(missed)]).await;
        expect_decision(&mut events, &format!("c{missed}")).await;
    }
    use CredentialsReason::{First, Rejected};
    assert_eq!(*reasons.lock().unwrap(), [First, Rejected, Rejected, Rejected]);
}

/// Covers a server that acknowledges the namespace before it refuses the credentials, as a documented server may do.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_the_acknowledgement_closes_the_client_with_the_servers_message() {
    for (code, words) in
        [("authentication_failed", "Authentication failed: Invalid API key"), ("token_expired", "Over")]
    {
        let script = Script::new();
        let server = async {
            let mut server = script.accept().await;
            server.open(25_000, 20_000);
            server.expect("40").await;
            server.send(r#"40{"sid":"s"}"#);
            server.emit("authentication_failed", &json!({"message": words, "code": code}));
            server.send("41");
            server.closed().await;
        };
        let (result, _) = tokio::join!(client_builder(&script).api_key("am_key").connect(), server);
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("authentication_failed", false));
        assert!(error.to_string().contains(words), "{error}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(script.dials(), 1, "{code}");
    }
}
