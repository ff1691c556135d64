//! Classification of CONNECT_ERROR packets (`44`) in all their forms, and of failures at earlier stages.

use std::time::Duration;

use automoderate::{Stage, testing::Script};

use crate::common::client_builder;

#[tokio::test(start_paused = true)]
async fn connect_error_packets_are_classified() {
    for (frame, code, retryable, attempts) in [
        (r#"44{"message":"Authentication failed"}"#, "authentication_failed", false, 1),
        (r#"44{"message":"invalid api key","data":{"code":"x"}}"#, "authentication_failed", false, 1),
        // Each of the next five packets could come from a restarting server, so the client retries three times.
        (r#"44"Unable to connect""#, "authentication_failed", false, 4),
        (r#"44/foo,"Unable to connect""#, "authentication_failed", false, 4),
        (r#"44{"message":"the token service is away"}"#, "authentication_failed", false, 4),
        ("44", "authentication_failed", false, 4),
        ("44{", "authentication_failed", false, 4),
        (r#"44{"message":"Invalid namespace"}"#, "connect_failed", false, 1),
        (r#"44{"message":"Too many connections from this address"}"#, "rate_limited", true, 1),
        (r#"44{"message":"Server error occurred"}"#, "connect_failed", true, 1),
    ] {
        let script = Script::new();
        let server = async {
            for _ in 0..attempts {
                let mut server = script.accept().await;
                server.open(25_000, 20_000);
                server.expect("40").await;
                server.send(frame);
                server.closed().await;
            }
        };
        let (result, ()) = tokio::join!(client_builder(&script).connect(), server);
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{frame}: {error}");
        assert_eq!(error.stage(), Some(Stage::Namespace), "{frame}");
        assert_eq!(error.retry_in().is_some(), code == "rate_limited", "{frame}");
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(script.dials(), attempts, "{frame}");
    }
}

#[tokio::test(start_paused = true)]
async fn http_refusals_are_classified() {
    for (status, code, retryable, message) in [
        (401, "authentication_failed", false, "the server refused the connection with status 401: words"),
        (403, "connect_failed", false, "the server answered with status 403: words"),
        (404, "connect_failed", false, "the server answered with status 404: words"),
        (429, "rate_limited", true, "the server limits connections: words"),
        (503, "connect_failed", true, "the server answered with status 503: words"),
    ] {
        let script = Script::new();
        let server = async { script.next_dial().await.refuse(status, "words") };
        let (result, ()) = tokio::join!(client_builder(&script).connect(), server);
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{status}: {error}");
        assert_eq!((error.status(), error.message()), (Some(status), message));
    }
}

#[tokio::test(start_paused = true)]
async fn network_failures_and_timeouts_name_their_stage() {
    let script = Script::new();
    let (result, ()) =
        tokio::join!(client_builder(&script).connect(), async { script.next_dial().await.fail("no route") });
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.stage()), ("connect_failed", Some(Stage::Network)));

    // A single deadline covers all stages.
    for (frames, stage) in [
        (None, Stage::Network),
        (Some(vec![]), Stage::EngineIo),
        (Some(vec![r#"0{"sid":"s","pingInterval":60000}"#]), Stage::Namespace),
        (Some(vec![r#"40{"sid":"s"}"#]), Stage::EngineIo),
    ] {
        let script = Script::new();
        let start = tokio::time::Instant::now();
        let server = async {
            let dial = script.next_dial().await;
            match &frames {
                None => dial.given_up().await,
                Some(frames) => {
                    let server = dial.accept();
                    frames.iter().for_each(|frame| server.send(*frame));
                    server.closed().await;
                }
            }
        };
        let (result, ()) =
            tokio::join!(client_builder(&script).connect_timeout(Duration::from_secs(7)).connect(), server);
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.stage()), ("connect_timeout", Some(stage)), "{frames:?}");
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_handshake_is_a_protocol_error() {
    for open in ["0", "0{}", r#"0"sid""#, "0{\"sid\":", r#"0{"sid":"s","pingInterval":"soon"}"#] {
        let script = Script::new();
        let server = async {
            let server = script.accept().await;
            server.send(open);
            server.closed().await
        };
        let (result, _) = tokio::join!(client_builder(&script).connect(), server);
        assert_eq!(result.unwrap_err().code(), "protocol", "{open}");
    }
}
