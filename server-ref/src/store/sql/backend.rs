//! The two kinds of databases. Code for a connection is written once and compiled for both, in SQL that both understand.

use std::ops::DerefMut;

use sqlx::{Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

/// A value of SQLite or of PostgreSQL.
#[derive(Debug)]
pub(super) enum Backend<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Runs the expression with a connection: `with_conn!(&mut self.reader().await?, db => sqlx::query(…).execute(db).await?)`. Parameters are
/// `$1`, `$2`, …, which both databases take by number.
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
    /// A transaction that writes. SQLite admits one at a time, so its reads stay valid; PostgreSQL admits many, which
    /// lock the rows that they read: see [`Tx::lock_project`].
    pub(super) async fn begin(&mut self) -> sqlx::Result<Tx<'_>> {
        Ok(match self {
            Self::Sqlite(connection) => Backend::Sqlite(connection.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(connection) => Backend::Postgres(connection.begin().await?),
        })
    }

    /// A transaction that reads one state of the database, whatever other transactions write.
    pub(super) async fn snapshot(&mut self) -> sqlx::Result<Tx<'_>> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite(connection) => Backend::Sqlite(connection.begin().await?),
            Self::Postgres(connection) => Backend::Postgres(connection.begin_with(SNAPSHOT).await?),
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

    /// Keeps a user from being deleted until this transaction ends; `false`: there is no such user. Must come before
    /// [`Tx::lock_project`], because the deletion of a user locks the user first, and then projects.
    pub(super) async fn keep_user(&mut self, id: &str) -> sqlx::Result<bool> {
        const QUERY: &str = "SELECT id FROM users WHERE id = $1";
        const LOCKED: &str = "SELECT id FROM users WHERE id = $1 FOR KEY SHARE";
        let query = if matches!(self, Self::Postgres(_)) { LOCKED } else { QUERY };
        let found: Option<String> =
            with_conn!(self, db => sqlx::query_scalar(query).bind(id).fetch_optional(db).await?);
        Ok(found.is_some())
    }

    /// Locks the project until this transaction ends; other transactions that take the lock wait. Needed by changes that
    /// depend on several rows of a project, and by those that assign event ids. Several projects are locked in id order.
    pub(super) async fn lock_project(&mut self, id: &str) -> sqlx::Result<()> {
        if let Self::Postgres(tx) = self {
            // Not FOR UPDATE, because other transactions may add rows that refer to the project.
            let query = sqlx::query("SELECT FROM projects WHERE id = $1 FOR NO KEY UPDATE");
            query.bind(id).execute(&mut **tx).await?;
        }
        Ok(())
    }
}
