//! The databases of the tests: SQLite files, or databases of the server that `AUTOMODERATE_TEST_POSTGRES` names. Each
//! test has its own.

use std::path::Path;

use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// The server and its options, as `postgres://…/?…`.
fn postgres() -> Option<String> {
    std::env::var("AUTOMODERATE_TEST_POSTGRES").ok()
}

/// A new database; `None`: the server creates a temporary file itself.
pub(crate) fn fresh() -> Option<String> {
    Some(create(&postgres()?, &format!("test_{}", Uuid::new_v4().simple())))
}

/// The database of this folder, created if it does not exist.
pub(crate) fn of(folder: &Path) -> String {
    match postgres() {
        Some(server) => create(&server, &format!("test_{}", folder.file_name().unwrap().display())),
        None => format!("sqlite://{}", folder.join("automoderate.db").display()),
    }
}

/// Returns its URL.
pub(crate) fn create(server: &str, name: &str) -> String {
    let (host, options) = server.split_once("/?").expect("postgres://…/?…");
    let (admin, statement) = (format!("{host}/postgres?{options}"), format!("CREATE DATABASE \"{name}\""));
    // Tests have their own runtimes, and some create a server where nothing can be awaited.
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
