//! A server with several addresses: the next one takes over within the same client.

use std::time::Duration;

use automoderate::{
    Client, ClientBuilder, Event, GapReason, ReconnectPolicy, State,
    testing::{Connection, EventLog, Script},
};
use tokio::time::{Instant, sleep};

use crate::common::{builder, connect, entry, expect_content, expect_nothing, join, log, logged, next, settle};

const A: &str = "http://test";
const B: &str = "http://b.test";
const C: &str = "https://c.test/prefix";

fn two(script: &Script) -> ClientBuilder {
    builder(script).fallback_url("http://b.test/")
}

fn three(script: &Script) -> ClientBuilder {
    two(script).fallback_url("wss://c.test/prefix/")
}

/// Accepts the client at this address.
async fn accept(script: &Script, url: &str) -> Connection {
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), url);
    let mut server = dial.accept();
    server.handshake().await;
    server
}

/// This address is unreachable.
async fn fail(script: &Script, url: &str) {
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), url);
    dial.fail("no route");
}

#[tokio::test(start_paused = true)]
async fn the_next_one_takes_over_and_nothing_is_lost_or_comes_twice() {
    let script = Script::new();
    let (client, mut server) = connect(two(&script), &script).await;
    assert_eq!(client.url(), A);
    let project = join(&client, &mut server, "p", Some(log(3))).await;
    let mut events = project.events();
    server.emit("moderation_update", &logged(4));
    expect_content(&mut events, "c4").await;

    server.cut();
    let start = Instant::now();
    let mut server = accept(&script, B).await;
    assert!(start.elapsed() <= Duration::from_millis(500), "{:?}", start.elapsed());
    assert_eq!(client.url(), B);
    server.accept_join("p", Some(log(6))).await;
    server.accept_replay("p", 4, log(6), 1, &[entry(5), entry(6)]).await;
    server.emit("moderation_update", &logged(7));
    for content in ["c5", "c6", "c7"] {
        expect_content(&mut events, content).await;
    }
    expect_nothing(&mut events).await;
    assert_eq!(project.cursor().unwrap().to_string(), "log-1:7");
    assert_eq!(client.metrics().gaps, 0);

    // An address that works is kept, however long; when it fails, the first is tried like any other.
    sleep(Duration::from_secs(3600)).await;
    assert_eq!((client.url(), script.dials()), (B, 2));
    server.cut();
    let mut server = accept(&script, A).await;
    server.accept_join("p", Some(log(7))).await;
    settle().await;
    assert!(client.state().is_connected());
}

#[tokio::test(start_paused = true)]
async fn an_address_with_another_log_causes_a_gap() {
    let script = Script::new();
    let (client, mut server) = connect(two(&script), &script).await;
    let project = join(&client, &mut server, "p", Some(log(3))).await;
    let mut events = project.events();
    server.cut();
    let mut server = accept(&script, B).await;
    server.accept_join("p", Some(EventLog::new("log-2", 9))).await;
    let Event::Gap(gap) = next(&mut events).await else { panic!("no gap") };
    assert_eq!((gap.reason, gap.missed), (GapReason::LogChanged, None));
    server.emit("moderation_update", &logged(10));
    expect_content(&mut events, "c10").await;
}

#[tokio::test(start_paused = true)]
async fn all_are_tried_at_once_and_then_ever_more_slowly() {
    let script = Script::new();
    let policy = ReconnectPolicy { jitter: 0.0, ..ReconnectPolicy::default() };
    let (client, server) = connect(three(&script).reconnect(policy), &script).await;
    sleep(Duration::from_secs(60)).await;
    server.cut();
    let start = Instant::now();
    for (url, at) in [(B, 0), (C, 0), (A, 1), (B, 3), (C, 7), (A, 15), (B, 25), (C, 35), (A, 45), (B, 61)] {
        fail(&script, url).await;
        assert_eq!(start.elapsed(), Duration::from_secs(at), "{url}");
    }
    // A connection that does not last does not reset the others.
    let server = accept(&script, C).await;
    sleep(Duration::from_secs(4)).await;
    server.cut();
    let start = Instant::now();
    fail(&script, A).await;
    assert!(start.elapsed() >= Duration::from_secs(6), "{:?}", start.elapsed());
    // A stable one does.
    let server = accept(&script, B).await;
    sleep(Duration::from_secs(60)).await;
    server.cut();
    let start = Instant::now();
    fail(&script, C).await;
    fail(&script, A).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(!client.state().is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_limit_per_minute_is_for_all_together() {
    let script = Script::new();
    let hasty = ReconnectPolicy { delay: Duration::ZERO, max_delay: Duration::ZERO, ..ReconnectPolicy::default() };
    let (_client, server) = connect(three(&script).reconnect(hasty), &script).await;
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
async fn clients_of_a_lost_server_spread_out_over_time() {
    let mut pauses = Vec::new();
    for seed in 0..20 {
        let script = Script::seeded(seed);
        let (_client, server) = connect(two(&script), &script).await;
        server.cut();
        let start = Instant::now();
        let _server = accept(&script, B).await;
        pauses.push(start.elapsed());
    }
    pauses.sort_unstable();
    assert!(pauses[0] < Duration::from_millis(150) && pauses[19] > Duration::from_millis(350), "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_is_tried_once_at_each() {
    // Even for a client that does not reconnect.
    for change in [|builder| builder, ClientBuilder::no_reconnect] {
        let script = Script::new();
        let failing = async {
            fail(&script, A).await;
            fail(&script, B).await;
            fail(&script, C).await;
        };
        let (result, ()) = tokio::join!(change(three(&script)).connect(), failing);
        assert_eq!(result.unwrap_err().code(), "connect_failed");
        assert_eq!(script.dials(), 3);

        let script = Script::new();
        let there = async {
            fail(&script, A).await;
            accept(&script, B).await
        };
        let (client, _server) = tokio::join!(change(two(&script)).connect(), there);
        assert_eq!(client.unwrap().url(), B);
    }
}

#[tokio::test(start_paused = true)]
async fn a_requested_pause_applies_to_its_address_only() {
    let script = Script::new();
    let (_client, server) = connect(two(&script), &script).await;
    server.cut();
    let start = Instant::now();
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), B);
    dial.refuse(429, "slow down");
    while start.elapsed() < Duration::from_secs(50) {
        fail(&script, A).await;
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
    let (client, server) = connect(two(&script).api_key("am_key"), &script).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!((dial.url(), dial.query("api_key")), (B, Some("am_key")));
    dial.refuse(401, "who are you?");
    for _ in 0..5 {
        fail(&script, A).await;
    }
    let server = accept(&script, A).await;
    server.cut();
    let dial = script.next_dial().await;
    assert_eq!(dial.url(), A);
    dial.refuse(401, "the key was withdrawn");
    let mut states = client.state_changes();
    loop {
        match states.next().await {
            Some(State::Closed { reason }) => break assert_eq!(reason.code(), "authentication_failed"),
            Some(_) => {}
            None => panic!("the states end without a reason"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_first_one_refuses_are_wrong() {
    let script = Script::new();
    let refusing = async { script.next_dial().await.refuse(401, "who are you?") };
    let (result, ()) = tokio::join!(two(&script).api_key("am_key").connect(), refusing);
    assert_eq!(result.unwrap_err().code(), "authentication_failed");
    assert_eq!(script.dials(), 1);
}

#[test]
fn addresses_that_can_not_be_used_are_named() {
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
