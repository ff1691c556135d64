//! A project's rules. They are written by `commit`, together with their event.

use sqlx::SqliteConnection;

use super::SqliteStore;
use crate::Error;
use crate::store::StoredRule;

const COLUMNS: &str = "SELECT id, name, type, data, action, priority, is_active, created_at, updated_at FROM rules";
/// Highest priority first; among equals the older one.
const ORDER: &str = "ORDER BY priority DESC, created_at, id";

impl SqliteStore {
    /// The rules in force, in the order in which they are tried.
    pub(crate) async fn active_rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        self.rules_where(project_id, "AND is_active").await
    }

    /// All rules, in the same order.
    pub(crate) async fn rules(&self, project_id: &str) -> Result<Vec<StoredRule>, Error> {
        self.rules_where(project_id, "").await
    }

    async fn rules_where(&self, project_id: &str, condition: &'static str) -> Result<Vec<StoredRule>, Error> {
        let query = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE project_id = ? {condition} {ORDER}"));
        Ok(sqlx::query_as(query).bind(project_id.to_owned()).fetch_all(self.readers()).await?)
    }

    pub(crate) async fn rule(&self, project_id: &str, id: &str) -> Result<Option<StoredRule>, Error> {
        let query = sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE project_id = ? AND id = ?"));
        let query = sqlx::query_as(query).bind(project_id.to_owned()).bind(id.to_owned());
        Ok(query.fetch_optional(self.readers()).await?)
    }
}

pub(super) async fn insert(tx: &mut SqliteConnection, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO rules (id, project_id, name, type, data, action, priority, is_active, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&rule.id)
    .bind(project_id)
    .bind(&rule.name)
    .bind(&rule.kind)
    .bind(&rule.data)
    .bind(&rule.action)
    .bind(rule.priority)
    .bind(rule.is_active)
    .bind(rule.created_at)
    .bind(rule.updated_at)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut SqliteConnection, project_id: &str, rule: &StoredRule) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE rules SET name = ?, type = ?, data = ?, action = ?, priority = ?, is_active = ?, updated_at = ?
         WHERE project_id = ? AND id = ?",
    )
    .bind(&rule.name)
    .bind(&rule.kind)
    .bind(&rule.data)
    .bind(&rule.action)
    .bind(rule.priority)
    .bind(rule.is_active)
    .bind(rule.updated_at)
    .bind(project_id)
    .bind(&rule.id)
    .execute(tx)
    .await?;
    found(done.rows_affected())
}

pub(super) async fn delete(tx: &mut SqliteConnection, project_id: &str, id: &str) -> Result<(), Error> {
    let query = sqlx::query("DELETE FROM rules WHERE project_id = ? AND id = ?");
    found(query.bind(project_id).bind(id).execute(tx).await?.rows_affected())
}

/// A rule that somebody else deleted meanwhile has no event either.
fn found(rows: u64) -> Result<(), Error> {
    if rows == 0 { Err(Error::NotFound("Rule")) } else { Ok(()) }
}
