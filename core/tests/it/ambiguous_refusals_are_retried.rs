//! If reconnection is enabled, a refusal that could also indicate a server restart closes the client only after several
//! repetitions.

use std::time::Duration;

use automoderate::{Client, testing::Script};
use tokio::time::Instant;

use crate::common::client_builder;

/// Frames that end a connection shortly after the namespace was acknowledged; `None` cuts the transport.
const CONNECTION_ENDINGS: [Option<&str>; 3] = [Some("41"), Some("1"), None];

async fn accept_then_end(script: &Script, ending: Option<&str>) {
    let mut server = script.accept().await;
    server.open(25_000, 20_000);
    server.expect("40").await;
    server.send(r#"40{"sid":"s"}"#);
    tokio::time::sleep(Duration::from_millis(300)).await;
    match ending {
        Some(frame) => server.send(frame),
        None => return server.cut(),
    }
    server.closed().await;
}

#[tokio::test(start_paused = true)]
async fn repeated_ambiguous_refusals_close_the_client() {
    for retry_first in [false, true] {
        for ending in CONNECTION_ENDINGS {
            let script = Script::new();
            let start = Instant::now();
            let mut attempts = Vec::new();
            let server = async {
                loop {
                    accept_then_end(&script, ending).await;
                    attempts.push(start.elapsed());
                }
            };
            let client = client_builder(&script).api_key("am_key").retry_first_connect(retry_first);
            let result = tokio::select! {
                result = client.connect() => result,
                () = server => unreachable!(),
            };
            let error = result.unwrap_err();
            assert_eq!(error.code(), "authentication_failed", "{ending:?}");
            assert!(error.message().contains("accepts no API keys on the socket"), "{error}");
            assert!((4..=9).contains(&script.dials()), "{ending:?}: {attempts:?}");
            assert!(attempts.is_sorted_by(|a, b| *b - *a >= Duration::from_millis(800)), "with pauses: {attempts:?}");
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
            tokio::time::sleep(Duration::from_secs(600)).await;
            assert!(script.dials() <= 9, "the client is closed and must not dial again");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_connects_once_a_restarting_server_accepts() {
    for ending in CONNECTION_ENDINGS {
        let script = Script::new();
        let server = async {
            for _ in 0..3 {
                accept_then_end(&script, ending).await;
            }
            script.accept_handshake().await
        };
        let (client, _server) = tokio::join!(client_builder(&script).api_key("am_key").connect(), server);
        assert!(client.unwrap().state().is_connected(), "{ending:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_refusal_is_not_retried_without_a_reconnect_policy() {
    let script = Script::new();
    let client = client_builder(&script).no_reconnect();
    let (result, ()) = tokio::join!(client.connect(), accept_then_end(&script, Some("41")));
    assert_eq!(result.unwrap_err().code(), "authentication_failed");
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_explicit_refusal_closes_the_client_at_once() {
    for frame in [
        r#"44{"message":"Authentication failed"}"#,
        r#"42["authentication_failed",{"message":"Invalid API key","code":"authentication_failed"}]"#,
    ] {
        let script = Script::new();
        let server = async {
            let mut server = script.accept().await;
            server.open(25_000, 20_000);
            server.expect("40").await;
            server.send(frame);
            server.send("41");
            server.closed().await
        };
        let (result, _) = tokio::join!(client_builder(&script).api_key("am_wrong").connect(), server);
        let error = result.unwrap_err();
        assert_eq!(error.code(), "authentication_failed");
        assert!(!error.message().contains("accepts no API keys"), "the server's own reason is enough: {error}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(script.dials(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_error_advises_to_sign_in() {
    for (builder, advised) in [
        (Client::builder("http://test").api_key("am_key"), true),
        (Client::builder("http://test").session("cookie"), false),
    ] {
        let script = Script::new();
        let server = async {
            let mut server = script.accept().await;
            server.open(25_000, 20_000);
            server.expect("40").await;
            server.send(r#"40{"sid":"s"}"#);
            server
        };
        let (client, mut server) = tokio::join!(builder.script(&script).connect(), server);
        let client = client.unwrap();
        let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", "Authentication required"));
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "authentication_failed");
        assert!(error.message().contains("Authentication required"), "the server's words: {error}");
        let advice =
            "this server accepts no API keys on the socket: sign in with email and password, or pass `session`";
        assert_eq!(error.message().contains(advice), advised, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_refusal_by_a_server_that_then_disappears_fails_connect() {
    let script = Script::new();
    let server = async {
        accept_then_end(&script, Some("41")).await;
        for _ in 0..3 {
            script.next_dial().await.fail("no route");
        }
    };
    let (result, ()) = tokio::join!(client_builder(&script).connect(), server);
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), ("connect_failed", true));
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(script.dials(), 4);
}
