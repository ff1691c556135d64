//! A server that is silent for longer than it promised is gone.

use std::time::Duration;

use automoderate::{
    State,
    testing::{Connection, Script},
};
use tokio::time::{Instant, sleep};

use crate::common::{builder, settle};

async fn connected(script: &Script) -> (automoderate::Client, Connection) {
    let server = async {
        let mut server = script.accept().await;
        server.open(25_000, 20_000);
        server.expect("40").await;
        server.send(r#"40{"sid":"s"}"#);
        server.send(r#"42["connected",{}]"#);
        server
    };
    let (client, server) = tokio::join!(builder(script).connect(), server);
    (client.unwrap(), server)
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_noticed_after_interval_and_timeout() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    let start = Instant::now();
    assert_eq!(server.closed().await, Vec::<String>::new());
    assert_eq!(start.elapsed(), Duration::from_secs(45));
    let State::Reconnecting { cause, .. } = client.state() else { panic!("{:?}", client.state()) };
    assert_eq!(cause.code(), "disconnected");
    connected_again(&script).await;
}

async fn connected_again(script: &Script) {
    script.accept_handshake().await.cut();
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_keep_it_alive() {
    let script = Script::new();
    let (client, mut server) = connected(&script).await;
    for n in 0..100 {
        sleep(Duration::from_secs(44)).await;
        if n % 2 == 0 {
            server.send("2");
            server.expect("3").await;
        } else {
            server.send("2probe");
            server.expect("3probe").await;
        }
    }
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn any_frame_is_a_sign_of_life() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    for frame in ["6", "42[\"x\"]", "garbage", "43999[]"].repeat(5) {
        sleep(Duration::from_secs(44)).await;
        server.send(frame);
        settle().await;
    }
    assert!(client.state().is_connected());
    assert_eq!(script.dials(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_computer_that_wakes_up_reads_first_what_has_arrived() {
    let script = Script::new();
    let (client, server) = connected(&script).await;
    settle().await;
    server.send("2");
    tokio::time::advance(Duration::from_secs(3600)).await;
    settle().await;
    assert!(client.state().is_connected(), "the ping had arrived: {:?}", client.state());
    let start = Instant::now();
    server.closed().await;
    assert_eq!(start.elapsed(), Duration::from_secs(45));
}
