//! Deployed servers refuse with `41` instead of the acknowledgement, for bad credentials and for too many attempts.

use std::time::Duration;

use automoderate::{Client, Credentials, CredentialsReason, State, testing::Script};

use crate::common::{builder, connected};

const OPEN: &str =
    r#"0{"sid":"niIRLowzmEgmCIRMAAA2","upgrades":[],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#;

/// As recorded: first `41`, then the acknowledgement all the same.
async fn refuse(script: &Script) -> Vec<String> {
    let mut server = script.accept().await;
    server.send(OPEN);
    server.expect("40").await;
    server.send("41");
    server.send(r#"40{"sid":"ZasxwzJh1EPmxbv0AAA3"}"#);
    server.closed().await
}

#[tokio::test(start_paused = true)]
async fn ends_a_client_whose_key_never_worked() {
    let script = Script::new();
    let refusals = async {
        for _ in 0..4 {
            assert_eq!(refuse(&script).await, Vec::<String>::new(), "a refused connection is not talked to");
        }
    };
    let (result, ()) = tokio::join!(builder(&script).api_key("am_key").connect(), refusals);
    let error = result.unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(!error.is_retryable());
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(script.dials(), 4, "a server that said no is not hammered");
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_called_once_more_with_the_reason() {
    let script = Script::new();
    let client = Client::builder("http://test")
        .credentials_provider(|_| async { Ok(Credentials::ApiKey("am_key".into())) })
        .script(&script);
    let server = async {
        let first = script.next_dial().await;
        assert_eq!(first.reason(), CredentialsReason::First);
        let mut server = first.accept();
        server.send(OPEN);
        server.expect("40").await;
        server.send("41");
        server.closed().await;
        for reason in [CredentialsReason::Rejected, CredentialsReason::Reconnect, CredentialsReason::Reconnect] {
            let next = script.next_dial().await;
            assert_eq!(next.reason(), reason);
            let mut server = next.accept();
            server.send(OPEN);
            server.expect("40").await;
            server.send("41");
            server.closed().await;
        }
    };
    let (result, ()) = tokio::join!(client.connect(), server);
    assert_eq!(result.unwrap_err().code(), "authentication_failed");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(script.dials(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_has_worked_is_believed_to_be_locked_out_once() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    let mut states = client.state_changes();
    server.cut();
    refuse(&script).await;
    let held = loop {
        if let Some(State::Reconnecting { retry_in, cause, .. }) = states.next().await
            && cause.code() == "rate_limited"
        {
            break retry_in;
        }
    };
    assert!(held > Duration::from_secs(60), "deployed servers count over 60 s; {held:?}");
    let server = script.accept_handshake().await;
    while !client.state().is_connected() {
        states.next().await;
    }
    // That worked, so the next time counts anew; but four in a row are about the credentials.
    server.cut();
    for _ in 0..4 {
        refuse(&script).await;
    }
    while let Some(state) = states.next().await {
        if let State::Closed { reason } = state {
            assert_eq!(reason.code(), "authentication_failed");
        }
    }
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn also_right_after_an_acknowledgement_and_with_data() {
    for frames in [&[r#"40{"sid":"s"}"#, "41"][..], &[r#"41{"reason":"no"}"#], &["41[]"], &["41/,"]] {
        let script = Script::new();
        let server = async {
            for _ in 0..4 {
                let mut server = script.accept().await;
                server.send(OPEN);
                server.expect("40").await;
                frames.iter().for_each(|frame| server.send(*frame));
                server.closed().await;
            }
        };
        let (result, ()) = tokio::join!(builder(&script).connect(), server);
        assert_eq!(result.unwrap_err().code(), "authentication_failed", "{frames:?}");
    }
}
