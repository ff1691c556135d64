//! Changes to the database that no client can make.

use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// Runs a statement on a database that a server may be using.
pub(crate) async fn execute(url: &str, statement: impl Into<String>) {
    let query = sqlx::AssertSqlSafe(statement.into());
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        sqlx::query(query).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::query(query).execute(&mut connection).await.unwrap();
    }
}
