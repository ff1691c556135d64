//! With several configured addresses, the client moves to the next address when one fails.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Event, GapReason, ReconnectPolicy, State,
    testing::{Connection, EventLog, Script},
};
use tokio::time::{Instant, sleep};

use crate::common::{
    client_builder, connect, event_log, expect_decision, expect_no_event, join, let_tasks_run, logged_decision,
    next_event, page_entry,
};

const A: &str = "http://test";
const B: &str = "http://b.test";
const C: &str = "https://c.test/prefix";

fn builder_with_two_addresses(script: &Script) -> ClientBuilder {
    client_builder(script).fallback_url("http://b.test/")
}

fn builder_with_three_addresses(script: &Script) -> ClientBuilder {
    builder_with_two_addresses(script).fallback_url("wss://c.test/prefix/")
}

/// Accepts the next dial, which must be to this address.
async fn accept_at(script: &Script, url: &str) -> Connection {
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), url);
    let mut server = dial.accept();
    server.handshake().await;
    server
}

/// Fails the next dial, which must be to this address, as if the address were unreachable.
async fn fail_at(script: &Script, url: &str) {
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), url);
    dial.fail("no route");
}

#[tokio::test(start_paused = true)]
async fn the_next_address_takes_over_without_loss_or_duplicates() {
    let script = Script::new();
    let (client, mut server) = connect(builder_with_two_addresses(&script), &script).await;
    assert_eq!(client.url(), A);
    let project = join(&client, &mut server, "p", Some(event_log(3))).await;
    let mut events = project.events();
    server.emit("moderation_update", &logged_decision(4));
    expect_decision(&mut events, "c4").await;

    server.cut();
    let start = Instant::now();
    let mut server = accept_at(&script, B).await;
    assert!(start.elapsed() <= Duration::from_millis(500), "{:?}", start.elapsed());
    assert_eq!(client.url(), B);
    server.accept_join("p", Some(event_log(6))).await;
    server.accept_replay("p", 4, event_log(6), 1, &[page_entry(5), page_entry(6)]).await;
    server.emit("moderation_update", &logged_decision(7));
    for content in ["c5", "c6", "c7"] {
        expect_decision(&mut events, content).await;
    }
    expect_no_event(&mut events).await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:7");
    assert_eq!(client.metrics().gaps, 0);

    // The client stays at an address that works. When that address fails, the first address is a candidate like any
    // other.
    sleep(Duration::from_secs(3600)).await;
    assert_eq!((client.url(), script.dials()), (B, 2));
    server.cut();
    let mut server = accept_at(&script, A).await;
    server.accept_join("p", Some(event_log(7))).await;
    let_tasks_run().await;
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_address_with_another_log_causes_a_gap() {
    let script = Script::new();
    let (client, mut server) = connect(builder_with_two_addresses(&script), &script).await;
    let project = join(&client, &mut server, "p", Some(event_log(3))).await;
    let mut events = project.events();
    server.cut();
    let mut server = accept_at(&script, B).await;
    server.accept_join("p", Some(EventLog::new("log-2", 9))).await;
    let Event::Gap(gap) = next_event(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::LogChanged, None));
    server.emit("moderation_update", &logged_decision(10));
    expect_decision(&mut events, "c10").await;
}

