//! The state of the database schema, and the migrations that update it.
//!
//! Migrations only add to the schema. A server of the previous version can therefore keep running after a migration, and can be
//! started on a migrated database. A server ignores applied migrations that it does not know.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::Error;

/// The state of a database's schema, compared with the migrations of this server.
#[derive(Debug, Default, Serialize)]
pub(crate) struct SchemaState {
    /// The migrations that have not been applied yet.
    pub(crate) pending: Vec<MigrationStep>,
    /// The versions of applied migrations that only a newer server knows.
    pub(crate) newer: Vec<i64>,
}

/// A pending migration.
#[derive(Debug, Serialize)]
pub(crate) struct MigrationStep {
    pub(crate) version: i64,
    pub(crate) description: String,
}

fn sqlite_migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("./migrations/sqlite");
    migrations.set_ignore_missing(true);
    migrations
}

fn postgres_migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("./migrations/postgres");
    migrations.set_ignore_missing(true);
    migrations
}

impl SchemaState {
    pub(super) async fn of_sqlite(connection: &mut SqliteConnection) -> Result<Self, Error> {
        const HAS_MIGRATIONS_TABLE: &str =
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
        let applied = match sqlx::query_scalar(HAS_MIGRATIONS_TABLE).fetch_one(&mut *connection).await? {
            true => sqlx::query_as(SELECT_APPLIED).fetch_all(&mut *connection).await?,
            false => Vec::new(),
        };
        Self::from_applied(&sqlite_migrations(), applied)
    }

    pub(super) async fn of_postgres(connection: &mut PgConnection) -> Result<Self, Error> {
        const HAS_MIGRATIONS_TABLE: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
        let applied = match sqlx::query_scalar(HAS_MIGRATIONS_TABLE).fetch_one(&mut *connection).await? {
            true => sqlx::query_as(SELECT_APPLIED).fetch_all(&mut *connection).await?,
            false => Vec::new(),
        };
        Self::from_applied(&postgres_migrations(), applied)
    }

    fn from_applied(known: &Migrator, applied: Vec<(i64, Vec<u8>)>) -> Result<Self, Error> {
        let mut applied: HashMap<i64, Vec<u8>> = applied.into_iter().collect();
        let mut schema = Self::default();
        for migration in known.iter() {
            match applied.remove(&migration.version) {
                None => schema.pending.push(MigrationStep {
                    version: migration.version,
                    description: migration.description.clone().into_owned(),
                }),
                Some(checksum) if checksum == *migration.checksum => {}
                Some(_) => return Err(MigrateError::VersionMismatch(migration.version).into()),
            }
        }
        schema.newer = applied.into_keys().collect();
        schema.newer.sort_unstable();
        Ok(schema)
    }

    /// Returns an error if migrations are pending.
    pub(super) fn require_up_to_date(&self) -> Result<(), Error> {
        if self.pending.is_empty() { Ok(()) } else { Err(Error::OutdatedTables(self.pending.len())) }
    }
}

const SELECT_APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations";

/// Applies all pending migrations in one transaction. Other processes wait for the transaction; sqlx by itself does not lock
/// SQLite databases.
pub(super) async fn migrate_sqlite(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlite_migrations().run(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn migrate_postgres(connection: &mut PgConnection) -> Result<(), Error> {
    Ok(postgres_migrations().run(connection).await?)
}
