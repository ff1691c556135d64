//! Abstraction over the two kinds of database. Most code that uses a connection is written once, with SQL that both databases accept, and
//! is compiled once for each kind of database.

use std::ops::DerefMut;

use sqlx::{Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

/// A value that has one type for SQLite and another for PostgreSQL.
#[derive(Debug)]
pub(super) enum Backend<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Evaluates an expression with a connection: `with_conn!(&mut self.read_connection().await?, db => sqlx::query(…).execute(db).await?)`.
///
/// Queries refer to their parameters as `$1`, `$2` and so on, which both databases support.
macro_rules! with_conn {
    ($connection:expr, $db:ident => $body:expr) => {
        match $connection {
            $crate::store::sql::backend::Backend::Sqlite(connection) => {
                let $db = &mut **connection;
                $body
            }
            $crate::store::sql::backend::Backend::Postgres(connection) => {
                let $db = &mut **connection;
                $body
            }
        }
    };
}
pub(super) use with_conn;

/// A transaction that is rolled back unless it is committed.
pub(super) type Tx<'a> = Backend<Transaction<'a, Sqlite>, Transaction<'a, Postgres>>;

impl<S, P> Backend<S, P>
where
    S: DerefMut<Target = SqliteConnection>,
    P: DerefMut<Target = PgConnection>,
{
    /// Begins a transaction that writes.
    ///
    /// SQLite allows only one such transaction at a time, so everything that the transaction reads stays valid. PostgreSQL runs
    /// several such transactions at a time, so each must lock the rows on which it depends; see [`Tx::lock_project`].
    pub(super) async fn begin_write(&mut self) -> sqlx::Result<Tx<'_>> {
        Ok(match self {
            Self::Sqlite(connection) => Backend::Sqlite(connection.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(connection) => Backend::Postgres(connection.begin().await?),
        })
    }

    /// Begins a read-only transaction that sees a consistent snapshot of the database.
    pub(super) async fn begin_snapshot(&mut self) -> sqlx::Result<Tx<'_>> {
        const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite(connection) => Backend::Sqlite(connection.begin().await?),
            Self::Postgres(connection) => Backend::Postgres(connection.begin_with(BEGIN_SNAPSHOT).await?),
        })
    }
}

impl Tx<'_> {
    pub(super) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    /// Prevents the deletion of a user until this transaction ends. Returns false if the user does not exist.
    ///
    /// Must be called before [`Tx::lock_project`], because the deletion of a user also locks the user before any project.
    pub(super) async fn prevent_user_deletion(&mut self, id: &str) -> sqlx::Result<bool> {
        const SELECT_USER: &str = "SELECT id FROM users WHERE id = $1";
        const LOCK_USER: &str = "SELECT id FROM users WHERE id = $1 FOR KEY SHARE";
        let query = if matches!(self, Self::Postgres(_)) { LOCK_USER } else { SELECT_USER };
        let found: Option<String> =
            with_conn!(self, db => sqlx::query_scalar(query).bind(id).fetch_optional(db).await?);
        Ok(found.is_some())
    }

    /// Locks a project until this transaction ends. Other transactions that request the lock must wait.
    ///
    /// Transactions that depend on several rows of a project, or that assign event ids, need this lock. To avoid deadlocks, a
    /// transaction that locks several projects must lock them in the order of their ids.
    pub(super) async fn lock_project(&mut self, id: &str) -> sqlx::Result<()> {
        if let Self::Postgres(tx) = self {
            // FOR UPDATE would also block transactions that only add rows referring to the project.
            let query = sqlx::query("SELECT FROM projects WHERE id = $1 FOR NO KEY UPDATE");
            query.bind(id).execute(&mut **tx).await?;
        }
        Ok(())
    }
}
