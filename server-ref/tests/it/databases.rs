//! Databases for the tests, one per test: SQLite files, or databases on the PostgreSQL server that `AUTOMODERATE_TEST_POSTGRES` names.

use std::path::Path;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// Returns the URL of the PostgreSQL server with its options, as `postgres://…/?…`, or `None` if the tests use SQLite.
fn postgres_server_url() -> Option<String> {
    std::env::var("AUTOMODERATE_TEST_POSTGRES").ok()
}

/// Returns the URL of a new PostgreSQL database, or `None` if the tests use SQLite.
pub(crate) fn fresh_database_url() -> Option<String> {
    Some(create_postgres_database(&postgres_server_url()?, &format!("test_{}", Uuid::new_v4().simple())))
}

/// Returns the URL of this folder's database. A missing PostgreSQL database is created; the server creates a missing SQLite
/// file.
pub(crate) fn folder_database_url(folder: &Path) -> String {
    match postgres_server_url() {
        Some(server) => create_postgres_database(&server, &format!("test_{}", folder.file_name().unwrap().display())),
        None => format!("sqlite://{}", folder.join("automoderate.db").display()),
    }
}

/// Creates a PostgreSQL database unless it exists, and returns its URL.
pub(crate) fn create_postgres_database(server: &str, name: &str) -> String {
    let (host, options) = server.split_once("/?").expect("postgres://…/?…");
    let (admin, statement) = (format!("{host}/postgres?{options}"), format!("CREATE DATABASE \"{name}\""));
    // The statement runs on another thread with its own runtime, because async tests call this synchronous function.
    let create = async move {
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        match sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
            done => drop(done.unwrap()),
        }
        connection.close().await.unwrap();
    };
    let thread = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(create);
    });
    thread.join().unwrap();
    format!("{host}/{name}?{options}")
}
