//! One server with several addresses, and several nodes that share a database.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, EventStream};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    sync::{Notify, mpsc},
};

use crate::fixtures::{
    UNLIMITED_ARGUMENTS, client_builder, demo_api_key, demo_project_id, next_update, start_demo_server, within_timeout,
};
use crate::program::ServerProgram;
use crate::relay::Relay;

/// Minimum number of items that are acknowledged in each round before a node is killed.
const ITEMS_PER_ROUND: usize = 100;

async fn wait_until_connected_to(client: &Client, url: &str) {
    within_timeout("the other address", async {
        while client.url() != url || !client.state().is_connected() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

async fn receive_until(events: &mut EventStream, received: &mut Vec<String>, until: usize) {
    while received.len() < until {
        received.push(next_update(events).await.content_id);
    }
}

#[tokio::test]
async fn switching_between_addresses_of_one_server_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
    let (project, key) = (program.project_id(), program.api_key());
    let [first, second] = [Relay::start(program.address()).await, Relay::start(program.address()).await];
    second.cut();
    let client = client_builder(first.url()).fallback_url(second.url()).api_key(&*key).connect().await.unwrap();
    let mut events = client.join(&*project).await.unwrap().events();
    let (mut submitted, mut received) = (Vec::new(), Vec::new());
    for round in 0..6 {
        let (here, there) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        wait_until_connected_to(&client, &here.url()).await;
        for n in 0..20 {
            // The client submits through the address to which it is connected.
            submitted.push(client.moderate(format!("round {round} text {n}")).await.unwrap().content_id);
        }
        let until = submitted.len() - 10;
        receive_until(&mut events, &mut received, until).await;
        here.cut();
        program.kill().await;
        program = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
        there.set_target(program.address());
        there.restore();
        let writer = crate::fixtures::client_builder(program.base_url()).api_key(&*key).build().unwrap();
        submitted.push(writer.moderate("while it was away").await.unwrap().content_id);
    }
    receive_until(&mut events, &mut received, submitted.len()).await;
    assert_eq!(received, submitted, "each decision arrives once and in order");
    assert_eq!(client.metrics().gaps, 0);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn killing_one_of_two_servers_on_a_database_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The nodes start one after the other, because the first node creates the demo project.
    let mut programs = [
        ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await,
        ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await,
    ];
    let (project, key) = (programs[0].project_id(), programs[0].api_key());
    let relays = [Relay::start(programs[0].address()).await, Relay::start(programs[1].address()).await];
    let client = client_builder(relays[0].url()).fallback_url(relays[1].url()).api_key(&*key).connect().await.unwrap();
    let mut events = client.join(&*project).await.unwrap().events();
    let (mut acknowledged, mut received) = (Vec::new(), Vec::new());
    for round in 0..8 {
        let here = round % 2;
        wait_until_connected_to(&client, &relays[here].url()).await;
        // The killed node does not return at this address, so the writer must not wait for it.
        let writer = crate::fixtures::client_builder(programs[here].base_url())
            .api_key(&*key)
            .request_timeout(Duration::from_secs(1))
            .build()
            .unwrap();
        let killed = Arc::new(Notify::new());
        let writing = tokio::spawn({
            let killed = killed.clone();
            async move {
                let mut ids = Vec::new();
                for n in 0.. {
                    if ids.len() == ITEMS_PER_ROUND {
                        killed.notify_one();
                    }
                    // An item whose request was not answered may or may not have been stored, so the item does not count.
                    match writer.moderate(format!("round {round} text {n}")).await {
                        Ok(decided) => ids.push(decided.content_id),
                        Err(_) => break,
                    }
                }
                ids
            }
        });
        killed.notified().await;
        programs[here].kill().await;
        acknowledged.extend(within_timeout("the writer", writing).await.unwrap());
        wait_until_connected_to(&client, &relays[1 - here].url()).await;
        programs[here] = ServerProgram::start(folder.path(), &UNLIMITED_ARGUMENTS).await;
        relays[here].set_target(programs[here].address());
    }
    let last = crate::fixtures::client_builder(programs[0].base_url()).api_key(&*key).build().unwrap();
    wait_until_connected_to(&client, &relays[0].url()).await;
    let last = last.moderate("the last one").await.unwrap().content_id;
    acknowledged.push(last.clone());
    let mut ids = Vec::new();
    while received.last() != Some(&last) {
        let update = next_update(&mut events).await;
        ids.push(update.meta.event_id.unwrap());
        received.push(update.content_id);
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "ids must be in order and without duplicates");
    let stored = client.statistics().await.unwrap().total_content;
    assert_eq!(received.len() as u64, stored, "exactly the stored items must arrive");
    received.retain(|id| acknowledged.contains(id));
    assert_eq!(received, acknowledged, "each acknowledged item arrives once and in order");
    assert_eq!((client.metrics().gaps, client.metrics().connections), (0, 9));
    eprintln!("lost 0, twice 0, of {} in {stored} events over 8 kills", acknowledged.len());
    client.close().await;
}

#[tokio::test]
async fn rest_calls_use_a_reachable_address() {
    let server = start_demo_server().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let client = client_builder(&gone).fallback_url(server.base_url()).api_key(demo_api_key(&server)).build().unwrap();
    let decided = client.moderate("text").await.unwrap();
    assert_eq!(client.content(&decided.content_id).await.unwrap().content_data, "text");
    // A connected client sends its REST calls to the address of its connection.
    let relay = Relay::start(server.address()).await;
    let client = crate::fixtures::client_builder(gone).fallback_url(relay.url()).api_key(demo_api_key(&server));
    let client = client.connect().await.unwrap();
    client.join(demo_project_id(&server)).await.unwrap();
    let before = relay.connection_count.load(std::sync::atomic::Ordering::SeqCst);
    client.statistics().await.unwrap();
    assert_eq!(relay.connection_count.load(std::sync::atomic::Ordering::SeqCst), before + 1);
    client.close().await;
}

#[tokio::test]
async fn a_session_is_not_sent_to_another_address() {
    let server = start_demo_server().await;
    let demo = server.demo().unwrap();
    let relay = Relay::start(server.address()).await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other_url = format!("http://{}", other.local_addr().unwrap());
    let builder = client_builder(relay.url()).fallback_url(other_url).password(&demo.email, demo.password.as_str());
    let client = builder.connect().await.unwrap();
    let (heard, mut heads) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap_or(0);
            let _ = heard.send(String::from_utf8_lossy(&head[..read]).to_lowercase());
        }
    });
    relay.cut();
    let head = within_timeout("an attempt at the other address", heads.recv()).await.unwrap();
    assert!(head.starts_with("get /auth/login "), "the client must log in at the other address: {head}");
    assert!(!head.contains("cookie:"), "{head}");
    relay.restore();
    wait_until_connected_to(&client, &relay.url()).await;
    client.close().await;
}
