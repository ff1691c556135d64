//! Refused credentials close the client within seconds, a refused join leaves it connected, and both report the reason.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::time::{Duration, Instant};

use automoderate::{ClientBuilder, State};
use interop::{ALL_SERVERS, ServerKind, StandIn, TRANSPORTS, within_timeout};
use serde_json::json;

/// Connects, joins if the connection succeeds, and returns the error of the call that the server refused. Asserts that
/// the client closes with this error within 8 s.
async fn expect_refusal(server: &StandIn, builder: ClientBuilder) -> automoderate::Error {
    let started = Instant::now();
    let client = builder.build().unwrap();
    let error = match within_timeout("connecting", client.connect()).await {
        Err(error) => error,
        Ok(()) => within_timeout("joining", client.join(server.ready.project_id.as_str()))
            .await
            .expect_err("the credentials are wrong"),
    };
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}: {:?}", server.kind, started.elapsed());
    match client.state() {
        State::Closed { reason } => assert_eq!(reason.code(), error.code()),
        other => panic!("expected a closed client, not {other:?}"),
    }
    error
}

#[tokio::test]
async fn wrong_credentials_close_the_client() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        for transports in TRANSPORTS {
            let builders = if kind.is_deployed() {
                vec![
                    ("nothing", server.anonymous()),
                    ("a dead cookie", server.anonymous().session("made-up")),
                    ("a key, which deployed servers ignore", server.anonymous().api_key(server.ready.api_key.as_str())),
                    ("a wrong password", server.anonymous().password(&server.ready.email, "wrong")),
                ]
            } else {
                vec![("nothing", server.anonymous()), ("a wrong key", server.anonymous().api_key("am_wrong"))]
            };
            for (what, builder) in builders {
                let before = attempts_so_far(&server).await;
                let error = expect_refusal(&server, builder.transports(transports)).await;
                assert_eq!(error.code(), "authentication_failed", "{kind:?} {transports:?} {what}: {error}");
                assert!(!error.is_retryable());
                let made = attempts_so_far(&server).await - before;
                // *deployed-old* refuses with a DISCONNECT without a message, which a restart could also cause, so the
                // client retries.
                let most = if kind == ServerKind::FlaskOld { 4 } else { 2 };
                assert!(made <= most, "{kind:?} {transports:?} {what}: {made} attempts");
            }
        }
    }
}

async fn attempts_so_far(server: &StandIn) -> u64 {
    server.admin("stats", json!({})).await["attempts_total"].as_u64().unwrap()
}

#[tokio::test]
async fn every_form_of_refusal_is_understood() {
    for (kind, refuse) in [
        (ServerKind::Asgi, "error"),
        (ServerKind::Asgi, "false"),
        (ServerKind::Asgi, "error_event"),
        (ServerKind::Asgi, "disconnect_data"),
        (ServerKind::Node, "middleware"),
        (ServerKind::Node, "disconnect"),
    ] {
        let server = StandIn::start_with_flags(kind, &["--refuse", refuse]).await;
        let client = server.anonymous().api_key("am_wrong").build().unwrap();
        let error = within_timeout("the refusal", client.connect()).await.expect_err("the key is wrong");
        assert_eq!(error.code(), "authentication_failed", "{kind:?} {refuse}: {error}");
    }
}

#[tokio::test]
async fn refused_joins_report_the_reason() {
    for kind in ALL_SERVERS {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        let error = client.join(server.ready.other_project_id.as_str()).await.unwrap_err();
        assert_eq!(error.code(), "access_denied", "{kind:?}: {error}");
        if kind.is_deployed() {
            let error = client.join("665d74fa-2629-466a-837a-084024fe1be0").await.unwrap_err();
            assert_eq!(error.code(), "project_not_found", "{error}");
        }
        // The refusals do not affect the project that the client may join.
        let project = client.join(server.ready.project_id.as_str()).await.unwrap();
        let mut events = project.events();
        server.moderate("hello").await;
        within_timeout("an event", events.next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_rate_limit_is_not_mistaken_for_wrong_credentials() {
    let server = StandIn::start_with_flags(ServerKind::FlaskOld, &["--rate-limit", "1", "--rate-window", "60"]).await;
    let first = server.client().connect().await.unwrap();
    let error = server.client().build().unwrap();
    let error = within_timeout("the lockout", error.connect()).await.expect_err("the second attempt exceeds the limit");
    assert_eq!(error.code(), "rate_limited", "{error}");
    assert!(error.retry_in().unwrap() >= Duration::from_secs(60));
    first.close().await;
}
