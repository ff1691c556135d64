//! Creates projects in a new database before a server process opens it.

use std::path::Path;

use automoderate_server::{Limits, Server};

/// Creates `count` projects in the folder's database. Returns the id and the API key of each.
pub(crate) async fn create_projects(folder: &Path, count: usize) -> Vec<(String, String)> {
    let database = folder.join("automoderate.db");
    let server = Server::builder().database_file(database).limits(Limits::none()).start().await.unwrap();
    let mut projects = Vec::new();
    for n in 0..count {
        let id = server.create_project(&format!("Project {n}")).await.unwrap();
        let key = server.create_api_key(&id, "bench").await.unwrap();
        projects.push((id, key));
    }
    server.shutdown().await;
    projects
}
