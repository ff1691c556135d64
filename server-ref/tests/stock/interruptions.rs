//! A broken connection and a stopped server: the clients reconnect as documented, and rejoin by hand.
//!
//! All except rust_socketio 0.6, which does nothing after either of these.

use automoderate_server::{Limits, Server};
use serde_json::json;

use crate::client::Client;
use crate::each;
use crate::library::Library;
use crate::relay::Relay;
use crate::support::{key, moderate, project, server};

#[tokio::test]
async fn a_cut() {
    let server = server().start().await.unwrap();
    let id = project(&server);
    each(async |library, transports| {
        if library == Library::Rust {
            return;
        }
        let relay = Relay::start(server.address()).await;
        let mut client = Client::start(library);
        client.dial(&relay.url(), transports, json!({"api_key": key(&server)}), json!({})).await;
        client.event("connect").await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        relay.cut();
        client.event("disconnect").await;
        relay.mend();
        client.event("connect").await;
        assert_eq!(client.join(&id).await["event_id"], head);
        moderate(&server, json!({"content": "back again"})).await;
        assert_eq!(client.event("moderation_update").await["event_id"], head + 1);
    })
    .await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_restart() {
    each(async |library, transports| {
        if library == Library::Rust {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let builder = Server::builder().demo(true).limits(Limits::none()).database_file(folder.path().join("a.db"));
        let server = builder.clone().start().await.unwrap();
        let (id, address) = (project(&server), server.address().to_string());
        let mut client = Client::connect(library, transports, &server).await;
        let head = client.join(&id).await["event_id"].as_i64().unwrap();
        server.shutdown().await;
        client.event("disconnect").await;
        let server = builder.listen(address).start().await.unwrap();
        client.event("connect").await;
        assert_eq!(client.join(&id).await["event_id"], head);
        moderate(&server, json!({"content": "back again"})).await;
        assert_eq!(client.event("moderation_update").await["event_id"], head + 1);
        server.shutdown().await;
    })
    .await;
}
