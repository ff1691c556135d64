//! Older deployed servers send `41` before the acknowledgement to refuse bad credentials and excess attempts.

use std::time::Duration;

use automoderate::{Client, Credentials, CredentialsReason, State, testing::Script};

use crate::common::{client_builder, connected_client};

const OPEN_PACKET: &str =
    r#"0{"sid":"niIRLowzmEgmCIRMAAA2","upgrades":[],"pingTimeout":120000,"pingInterval":25000,"maxPayload":1000000}"#;

/// Refuses a connection as recorded: the server sends `41` first, and then the acknowledgement.
async fn refuse_connection(script: &Script) -> Vec<String> {
    let mut server = script.accept().await;
    server.send(OPEN_PACKET);
    server.expect("40").await;
    server.send("41");
    server.send(r#"40{"sid":"ZasxwzJh1EPmxbv0AAA3"}"#);
    server.closed().await
}

#[tokio::test(start_paused = true)]
async fn a_key_that_never_worked_closes_the_client() {
    let script = Script::new();
    let refusals = async {
        for _ in 0..4 {
            assert_eq!(
                refuse_connection(&script).await,
                Vec::<String>::new(),
                "nothing is sent on a refused connection"
            );
        }
    };
    let (result, ()) = tokio::join!(client_builder(&script).api_key("am_key").connect(), refusals);
    let error = result.unwrap_err();
    assert_eq!(error.code(), "authentication_failed");
    assert!(!error.is_retryable());
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(script.dials(), 4, "no further attempt after repeated refusals");
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_called_again_with_the_reason() {
    let script = Script::new();
    let client = Client::builder("http://test")
        .credentials_provider(|_| async { Ok(Credentials::ApiKey("am_key".into())) })
        .script(&script);
    let server = async {
        let first = script.next_dial().await;
        assert_eq!(first.reason(), CredentialsReason::First);
        let mut server = first.accept();
        server.send(OPEN_PACKET);
        server.expect("40").await;
        server.send("41");
        server.closed().await;
        for reason in [CredentialsReason::Rejected, CredentialsReason::Reconnect, CredentialsReason::Reconnect] {
            let next = script.next_dial().await;
            assert_eq!(next.reason(), reason);
            let mut server = next.accept();
            server.send(OPEN_PACKET);
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
async fn a_key_that_has_worked_is_first_treated_as_rate_limited() {
    let script = Script::new();
    let (client, server) = connected_client(&script).await;
    let mut states = client.state_changes();
    server.cut();
    refuse_connection(&script).await;
    let held = loop {
        if let Some(State::Reconnecting { retry_in, cause, .. }) = states.next().await
            && cause.code() == "rate_limited"
        {
            break retry_in;
        }
    };
    assert!(held > Duration::from_secs(60), "deployed servers count attempts over 60 s, but the client waits {held:?}");
    let server = script.accept_handshake().await;
    while !client.state().is_connected() {
        states.next().await;
    }
    // The successful connection reset the count of refusals, but four consecutive refusals mean that the credentials
    // are wrong.
    server.cut();
    for _ in 0..4 {
        refuse_connection(&script).await;
    }
    while let Some(state) = states.next().await {
        if let State::Closed { reason } = state {
            assert_eq!(reason.code(), "authentication_failed");
        }
    }
    assert!(client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_with_data_or_right_after_the_acknowledgement_is_a_refusal() {
    for frames in [&[r#"40{"sid":"s"}"#, "41"][..], &[r#"41{"reason":"no"}"#], &["41[]"], &["41/,"]] {
        let script = Script::new();
        let server = async {
            for _ in 0..4 {
                let mut server = script.accept().await;
                server.send(OPEN_PACKET);
                server.expect("40").await;
                frames.iter().for_each(|frame| server.send(*frame));
                server.closed().await;
            }
        };
        let (result, ()) = tokio::join!(client_builder(&script).connect(), server);
        assert_eq!(result.unwrap_err().code(), "authentication_failed", "{frames:?}");
    }
}
