//! A server that is dropped without a shutdown leaves nothing running.

use automoderate_server::Server;

use crate::databases;
use crate::support::{Socket, demo_project_id, demo_server_builder, eventually, http_client};

#[tokio::test]
async fn dropping_the_server_closes_its_sockets_and_listener() {
    let server = demo_server_builder().start().await.unwrap();
    let health = format!("{}/api/health", server.base_url());
    let mut socket = Socket::connect(&server).await;
    socket.join(&demo_project_id(&server)).await;
    drop(server);
    socket.read_to_end().await;
    eventually("the listener is closed", async || http_client().get(&health).send().await.is_err()).await;
}

#[tokio::test]
async fn a_dropped_server_releases_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let mut heads = Vec::new();
    for _ in 0..3 {
        let server =
            Server::builder().demo(true).database(databases::folder_database_url(folder.path())).start().await.unwrap();
        let mut socket = Socket::connect(&server).await;
        heads.push(socket.join(&demo_project_id(&server)).await["event_id"].clone());
    }
    assert_eq!(heads, [3, 3, 3]);
}
