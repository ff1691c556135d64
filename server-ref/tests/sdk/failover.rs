//! A server with several addresses, and several servers on one database.

use std::{sync::Arc, time::Duration};

use automoderate::{Client, EventStream};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    sync::{Notify, mpsc},
};

use crate::program::Program;
use crate::relay::Relay;
use crate::wires::{LIMITLESS, client, key, next_update, project, server, soon};

/// The items that each round submits before and while its server dies.
const EACH: usize = 100;

/// Waits until the client is connected to this address.
async fn connected_to(client: &Client, url: &str) {
    soon("the other address", async {
        while client.url() != url || !client.state().is_connected() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

async fn take(events: &mut EventStream, received: &mut Vec<String>, until: usize) {
    while received.len() < until {
        received.push(next_update(events).await.content_id);
    }
}

#[tokio::test]
async fn a_server_that_is_gone_at_one_address_and_there_at_another_costs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &LIMITLESS).await;
    let (project, key) = (program.project_id(), program.api_key());
    let [first, second] = [Relay::start(program.address()).await, Relay::start(program.address()).await];
    second.cut();
    let client = client(first.url()).fallback_url(second.url()).api_key(&*key).connect().await.unwrap();
    let mut events = client.join(&*project).await.unwrap().events();
    let (mut submitted, mut received) = (Vec::new(), Vec::new());
    for round in 0..6 {
        let (here, there) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        connected_to(&client, &here.url()).await;
        for n in 0..20 {
            // By the address in use.
            submitted.push(client.moderate(format!("round {round} text {n}")).await.unwrap().content_id);
        }
        let until = submitted.len() - 10;
        take(&mut events, &mut received, until).await;
        here.cut();
        program.kill().await;
        program = Program::start(folder.path(), &LIMITLESS).await;
        there.lead_to(program.address());
        there.mend();
        let writer = crate::wires::client(program.base_url()).api_key(&*key).build().unwrap();
        submitted.push(writer.moderate("while it was away").await.unwrap().content_id);
    }
    take(&mut events, &mut received, submitted.len()).await;
    assert_eq!(received, submitted, "each once, in order");
    assert_eq!(client.metrics().gaps, 0);
    client.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: make test-postgres"]
async fn two_servers_on_one_database_of_which_one_is_killed_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // One at a time, because they create the demo project.
    let mut programs =
        [Program::start(folder.path(), &LIMITLESS).await, Program::start(folder.path(), &LIMITLESS).await];
    let (project, key) = (programs[0].project_id(), programs[0].api_key());
    let relays = [Relay::start(programs[0].address()).await, Relay::start(programs[1].address()).await];
    let client = client(relays[0].url()).fallback_url(relays[1].url()).api_key(&*key).connect().await.unwrap();
    let mut events = client.join(&*project).await.unwrap().events();
    let (mut acknowledged, mut received) = (Vec::new(), Vec::new());
    for round in 0..8 {
        let here = round % 2;
        connected_to(&client, &relays[here].url()).await;
        let writer = crate::wires::client(programs[here].base_url()).api_key(&*key).build().unwrap();
        let killed = Arc::new(Notify::new());
        let writing = tokio::spawn({
            let killed = killed.clone();
            async move {
                let mut ids = Vec::new();
                for n in 0.. {
                    if ids.len() == EACH {
                        killed.notify_one();
                    }
                    // An unanswered item may have been stored or not, so it does not count.
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
        acknowledged.extend(soon("the writer", writing).await.unwrap());
        connected_to(&client, &relays[1 - here].url()).await;
        programs[here] = Program::start(folder.path(), &LIMITLESS).await;
        relays[here].lead_to(programs[here].address());
    }
    let last = crate::wires::client(programs[0].base_url()).api_key(&*key).build().unwrap();
    connected_to(&client, &relays[0].url()).await;
    let last = last.moderate("the last one").await.unwrap().content_id;
    acknowledged.push(last.clone());
    let mut ids = Vec::new();
    while received.last() != Some(&last) {
        let update = next_update(&mut events).await;
        ids.push(update.meta.event_id.unwrap());
        received.push(update.content_id);
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "in order, and none twice");
    let stored = client.statistics().await.unwrap().total_content;
    assert_eq!(received.len() as u64, stored, "all that is stored, and nothing else");
    received.retain(|id| acknowledged.contains(id));
    assert_eq!(received, acknowledged, "each once, in order");
    assert_eq!((client.metrics().gaps, client.metrics().connections), (0, 9));
    eprintln!("lost 0, twice 0, of {} in {stored} events over 8 kills", acknowledged.len());
    client.close().await;
}

#[tokio::test]
async fn rest_calls_go_to_an_address_that_can_be_reached() {
    let server = server().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let client = client(&gone).fallback_url(server.base_url()).api_key(key(&server)).build().unwrap();
    let decided = client.moderate("text").await.unwrap();
    assert_eq!(client.content(&decided.content_id).await.unwrap().content_data, "text");
    // A connected client sends REST calls to the server that it is connected to.
    let relay = Relay::start(server.address()).await;
    let client = crate::wires::client(gone).fallback_url(relay.url()).api_key(key(&server));
    let client = client.connect().await.unwrap();
    client.join(project(&server)).await.unwrap();
    let before = relay.connections.load(std::sync::atomic::Ordering::SeqCst);
    client.statistics().await.unwrap();
    assert_eq!(relay.connections.load(std::sync::atomic::Ordering::SeqCst), before + 1);
    client.close().await;
}

#[tokio::test]
async fn what_a_login_has_given_is_not_shown_to_another_address() {
    let server = server().await;
    let demo = server.demo().unwrap();
    let relay = Relay::start(server.address()).await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other_url = format!("http://{}", other.local_addr().unwrap());
    let builder = client(relay.url()).fallback_url(other_url).password(&demo.email, demo.password.as_str());
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
    let head = soon("an attempt at the other address", heads.recv()).await.unwrap();
    assert!(head.starts_with("get /auth/login "), "it logs in there: {head}");
    assert!(!head.contains("cookie:"), "{head}");
    relay.mend();
    connected_to(&client, &relay.url()).await;
    client.close().await;
}
