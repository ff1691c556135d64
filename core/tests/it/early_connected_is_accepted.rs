//! Deployed servers send `connected` before the namespace acknowledgement, or not at all.

use std::time::Duration;

use automoderate::{Event, State, testing::Script};
use tokio::time::Instant;

use crate::common::{builder, connected, next, update};

#[tokio::test(start_paused = true)]
async fn before_the_acknowledgement() {
    let script = Script::new();
    let client = builder(&script).build().unwrap();
    let mut events = client.events();
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"42["connected",{"message":"Connected to AutoModerate"}]"#);
        // Any event is accepted at that point.
        server.emit("moderation_update", &update("early"));
        tokio::time::sleep(Duration::from_millis(40)).await;
        server.send(r#"40{"sid":"s"}"#);
        server
    };
    let start = Instant::now();
    let (result, _server) = tokio::join!(client.connect(), server);
    result.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(40), "there is nothing left to wait for");
    assert!(matches!(client.state(), State::Connected));
    assert!(matches!(next(&mut events).await, Event::ModerationUpdate(update) if update.content_id == "early"));
}

#[tokio::test(start_paused = true)]
async fn after_the_acknowledgement() {
    let script = Script::new();
    let start = Instant::now();
    let (client, _server) = connected(&script).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(matches!(client.state(), State::Connected));
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_alone_is_enough_after_a_moment() {
    let script = Script::new();
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"40{"sid":"s"}"#);
        server
    };
    let start = Instant::now();
    let (client, mut server) = tokio::join!(builder(&script).connect(), server);
    let client = client.unwrap();
    let waited = start.elapsed();
    assert!(waited > Duration::ZERO && waited <= Duration::from_secs(2), "{waited:?}");
    // Such a server may have refused silently: the first join reports it.
    let (refused, ()) = tokio::join!(client.join("p"), server.refuse_join("p", "Authentication required"));
    assert_eq!(refused.unwrap_err().code(), "authentication_failed");
    assert!(client.state().is_closed());
}
