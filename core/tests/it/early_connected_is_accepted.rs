//! Deployed servers send `connected` before the namespace acknowledgement, or do not send `connected` at all.

use std::time::Duration;

use automoderate::{Event, State, testing::Script};
use tokio::time::Instant;

use crate::common::{client_builder, connected_client, decision_payload, next_event};

#[tokio::test(start_paused = true)]
async fn connected_before_the_acknowledgement_is_accepted() {
    let script = Script::new();
    let client = client_builder(&script).build().unwrap();
    let mut events = client.events();
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"42["connected",{"message":"Connected to AutoModerate"}]"#);
        // Other events are also accepted before the acknowledgement.
        server.emit("moderation_update", &decision_payload("early"));
        tokio::time::sleep(Duration::from_millis(40)).await;
        server.send(r#"40{"sid":"s"}"#);
        server
    };
    let start = Instant::now();
    let (result, _server) = tokio::join!(client.connect(), server);
    result.unwrap();
    assert_eq!(
        start.elapsed(),
        Duration::from_millis(40),
        "the client is connected as soon as both packets have arrived"
    );
    assert!(matches!(client.state(), State::Connected));
    assert!(matches!(next_event(&mut events).await, Event::ModerationUpdate(update) if update.content_id == "early"));
}

#[tokio::test(start_paused = true)]
async fn connected_after_the_acknowledgement_is_accepted() {
    let script = Script::new();
    let start = Instant::now();
    let (client, _server) = connected_client(&script).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(matches!(client.state(), State::Connected));
}

#[tokio::test(start_paused = true)]
async fn the_acknowledgement_alone_suffices_after_a_short_wait() {
    let script = Script::new();
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"40{"sid":"s"}"#);
        server
    };
    let start = Instant::now();
    let (client, mut server) = tokio::join!(client_builder(&script).connect(), server);
    let client = client.unwrap();
    let waited = start.elapsed();
    assert!(waited > Duration::ZERO && waited <= Duration::from_secs(2), "{waited:?}");
    // A server that omits `connected` may have refused the credentials silently; the first join reveals the refusal.
    let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", "Authentication required"));
    assert_eq!(refused.unwrap_err().code(), "authentication_failed");
    assert!(client.state().is_closed());
}
