//! A server that is dropped without a shutdown leaves nothing running.

use automoderate_server::Server;

use crate::databases;
use crate::support::{Socket, eventually, http, project, server};

#[tokio::test]
async fn sockets_and_listener() {
    let server = server().start().await.unwrap();
    let health = format!("{}/api/health", server.base_url());
    let mut socket = Socket::connect(&server).await;
    socket.join(&project(&server)).await;
    drop(server);
    socket.rest().await;
    eventually("nobody listens", async || http().get(&health).send().await.is_err()).await;
}

#[tokio::test]
async fn the_database_is_free_for_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = Vec::new();
    for _ in 0..3 {
        let server = Server::builder().demo(true).database(databases::of(folder.path())).start().await.unwrap();
        let mut socket = Socket::connect(&server).await;
        heads.push(socket.join(&project(&server)).await["event_id"].clone());
    }
    assert_eq!(heads, [3, 3, 3]);
}
