//! A server that says no is believed, at once and without being hammered.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::time::{Duration, Instant};

use automoderate::{ClientBuilder, State};
use interop::{ALL, Kind, StandIn, TRANSPORTS, soon};
use serde_json::json;

/// Connects and, if the server allows it, joins. Either call may return the refusal.
async fn refusal(server: &StandIn, builder: ClientBuilder) -> automoderate::Error {
    let started = Instant::now();
    let client = builder.build().unwrap();
    let error = match soon("connecting", client.connect()).await {
        Err(error) => error,
        Ok(()) => {
            soon("joining", client.join(server.ready.project_id.as_str())).await.expect_err("the credentials are wrong")
        }
    };
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}: {:?}", server.kind, started.elapsed());
    match client.state() {
        State::Closed { reason } => assert_eq!(reason.code(), error.code()),
        other => panic!("the client is over, not {other:?}"),
    }
    error
}

#[tokio::test]
async fn wrong_credentials_end_the_client() {
    for kind in ALL {
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
                let before = attempts(&server).await;
                let error = refusal(&server, builder.transports(transports)).await;
                assert_eq!(error.code(), "authentication_failed", "{kind:?} {transports:?} {what}: {error}");
                assert!(!error.is_retryable());
                let made = attempts(&server).await - before;
                // A DISCONNECT without a word may be a restart.
                let most = if kind == Kind::FlaskOld { 4 } else { 2 };
                assert!(made <= most, "{kind:?} {transports:?} {what}: {made} attempts");
            }
        }
    }
}

async fn attempts(server: &StandIn) -> u64 {
    server.admin("stats", json!({})).await["attempts_total"].as_u64().unwrap()
}

#[tokio::test]
async fn every_way_to_refuse_is_understood() {
    for (kind, refuse) in [
        (Kind::Asgi, "error"),
        (Kind::Asgi, "false"),
        (Kind::Asgi, "error_event"),
        (Kind::Asgi, "disconnect_data"),
        (Kind::Node, "middleware"),
        (Kind::Node, "disconnect"),
    ] {
        let server = StandIn::with(kind, &["--refuse", refuse]).await;
        let client = server.anonymous().api_key("am_wrong").build().unwrap();
        let error = soon("the refusal", client.connect()).await.expect_err("the key is wrong");
        assert_eq!(error.code(), "authentication_failed", "{kind:?} {refuse}: {error}");
    }
}

#[tokio::test]
async fn projects_that_are_refused_say_why() {
    for kind in ALL {
        let server = StandIn::start(kind).await;
        let client = server.client().connect().await.unwrap();
        let error = client.join(server.ready.other_project_id.as_str()).await.unwrap_err();
        assert_eq!(error.code(), "access_denied", "{kind:?}: {error}");
        if kind.is_deployed() {
            let error = client.join("665d74fa-2629-466a-837a-084024fe1be0").await.unwrap_err();
            assert_eq!(error.code(), "project_not_found", "{error}");
        }
        // The client is none the worse for it.
        let project = client.join(server.ready.project_id.as_str()).await.unwrap();
        let mut events = project.events();
        server.moderate("hello").await;
        soon("an event", events.next()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_lockout_of_a_deployed_server_is_not_taken_for_wrong_credentials() {
    let server = StandIn::with(Kind::FlaskOld, &["--rate-limit", "1", "--rate-window", "60"]).await;
    let first = server.client().connect().await.unwrap();
    let error = server.client().build().unwrap();
    let error = soon("the lockout", error.connect()).await.expect_err("the second attempt is one too many");
    assert_eq!(error.code(), "rate_limited", "{error}");
    assert!(error.retry_in().unwrap() >= Duration::from_secs(60));
    first.close().await;
}
