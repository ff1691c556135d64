//! The schema's versions. Migrations only add, so that a server of the version before continues with the schema of the next
//! one, and can also be started on it: migrations that it does not know do not concern it.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::Error;

/// The state of a database's schema.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Schema {
    /// The migrations that the database lacks.
    pub(crate) pending: Vec<MigrationStep>,
    /// The migrations of a newer server.
    pub(crate) newer: Vec<i64>,
}

/// One migration.
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

impl Schema {
    pub(super) async fn of_sqlite(connection: &mut SqliteConnection) -> Result<Self, Error> {
        const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
        let applied = match sqlx::query_scalar(EXISTS).fetch_one(&mut *connection).await? {
            true => sqlx::query_as(APPLIED).fetch_all(&mut *connection).await?,
            false => Vec::new(),
        };
        Self::compare(&sqlite_migrations(), applied)
    }

    pub(super) async fn of_postgres(connection: &mut PgConnection) -> Result<Self, Error> {
        const EXISTS: &str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
        let applied = match sqlx::query_scalar(EXISTS).fetch_one(&mut *connection).await? {
            true => sqlx::query_as(APPLIED).fetch_all(&mut *connection).await?,
            false => Vec::new(),
        };
        Self::compare(&postgres_migrations(), applied)
    }

    fn compare(known: &Migrator, applied: Vec<(i64, Vec<u8>)>) -> Result<Self, Error> {
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

    /// Fails if something is pending.
    pub(super) fn require(&self) -> Result<(), Error> {
        if self.pending.is_empty() { Ok(()) } else { Err(Error::Outdated(self.pending.len())) }
    }
}

const APPLIED: &str = "SELECT version, checksum FROM _sqlx_migrations";

/// All or nothing, while other processes wait: the driver's own lock does nothing for SQLite.
pub(super) async fn migrate_sqlite(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlite_migrations().run(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn migrate_postgres(connection: &mut PgConnection) -> Result<(), Error> {
    Ok(postgres_migrations().run(connection).await?)
}
