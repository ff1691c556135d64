//! Projects in a database that no server has opened yet.

use std::path::Path;

use automoderate_server::{Limits, Server};

/// Creates this many projects in the folder's database; returns their ids and keys.
pub(crate) async fn make(folder: &Path, count: usize) -> Vec<(String, String)> {
    let database = folder.join("automoderate.db");
    let server = Server::builder().database_file(database).limits(Limits::none()).start().await.unwrap();
    let mut made = Vec::new();
    for n in 0..count {
        let id = server.create_project(&format!("Project {n}")).await.unwrap();
        let key = server.create_api_key(&id, "bench").await.unwrap();
        made.push((id, key));
    }
    server.shutdown().await;
    made
}