#[tokio::test(start_paused = true)]
async fn all_addresses_are_tried_at_once_and_then_with_growing_delays() {
    let script = Script::new();
    let policy = ReconnectPolicy { jitter: 0.0, ..ReconnectPolicy::default() };
    let (client, server) = connect(builder_with_three_addresses(&script).reconnect(policy), &script).await;
    sleep(Duration::from_secs(60)).await;
    server.cut();
    let start = Instant::now();
    for (url, at) in [(B, 0), (C, 0), (A, 1), (B, 3), (C, 7), (A, 15), (B, 25), (C, 35), (A, 45), (B, 61)] {
        fail_at(&script, url).await;
        assert_eq!(start.elapsed(), Duration::from_secs(at), "{url}");
    }
    // An unstable connection does not reset the delays of the other addresses.
    let server = accept_at(&script, C).await;
    sleep(Duration::from_secs(4)).await;
    server.cut();
    let start = Instant::now();
    fail_at(&script, A).await;
    assert!(start.elapsed() >= Duration::from_secs(6), "{:?}", start.elapsed());
    // A stable connection resets the delays of the other addresses.
    let server = accept_at(&script, B).await;
    sleep(Duration::from_secs(60)).await;
    server.cut();
    let start = Instant::now();
    fail_at(&script, C).await;
    fail_at(&script, A).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(!client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn all_addresses_share_the_limit_per_minute() {
    let script = Script::new();
    let hasty = ReconnectPolicy { delay: Duration::ZERO, max_delay: Duration::ZERO, ..ReconnectPolicy::default() };
    let (_client, server) = connect(builder_with_three_addresses(&script).reconnect(hasty), &script).await;
    server.cut();
    let mut made = vec![Instant::now()];
    for _ in 0..60 {
        script.next_dial().await.fail("no route");
        made.push(Instant::now());
        let recent = made.iter().filter(|at| at.elapsed() < Duration::from_secs(60)).count();
        assert!(recent <= 9, "{recent} attempts in a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn clients_of_a_failed_server_spread_their_reconnects() {
    let mut pauses = Vec::new();
    for seed in 0..20 {
        let script = Script::seeded(seed);
        let (_client, server) = connect(builder_with_two_addresses(&script), &script).await;
        server.cut();
        let start = Instant::now();
        let _server = accept_at(&script, B).await;
        pauses.push(start.elapsed());
    }
    pauses.sort_unstable();
    assert!(pauses[0] < Duration::from_millis(150) && pauses[19] > Duration::from_millis(350), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_tries_each_address_once() {
    // Covers clients with and without reconnection.
    for change in [|builder| builder, ClientBuilder::no_reconnect] {
        let script = Script::new();
        let failing = async {
            fail_at(&script, A).await;
            fail_at(&script, B).await;
            fail_at(&script, C).await;
        };
        let (result, ()) = tokio::join!(change(builder_with_three_addresses(&script)).connect(), failing);
        assert_eq!(result.unwrap_err().code(), "connect_failed");
        assert_eq!(script.dials(), 3);

        let script = Script::new();
        let there = async {
            fail_at(&script, A).await;
            accept_at(&script, B).await
        };
        let (client, _server) = tokio::join!(change(builder_with_two_addresses(&script)).connect(), there);
        assert_eq!(client.unwrap().url(), B);
    }
}

#[tokio::test(start_paused = true)]
async fn a_requested_delay_applies_to_its_address_only() {
    let script = Script::new();
    let (_client, server) = connect(builder_with_two_addresses(&script), &script).await;
    server.cut();
    let start = Instant::now();
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), B);
    dial.refuse(429, "slow down");
    while start.elapsed() < Duration::from_secs(50) {
        fail_at(&script, A).await;
    }
    let back = loop {
        let dial = script.next_dial().await;
        let url = dial.url().to_owned();
        dial.fail("no route");
        if url == B {
            break start.elapsed();
        }
    };
    assert!((60..90).contains(&back.as_secs()), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn an_address_that_refuses_accepted_credentials_is_skipped() {
    let script = Script::new();
    let (client, server) = connect(builder_with_two_addresses(&script).api_key("am_key"), &script).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), dial.query("api_key")), (B, Some("am_key")));
    dial.refuse(401, "who are you?");
    for _ in 0..5 {
        fail_at(&script, A).await;
    }
    let server = accept_at(&script, A).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), A);
    dial.refuse(401, "the key was withdrawn");
    let mut states = client.state_changes();
    loop {
        match states.next().await {
            Some(State::Closed { reason }) => break assert_eq!(reason.code(), "authentication_failed"),
            Some(_) => {}
            None => panic!("the state stream ended without a `Closed` state"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_refused_by_the_first_address_close_the_client() {
    let script = Script::new();
    let refusing = async { script.next_dial().await.refuse(401, "who are you?") };
    let (result, ()) = tokio::join!(builder_with_two_addresses(&script).api_key("am_key").connect(), refusing);
    assert_eq!(result.unwrap_err().code(), "authentication_failed");
    assert_eq!(script.dials(), 1);
}

#[test]
fn unusable_addresses_are_named_in_the_error() {
    let https = || Client::builder("https://a.test");
    for (builder, wanted) in [
        (https().fallback_url("b.test"), "fallback_urls[0]: the scheme is missing"),
        (https().fallback_url("https://b.test").fallback_url("ftp://c"), "fallback_urls[1]: the scheme must be"),
        (https().fallback_url("https://u:p@b.test"), "fallback_urls[0]: the address must not contain credentials"),
        (https().fallback_url("https://a.test/"), "fallback_urls[0]: the address is a duplicate"),
        (https().fallback_url("https://b").fallback_url("wss://b"), "fallback_urls[1]: the address is a duplicate"),
        (https().fallback_url("http://b.test"), "fallback_urls[0]: it must be https, as url is"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.code(), "invalid_argument");
        assert!(error.to_string().starts_with(wanted), "{error}");
    }
}
